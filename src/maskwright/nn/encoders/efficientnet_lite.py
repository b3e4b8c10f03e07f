"""EfficientNet-Lite0 without its head (arXiv:1905.11946, no squeeze-and-excitation, ReLU6), under its PyTorch port's names."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from maskwright.nn.encoders.encoder import Step, steps_for, strides_of
from maskwright.nn.encoders.initialise import initialise_for_gradients

EPSILON = 1e-3  # of the batch norms, as in TensorFlow, where the weights come from
STEM = 32


@dataclass(frozen=True)
class Stage:
    """Blocks one after another; the first has the stride, each widens by `expansion` in between."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    width: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


class Conv(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow does ("same"), for maps whose sides are multiples of its stride.

    A strided one has the odd row and column of padding at the right and bottom. `halves` keeps that where the stride has
    become dilation, so that it looks at the same pixels.
    """

    def __init__(
        self,
        inside: int,
        outside: int,
        kernel: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        halves: bool = False,
    ) -> None:
        before = (kernel - 2 if halves else kernel - 1) // 2 * dilation
        after = (kernel - 1) * dilation + 1 - stride - before
        even = before == after
        super().__init__(inside, outside, kernel, stride, before if even else 0, dilation=dilation, groups=groups, bias=False)
        self.border = (0, 0, 0, 0) if even else (before, after, before, after)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h1 w1"]:
        """The convolution of the padded maps.

        A depthwise one works in float32 while a processor trains in bfloat16, where its gradients take up to seven times as
        long: on one core a training step of 4 x 256 x 256 takes 0.33 s so, 0.46 s without, 0.39 s all in float32.
        """
        padded = F.pad(x, self.border) if any(self.border) else x
        if self.groups > 1 and x.dtype == torch.bfloat16 and x.device.type == "cpu" and torch.is_grad_enabled():
            with torch.autocast("cpu", enabled=False):
                precise = F.conv2d(
                    padded.float(), self.weight.float(), None, self.stride, self.padding, self.dilation, self.groups
                )
            return precise.to(x.dtype)
        maps: Tensor = super().forward(padded)
        return maps


class Block(nn.Module):
    """An inverted bottleneck (arXiv:1801.04381): widen, convolve each channel on its own, narrow."""

    folds: ClassVar[tuple[tuple[str, str], ...]] = (
        ("_expand_conv", "_bn0"),
        ("_depthwise_conv", "_bn1"),
        ("_project_conv", "_bn2"),
    )

    def __init__(self, inside: int, stage: Stage, *, halves: bool, stride: int, dilation: int) -> None:
        super().__init__()
        wide = inside * stage.expansion
        self.widens = stage.expansion > 1
        if self.widens:
            self._expand_conv = Conv(inside, wide, 1)
            self._bn0 = nn.BatchNorm2d(wide, eps=EPSILON)
        self._depthwise_conv = Conv(wide, wide, stage.kernel, stride=stride, dilation=dilation, groups=wide, halves=halves)
        self._bn1 = nn.BatchNorm2d(wide, eps=EPSILON)
        self._project_conv = Conv(wide, stage.width, 1)
        self._bn2 = nn.BatchNorm2d(stage.width, eps=EPSILON)
        self.adds = inside == stage.width and not halves

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h1 w1"]:
        """The narrow map, to which the input is added where both have one shape."""
        wide = F.relu6(self._bn0(self._expand_conv(x))) if self.widens else x
        wide = F.relu6(self._bn1(self._depthwise_conv(wide)))
        narrow: Tensor = self._bn2(self._project_conv(wide))
        return x + narrow if self.adds else narrow


class EfficientNetLite0(nn.Module):
    """A stem and sixteen blocks; the maps are the last ones of each stride.

    The convolution to 1280 channels is the classifier's and left out. Batch norms have torch's momentum (0.1) and not the
    original's (0.01), whose statistics need thousands of steps to arrive.
    """

    folds: ClassVar[tuple[tuple[str, str], ...]] = (("_conv_stem", "_bn0"),)

    def __init__(self, *, channels: int, output_stride: int = 32) -> None:
        super().__init__()
        steps = steps_for(output_stride, (2, *(stage.stride for stage in STAGES)))
        self._conv_stem = Conv(channels, STEM, 3, stride=2, halves=True)
        self._bn0 = nn.BatchNorm2d(STEM, eps=EPSILON)
        self._blocks = nn.ModuleList()
        inside, last = STEM, []  # `last`: the number of each stage's last block
        for stage, step in zip(STAGES, steps[1:], strict=True):
            for number in range(stage.blocks):
                self._blocks.append(block(inside, stage, step, first=number == 0))
                inside = stage.width
            last.append(len(self._blocks) - 1)
        strides = strides_of(steps)[1:]
        # A stage's map is given out unless the stage after it works at the same resolution (by the original strides).
        given = [n for n in range(len(STAGES)) if n + 1 == len(STAGES) or STAGES[n + 1].stride == 2]
        self.strides = tuple(strides[n] for n in given)
        self.widths = tuple(STAGES[n].width for n in given)
        self.given = frozenset(last[n] for n in given)
        initialise_for_gradients(self)

    def forward(self, image: Float[Tensor, "b c h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """The last map of each stride."""
        maps: list[Tensor] = []
        x = F.relu6(self._bn0(self._conv_stem(image)))
        for number, module in enumerate(self._blocks):
            x = module(x)
            if number in self.given:
                maps.append(x)
        return maps


def block(inside: int, stage: Stage, step: Step, *, first: bool) -> Block:
    """A block of a stage; the first one takes its step."""
    if first:
        return Block(inside, stage, halves=stage.stride == 2, stride=step.stride, dilation=step.first_dilation)
    return Block(inside, stage, halves=False, stride=1, dilation=step.dilation)
