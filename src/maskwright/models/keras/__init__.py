"""U-Nets from Keras: their files read without Keras, their numbers in networks of ours."""

from maskwright.models.keras.unet import KerasUNet, Order, from_keras

__all__ = ["KerasUNet", "Order", "from_keras"]
