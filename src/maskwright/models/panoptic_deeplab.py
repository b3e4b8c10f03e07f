"""Panoptic-DeepLab: classes by one branch, centres of things and the way to them by another (arXiv:1911.10194)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import ConfigDict
from torch import Tensor, nn

from maskwright.base.errors import PlanError
from maskwright.masks.centers import EXTRA_OUTPUTS
from maskwright.models.deeplab import LOW_LEVEL_STRIDE, RATES, Decoder, DeepLabConfig
from maskwright.nn.aspp import ASPP
from maskwright.nn.blocks import he_initialise
from maskwright.nn.encoders import TITLES, EncoderName, build_encoder
from maskwright.nn.padding import pad_to_multiple


@dataclass(frozen=True, kw_only=True)
class PanopticDeepLabConfig:
    """The numbers that make a Panoptic-DeepLab: on one encoder a DeepLabv3+ for the classes and a narrower one for things.

    `width` is that of the branch for classes, `thing_width` that of the branch for centres and offsets.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["panoptic-deeplab"] = "panoptic-deeplab"
    encoder: EncoderName = "efficientnet-lite0"
    output_stride: int = 16
    width: int = 256
    thing_width: int = 128
    rates: tuple[int, ...] | None = None
    separable: bool = True
    low_level_width: int = 48
    dropout: float = 0.1

    def __post_init__(self) -> None:
        self.branch(self.width)  # which says what cannot be
        if self.thing_width < 1:
            raise PlanError(f"The branch for things of a Panoptic-DeepLab has a positive width, not {self.thing_width}.")

    @property
    def stride(self) -> int:
        """Input pixels per pixel of the coarsest map."""
        return self.output_stride

    @property
    def title(self) -> str:
        """What the network is, in words."""
        return f"Panoptic-DeepLab on {TITLES[self.encoder]}, output stride {self.output_stride}"

    def branch(self, width: int) -> DeepLabConfig:
        """The numbers of one branch."""
        return DeepLabConfig(
            encoder=self.encoder, output_stride=self.output_stride, width=width, rates=self.rates, separable=self.separable,
            low_level_width=self.low_level_width, dropout=self.dropout,
        )  # fmt: skip

    def build(self, *, channels: int, classes: int) -> "PanopticDeepLab":
        """A freshly initialised network; `classes` counts things and stuff."""
        if channels < 1 or classes < 1:
            raise PlanError(f"A Panoptic-DeepLab needs at least 1 channel and 1 class, not {channels} and {classes}.")
        return PanopticDeepLab(self, channels, classes)


class PanopticDeepLab(nn.Module):
    """An encoder, and two branches on its maps, each a pyramid of its own with a decoder: one for classes, one for things."""

    def __init__(self, config: PanopticDeepLabConfig, channels: int, classes: int) -> None:
        super().__init__()
        self.config = config
        encoder = build_encoder(config.encoder, channels=channels, output_stride=config.output_stride)
        self.low_level = encoder.strides.index(LOW_LEVEL_STRIDE)
        inside, low_level = encoder.widths[-1], encoder.widths[self.low_level]
        self.classes = Branch(inside, low_level, config.branch(config.width), classes)
        self.things = Branch(inside, low_level, config.branch(config.thing_width), EXTRA_OUTPUTS)
        he_initialise(self)
        nn.init.zeros_(self.things.head.weight)  # errors of random centres would drown all else
        self.encoder = encoder  # which has its own start

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Logits of every class at every pixel, then nearness to centres and offsets (`masks.centers.EXTRA_OUTPUTS`)."""
        height, width = image.shape[-2:]
        padded = pad_to_multiple(image, self.config.stride)
        maps = self.encoder(padded)
        outputs = torch.cat([branch(maps[-1], maps[self.low_level]) for branch in (self.classes, self.things)], dim=1)
        return F.interpolate(outputs, size=padded.shape[-2:], mode="bilinear")[..., :height, :width]


class Branch(nn.Module):
    """A pyramid of rates on the coarsest map, the decoder of DeepLabv3+, and a 1x1 convolution, at 1/4 of the resolution."""

    def __init__(self, inside: int, low_level_inside: int, config: DeepLabConfig, outputs: int) -> None:
        super().__init__()
        rates = config.rates or RATES[config.output_stride]
        self.aspp = ASPP(inside, config.width, rates=rates, separable=config.separable, dropout=config.dropout)
        self.decoder = Decoder(low_level_inside, config)
        self.head = nn.Conv2d(config.width, outputs, 1)

    def forward(self, coarse: Float[Tensor, "b c h w"], low_level: Float[Tensor, "b d h1 w1"]) -> Float[Tensor, "b k h1 w1"]:
        """The branch's outputs on the grid of the low-level map."""
        outputs: Tensor = self.head(self.decoder(self.aspp(coarse), low_level))
        return outputs
