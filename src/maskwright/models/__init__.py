"""Whole networks; each is a config that builds it."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from maskwright.base.errors import PlanError, did_you_mean
from maskwright.models.deeplab import DeepLab, DeepLabConfig
from maskwright.models.encoder_unet import EncoderUNet, EncoderUNetConfig
from maskwright.models.fcn import FCN, FCNConfig
from maskwright.models.mask_rcnn import MaskRCNN, MaskRCNNConfig
from maskwright.models.panoptic_deeplab import PanopticDeepLab, PanopticDeepLabConfig
from maskwright.models.panoptic_fpn import PanopticFPN, PanopticFPNConfig
from maskwright.models.unet import UNet, UNetConfig
from maskwright.nn.encoders import ENCODERS, EncoderName


def _unet(encoder: EncoderName) -> UNetConfig | EncoderUNetConfig:
    return UNetConfig() if encoder == "plain" else EncoderUNetConfig(encoder=encoder, coarse_scores=True)


# The numbers of any network.
Config = UNetConfig | EncoderUNetConfig | FCNConfig | DeepLabConfig | MaskRCNNConfig | PanopticFPNConfig | PanopticDeepLabConfig

# What `--model` names, made for the encoder that `--encoder` names.
MODELS: dict[str, Callable[[EncoderName], Config]] = {
    "unet": _unet,
    "fcn-32s": lambda encoder: FCNConfig(encoder=encoder, prediction_stride=32),
    "fcn-16s": lambda encoder: FCNConfig(encoder=encoder, prediction_stride=16),
    "fcn-8s": lambda encoder: FCNConfig(encoder=encoder, prediction_stride=8),
    "deeplabv3": lambda encoder: DeepLabConfig(encoder=encoder, decoder=False, separable=False),
    "deeplabv3+": lambda encoder: DeepLabConfig(encoder=encoder, decoder=True),
    "mask-rcnn": lambda encoder: MaskRCNNConfig(encoder=encoder),
    "panoptic-fpn": lambda encoder: PanopticFPNConfig(detector=MaskRCNNConfig(encoder=encoder)),
    "panoptic-deeplab": lambda encoder: PanopticDeepLabConfig(encoder=encoder),
}


def _kind(value: Any) -> str:
    """Which network a value of a plan describes; plans from before there were several describe a U-Net."""
    return str(value.get("kind", "unet") if isinstance(value, dict) else value.kind)


# A network by its numbers, as a plan holds it.
Model = Annotated[
    Annotated[UNetConfig, Tag("unet")]
    | Annotated[EncoderUNetConfig, Tag("encoder-unet")]
    | Annotated[FCNConfig, Tag("fcn")]
    | Annotated[DeepLabConfig, Tag("deeplab")]
    | Annotated[MaskRCNNConfig, Tag("mask-rcnn")]
    | Annotated[PanopticFPNConfig, Tag("panoptic-fpn")]
    | Annotated[PanopticDeepLabConfig, Tag("panoptic-deeplab")],
    Discriminator(_kind),
]


def model_config(name: str, encoder: str) -> Config:
    """The network of a name in `MODELS`, on an encoder. Raises `PlanError` naming what is possible."""
    if name not in MODELS:
        raise PlanError(f"There is no model '{name}'. {did_you_mean(name, MODELS, lists=True)}")
    if encoder not in ENCODERS:
        raise PlanError(f"There is no encoder '{encoder}'. {did_you_mean(encoder, ENCODERS, lists=True)}")
    return MODELS[name](encoder)


__all__ = [
    "FCN",
    "MODELS",
    "DeepLab",
    "DeepLabConfig",
    "EncoderUNet",
    "EncoderUNetConfig",
    "FCNConfig",
    "MaskRCNN",
    "MaskRCNNConfig",
    "Model",
    "PanopticDeepLab",
    "PanopticDeepLabConfig",
    "PanopticFPN",
    "PanopticFPNConfig",
    "UNet",
    "UNetConfig",
    "model_config",
]
