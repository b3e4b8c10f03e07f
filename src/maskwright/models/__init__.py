"""Whole networks; each is a config that builds it."""

from maskwright.models.unet import UNet, UNetConfig

MODELS = {"unet": UNetConfig}

__all__ = ["MODELS", "UNet", "UNetConfig"]
