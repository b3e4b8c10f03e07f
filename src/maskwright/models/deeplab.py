"""DeepLabv3 and v3+: an encoder that stays fine by dilation, and pooling at several rates (arXiv:1706.05587, 1802.02611)."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import ConfigDict
from torch import Tensor, nn

from maskwright.base.errors import PlanError, did_you_mean
from maskwright.nn.aspp import ASPP, convolution
from maskwright.nn.blocks import he_initialise
from maskwright.nn.encoders import TITLES, EncoderName, build_encoder
from maskwright.nn.padding import pad_to_multiple

RATES = {16: (6, 12, 18), 8: (12, 24, 36)}  # of both papers, by output stride: the same reach in the image
LOW_LEVEL_STRIDE = 4  # of the encoder's map that the decoder of v3+ takes its borders from


@dataclass(frozen=True, kw_only=True)
class DeepLabConfig:
    """The numbers that make a DeepLabv3 (arXiv:1706.05587), or with `decoder` a DeepLabv3+ (arXiv:1802.02611).

    `rates` are those of the atrous convolutions, None for the papers' at this output stride. `separable` makes the atrous
    convolutions and the decoder's of a kernel a channel and a 1x1, as v3+ has them; a v3 as in its paper has `separable=False`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["deeplab"] = "deeplab"
    decoder: bool = True
    encoder: EncoderName = "efficientnet-lite0"
    output_stride: int = 16
    width: int = 256
    rates: tuple[int, ...] | None = None
    separable: bool = True  # on a CPU a training step of v3+ takes 0.6 times as long as with whole convolutions
    low_level_width: int = 48  # of the stride-4 map in the decoder; few, so that the pyramid's map outweighs it
    dropout: float = 0.1  # after the pyramid, as in the authors' code

    def __post_init__(self) -> None:
        if self.encoder not in get_args(EncoderName):
            hint = did_you_mean(str(self.encoder), get_args(EncoderName))
            raise PlanError(f"The encoder of a DeepLab cannot be '{self.encoder}'. {hint}")
        if self.output_stride not in RATES:
            raise PlanError(
                f"The output stride of a DeepLab is 16 (faster) or 8 (finer), not {self.output_stride}. "
                "A network whose coarsest map has 1/32 of the resolution is the U-Net on an encoder."
            )
        if self.rates is not None and (not self.rates or min(self.rates) < 1):
            raise PlanError(f"The rates of a DeepLab are positive, at least one, such as (6, 12, 18), not {self.rates}.")
        if min(self.width, self.low_level_width) < 1:
            raise PlanError(f"The widths of a DeepLab are positive, not {self.width} and {self.low_level_width}.")
        if not 0 <= self.dropout < 1:
            raise PlanError(f"The dropout of a DeepLab is a probability from 0 to below 1, not {self.dropout}.")

    @property
    def stride(self) -> int:
        """Input pixels per pixel of the coarsest map."""
        return self.output_stride

    @property
    def title(self) -> str:
        """What the network is, in words."""
        return f"DeepLabv3{'+' if self.decoder else ''} on {TITLES[self.encoder]}, output stride {self.output_stride}"

    def build(self, *, channels: int, classes: int) -> "DeepLab":
        """A freshly initialised network; `classes=1` is one sigmoid output."""
        if channels < 1 or classes < 1:
            raise PlanError(f"A DeepLab needs at least 1 channel and 1 class, not {channels} and {classes}.")
        return DeepLab(self, channels, classes)


class DeepLab(nn.Module):
    """An encoder, the pyramid on its coarsest map, in v3+ a decoder, and a 1x1 convolution whose logits are interpolated.

    The output stride divides the padded sides, so every interpolation is by a whole factor. It takes pixels as squares, as
    torchvision does; the authors' code takes them as points (`align_corners`) and asks for sides such as 513.
    """

    def __init__(self, config: DeepLabConfig, channels: int, classes: int) -> None:
        super().__init__()
        self.config = config
        encoder = build_encoder(config.encoder, channels=channels, output_stride=config.output_stride)
        self.low_level = encoder.strides.index(LOW_LEVEL_STRIDE)
        self.aspp = ASPP(
            encoder.widths[-1],
            config.width,
            rates=config.rates or RATES[config.output_stride],
            separable=config.separable,
            dropout=config.dropout,
        )
        self.decoder = Decoder(encoder.widths[self.low_level], config) if config.decoder else None
        self.head = nn.Conv2d(config.width, classes, 1)
        he_initialise(self)
        self.encoder = encoder  # which has its own start

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Logits of every class at every pixel, for images of any size."""
        height, width = image.shape[-2:]
        padded = pad_to_multiple(image, self.config.stride)
        maps = self.encoder(padded)
        x = self.aspp(maps[-1])
        if self.decoder is not None:
            x = self.decoder(x, maps[self.low_level])
        logits: Tensor = F.interpolate(self.head(x), size=padded.shape[-2:], mode="bilinear")
        return logits[..., :height, :width]


class Decoder(nn.Module):
    """What v3+ adds: the pyramid's map at 1/4 of the resolution, beside the encoder's of that size, which knows the borders."""

    def __init__(self, low_level_inside: int, config: DeepLabConfig) -> None:
        super().__init__()
        width, separable = config.width, config.separable
        self.reduce = convolution(low_level_inside, config.low_level_width, kernel=1)
        self.refine = nn.Sequential(
            convolution(width + config.low_level_width, width, separable=separable),
            convolution(width, width, separable=separable),
        )

    def forward(self, pyramid: Float[Tensor, "b k h w"], low_level: Float[Tensor, "b c h1 w1"]) -> Float[Tensor, "b k h1 w1"]:
        """The pyramid's map interpolated to the size of the low-level map, joined with it and refined."""
        fine = F.interpolate(pyramid, size=low_level.shape[-2:], mode="bilinear")
        refined: Tensor = self.refine(torch.cat([fine, self.reduce(low_level)], dim=1))
        return refined
