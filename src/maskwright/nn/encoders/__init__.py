"""Encoders: from an image to maps of ever coarser resolution, all under one contract."""

from collections.abc import Callable
from functools import partial

from maskwright.base.errors import PlanError, did_you_mean
from maskwright.nn.encoders.efficientnet_lite import EfficientNetLite0
from maskwright.nn.encoders.encoder import OUTPUT_STRIDES, Encoder, EncoderName
from maskwright.nn.encoders.plain import PlainEncoder
from maskwright.nn.encoders.resnet import ResNet
from maskwright.nn.encoders.vgg import VGG16

AnyEncoder = PlainEncoder | VGG16 | ResNet | EfficientNetLite0

ENCODERS: dict[EncoderName, Callable[..., AnyEncoder]] = {
    "plain": PlainEncoder,
    "vgg16": VGG16,
    "resnet18": partial(ResNet, 18),
    "resnet34": partial(ResNet, 34),
    "resnet50": partial(ResNet, 50),
    "resnet101": partial(ResNet, 101),
    "efficientnet-lite0": EfficientNetLite0,
}

TITLES: dict[EncoderName, str] = {
    "plain": "a plain encoder",
    "vgg16": "VGG16",
    "resnet18": "ResNet-18",
    "resnet34": "ResNet-34",
    "resnet50": "ResNet-50",
    "resnet101": "ResNet-101",
    "efficientnet-lite0": "EfficientNet-Lite0",
}


def build_encoder(name: EncoderName, *, channels: int, output_stride: int = 32) -> AnyEncoder:
    """A freshly initialised encoder for images of `channels` channels whose sides are multiples of `output_stride`.

    With an output stride of 16 or 8 the last stages keep their place in the list of maps, at that stride; names and shapes of
    the weights stay the same.
    """
    if name not in ENCODERS:
        raise PlanError(f"There is no encoder '{name}'. {did_you_mean(name, ENCODERS, lists=True)}")
    if channels < 1:
        raise PlanError(f"An encoder needs at least 1 channel, not {channels}.")
    return ENCODERS[name](channels=channels, output_stride=output_stride)


__all__ = ["ENCODERS", "OUTPUT_STRIDES", "TITLES", "AnyEncoder", "Encoder", "EncoderName", "build_encoder"]
