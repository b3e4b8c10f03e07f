"""The encoder half of a U-Net: convolution blocks with max pooling between them (arXiv:1505.04597)."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from maskwright.nn.blocks import ConvBlock, Norm, he_initialise
from maskwright.nn.encoders.encoder import Step, steps_for, strides_of


class PlainEncoder(nn.Module):
    """One convolution block at each of six resolutions, from the image's own down; half the resolution, twice the width."""

    def __init__(
        self,
        *,
        channels: int,
        output_stride: int = 32,
        widths: Sequence[int] = (16, 32, 64, 128, 256, 256),
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        self.steps = steps_for(output_stride, [1] + [2] * (len(widths) - 1))
        self.strides = strides_of(self.steps)
        self.widths = tuple(widths)
        self.stages = nn.ModuleList()
        for step, inside, width in zip(self.steps, [channels, *widths], widths, strict=False):
            self.stages.append(ConvBlock(inside, width, norm=norm, dilation=step.dilation))
        he_initialise(self)

    def forward(self, image: Float[Tensor, "b c h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """The map of each stage."""
        maps: list[Tensor] = []
        x = image
        for number, (step, stage) in enumerate(zip(self.steps, self.stages, strict=True)):
            x = stage(max_pool(x, step) if number else x)
            maps.append(x)
        return maps


def max_pool(maps: Float[Tensor, "b c h w"], step: Step) -> Float[Tensor, "b c h1 w1"]:
    """2x2 max pooling of maps that came out of a ReLU, with dilation where the step has no stride.

    Zeros as padding change no maximum of values that are none below zero.
    """
    if step.stride == 2:
        return F.max_pool2d(maps, 2)
    reach = step.first_dilation
    return F.max_pool2d(F.pad(maps, (0, reach, 0, reach)), 2, stride=1, dilation=reach)
