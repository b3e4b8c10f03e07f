"""U-Net on any encoder: its maps of every resolution, joined on the way back up (arXiv:1505.04597)."""

from dataclasses import dataclass
from typing import ClassVar, Literal, cast, get_args

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import ConfigDict
from torch import Tensor, nn

from maskwright.base.errors import PlanError, did_you_mean
from maskwright.nn.blocks import ConvBlock, Norm, he_initialise
from maskwright.nn.encoders import TITLES, EncoderName, build_encoder
from maskwright.nn.padding import pad_to_multiple
from maskwright.nn.upsample import Upsampling, upsample

LEVELS = 5  # of the decoder; every encoder's coarsest map has 1/32 of the resolution


@dataclass(frozen=True, kw_only=True)
class EncoderUNetConfig:
    """The numbers that make a U-Net on an encoder: `widths` are those of the decoder, at 1, 1/2, 1/4, ... of the resolution.

    `enlarge` is 2 where the encoder is shown the image at twice its size, since encoders halve the resolution at once, and
    small objects would be lost in it. The decoder ends at the image's own resolution either way, so it then has a level less.

    With `coarse_scores` every coarser map, from the encoder's last one on, gives scores of the classes too, and they are added
    on the way up, as FCN does it (arXiv:1411.4038). They start at zero. The encoder then hears of the classes directly, and not
    through a decoder that knows nothing yet, and learns in a fraction of the steps.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["encoder-unet"] = "encoder-unet"
    encoder: EncoderName = "efficientnet-lite0"
    widths: tuple[int, ...] = (16, 32, 64, 128, 256)
    convs_per_level: int = 2
    norm: Norm = "batch"
    upsampling: Upsampling = "bilinear"
    dropout: float = 0.0  # before the last layer
    enlarge: Literal[1, 2] = 1
    coarse_scores: bool = False

    def __post_init__(self) -> None:
        for field, options in (("encoder", EncoderName), ("norm", Norm), ("upsampling", Upsampling)):
            value = getattr(self, field)
            if value not in get_args(options):
                raise PlanError(f"The {field} of a U-Net cannot be '{value}'. {did_you_mean(str(value), get_args(options))}")
        if self.enlarge not in (1, 2):
            raise PlanError(f"A U-Net on an encoder enlarges images 1 or 2 times, not {self.enlarge}.")
        if len(self.widths) != self.levels or min(self.widths) < 1:
            raise PlanError(f"The decoder of a U-Net on an encoder needs {self.levels} positive widths, not {self.widths}.")
        if self.convs_per_level < 1:
            raise PlanError(f"A U-Net needs at least 1 convolution per level, not {self.convs_per_level}.")
        if not 0 <= self.dropout < 1:
            raise PlanError(f"The dropout of a U-Net is a probability from 0 to below 1, not {self.dropout}.")

    @property
    def levels(self) -> int:
        """How often the decoder doubles the resolution."""
        return LEVELS + 1 - self.enlarge

    @property
    def stride(self) -> int:
        """Input pixels per pixel of the coarsest map."""
        return 1 << self.levels

    @property
    def title(self) -> str:
        """What the network is, in words."""
        return f"U-Net on {TITLES[self.encoder]}" + (" at twice the size" if self.enlarge == 2 else "")

    def build(self, *, channels: int, classes: int) -> "EncoderUNet":
        """A freshly initialised network; `classes=1` is one sigmoid output."""
        if channels < 1 or classes < 1:
            raise PlanError(f"A U-Net needs at least 1 channel and 1 class, not {channels} and {classes}.")
        return EncoderUNet(self, channels, classes)


class EncoderUNet(nn.Module):
    """An encoder, and a decoder that doubles the resolution up to the image's own, beside the encoder's map of each."""

    def __init__(self, config: EncoderUNetConfig, channels: int, classes: int) -> None:
        super().__init__()
        self.config = config
        self.decoder = nn.ModuleList()
        self.ups = nn.ModuleList()
        encoder = build_encoder(config.encoder, channels=channels)
        skips = dict(zip(encoder.strides[:-1], encoder.widths[:-1], strict=True))
        inside = encoder.widths[-1]
        self.coarse_heads = nn.ModuleList()
        for level in reversed(range(config.levels)):
            width = config.widths[level]
            if config.coarse_scores:
                self.coarse_heads.append(nn.Conv2d(inside, classes, 1))
            self.ups.append(upsample(config.upsampling, inside, width))
            joined = width + skips.get(config.enlarge << level, 0)  # some encoders have no map of the full resolution
            self.decoder.append(ConvBlock(joined, width, convs=config.convs_per_level, norm=config.norm))
            inside = width
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Conv2d(inside, classes, 1)
        he_initialise(self)
        for head in self.coarse_heads:
            nn.init.zeros_(cast(nn.Conv2d, head).weight)
        self.encoder = encoder  # which has its own start

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Logits of every class at every pixel, for images of any size."""
        height, width = image.shape[-2:]
        x = pad_to_multiple(image, self.config.stride)
        if self.config.enlarge > 1:
            x = doubled(x)
        *skips, x = self.encoder(x)
        scores: Tensor | None = None
        for level, (up, block) in enumerate(zip(self.ups, self.decoder, strict=True)):
            if self.config.coarse_scores:
                here = self.coarse_heads[level](x)
                scores = doubled(here if scores is None else here + scores)
            x = up(x)
            if skips and skips[-1].shape[-2:] == x.shape[-2:]:
                x = torch.cat([skips.pop(), x], dim=1)
            x = block(x)
        logits: Tensor = self.head(self.dropout(x))
        if scores is not None:
            logits = logits + scores
        return logits[..., :height, :width]


def doubled(maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c 2*h 2*w"]:
    """At twice the resolution, by bilinear interpolation."""
    return F.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)
