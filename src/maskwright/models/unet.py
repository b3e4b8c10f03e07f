"""U-Net: an encoder, a bridge and a decoder joined by skip connections (arXiv:1505.04597)."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
from jaxtyping import Float
from pydantic import ConfigDict
from torch import Tensor, nn

from maskwright.base.errors import PlanError, did_you_mean
from maskwright.nn.blocks import ConvBlock, Norm, Padding, center_crop, he_initialise
from maskwright.nn.padding import Side, at_least, bordered
from maskwright.nn.receptive_field import ReceptiveField, encoder_decoder
from maskwright.nn.upsample import Upsampling, upsample


@dataclass(frozen=True, kw_only=True)
class UNetConfig:
    """The numbers that make a U-Net (arXiv:1505.04597): one width per resolution, finest first; the last is the bridge.

    The paper's own: `UNetConfig(widths=(64, 128, 256, 512, 1024), norm="none", padding="valid", dropout=0.5)`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["unet"] = "unet"
    widths: tuple[int, ...] = (32, 64, 128, 256, 512)
    convs_per_level: int = 2
    norm: Norm = "batch"
    upsampling: Upsampling = "transposed"
    padding: Padding = "same"
    dropout: float = 0.0  # at the end of the bridge

    def __post_init__(self) -> None:
        if not self.widths or min(self.widths) < 1:
            raise PlanError(f"A U-Net needs one positive width per resolution, finest first, not {self.widths}.")
        if self.convs_per_level < 1:
            raise PlanError(f"A U-Net needs at least 1 convolution per level, not {self.convs_per_level}.")
        if not 0 <= self.dropout < 1:
            raise PlanError(f"The dropout of a U-Net is a probability from 0 to below 1, not {self.dropout}.")
        for field, options in (("norm", Norm), ("upsampling", Upsampling), ("padding", Padding)):
            value = getattr(self, field)
            if value not in get_args(options):
                raise PlanError(f"The {field} of a U-Net cannot be '{value}'. {did_you_mean(str(value), get_args(options))}")

    @property
    def stride(self) -> int:
        """Input pixels per pixel of the bridge."""
        return 1 << (len(self.widths) - 1)

    @property
    def title(self) -> str:
        """What the network is, in words."""
        return f"U-Net, widths {', '.join(map(str, self.widths))}"

    @property
    def receptive_field(self) -> ReceptiveField:
        """The input pixels that an output pixel depends on."""
        return encoder_decoder(len(self.widths), convs=self.convs_per_level, upsampling=self.upsampling)

    @property
    def margin(self) -> int:
        """Pixels that unpadded convolutions take off every side of the image (92 in the paper); 0 with padding."""
        return self.convs_per_level * (3 * self.stride - 2) if self.padding == "valid" else 0

    def padded(self, size: Side) -> Side:
        """The least input size, in one direction, whose output is whole and covers `size` pixels."""
        rest = 2 * self.convs_per_level if self.padding == "valid" else 0  # outputs are a multiple of the stride and this
        # At least two pixels in the bridge, for a normalisation over a single one says nothing.
        least = 0 if self.padding == "valid" else 2
        return self.stride * at_least((size - rest + self.stride - 1) // self.stride, least) + rest + 2 * self.margin

    def build(self, *, channels: int, classes: int) -> "UNet":
        """A freshly initialised network; `classes=1` is one sigmoid output."""
        if channels < 1 or classes < 1:
            raise PlanError(f"A U-Net needs at least 1 channel and 1 class, not {channels} and {classes}.")
        return UNet(self, channels, classes)


class UNet(nn.Module):
    """Maps of ever coarser resolution and back, where each step back also sees the encoder's map of its resolution."""

    def __init__(self, config: UNetConfig, channels: int, classes: int) -> None:
        super().__init__()
        self.config = config

        def block(inside: int, outside: int) -> ConvBlock:
            return ConvBlock(inside, outside, convs=config.convs_per_level, norm=config.norm, padding=config.padding)

        *widths, bridge = config.widths
        self.encoder = nn.ModuleList(map(block, [channels, *widths[:-1]], widths))
        self.pool = nn.MaxPool2d(2)
        self.bridge = block(widths[-1] if widths else channels, bridge)
        self.dropout = nn.Dropout(config.dropout)
        coarser = [*widths[1:], bridge] if widths else []
        self.ups = nn.ModuleList(upsample(config.upsampling, a, b) for a, b in zip(coarser[::-1], widths[::-1], strict=True))
        self.decoder = nn.ModuleList(block(2 * width, width) for width in reversed(widths))
        self.head = nn.Conv2d(config.widths[0], classes, 1)
        he_initialise(self)

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Logits of every class at every pixel, for images of any size.

        What the network needs beyond the image is mirrored, as in the paper, or repeats the border pixel where the image is
        smaller than that.
        """
        height, width = image.shape[-2:]
        rows, columns = self.config.padded(height) - height, self.config.padded(width) - width
        margin = self.config.margin
        image = bordered(image, (margin, columns - margin, margin, rows - margin))
        return self.whole(image)[..., :height, :width]

    def whole(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h1 w1"]:
        """Logits without any padding of the image, whose sizes `UNetConfig.padded` must have given: 572 -> 388 in the paper."""
        skips = []
        x = image
        for block in self.encoder:
            skips.append(block(x))
            x = self.pool(skips[-1])
        x = self.dropout(self.bridge(x))
        for up, block in zip(self.ups, self.decoder, strict=True):
            x = up(x)
            x = block(torch.cat([center_crop(skips.pop(), (x.shape[-2], x.shape[-1])), x], dim=1))
        logits: Tensor = self.head(x)
        return logits
