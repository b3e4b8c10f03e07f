"""What an encoder is: maps of an image at ever coarser strides, and how strides turn into dilation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from jaxtyping import Float
from torch import Tensor

from maskwright.base.errors import PlanError

EncoderName = Literal["plain", "vgg16", "resnet18", "resnet34", "resnet50", "resnet101", "efficientnet-lite0"]

OUTPUT_STRIDES = (8, 16, 32)  # of the coarsest map: DeepLab (arXiv:1706.05587) uses 16 and 8, classifiers 32


class Encoder(Protocol):
    """From an image, whose sides are multiples of the coarsest stride, to one map a stage, the finest first.

    `widths` are the channels of the maps, `strides` the input pixels per map pixel in each direction.
    """

    widths: tuple[int, ...]
    strides: tuple[int, ...]

    def __call__(self, image: Float[Tensor, "b c h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """One map for each stride."""
        ...


@dataclass(frozen=True)
class Step:
    """How a stage goes on from the one before it: the stride of its first layer, and the dilation of that and of all others."""

    stride: int
    first_dilation: int
    dilation: int


def steps_for(output_stride: int, strides: Sequence[int]) -> list[Step]:
    """Each stage's step, where stages after `output_stride` is reached dilate instead of making their map smaller.

    `strides` are those of the stages one after another. A layer that gives up its stride still looks at the pixels it looked at
    before, and so must all after it: with the same weights, the values at every second pixel (fourth, ...) are those of the
    strided network (atrous convolution, arXiv:1606.00915).
    """
    if output_stride not in OUTPUT_STRIDES:
        possible = ", ".join(map(str, OUTPUT_STRIDES))
        raise PlanError(f"An encoder cannot have the output stride {output_stride}. Possible are: {possible}.")
    reached, dilation, steps = 1, 1, []
    for stride in strides:
        if reached * stride <= output_stride:
            reached *= stride
            steps.append(Step(stride, dilation, dilation))
        else:
            steps.append(Step(1, dilation, dilation * stride))
            dilation *= stride
    return steps


def strides_of(steps: Sequence[Step]) -> tuple[int, ...]:
    """Input pixels per map pixel after each step."""
    reached, strides = 1, []
    for step in steps:
        reached *= step.stride
        strides.append(reached)
    return tuple(strides)
