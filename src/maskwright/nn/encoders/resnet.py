"""Residual networks without their classifier (arXiv:1512.03385), under torchvision's and timm's names of weights."""

from typing import ClassVar, Literal

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from maskwright.nn.encoders.encoder import Step, steps_for, strides_of
from maskwright.nn.encoders.initialise import initialise_for_gradients

BLOCKS: dict[int, tuple[int, int, int, int]] = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
WIDTHS = (64, 128, 256, 512)
Depth = Literal[18, 34, 50, 101]


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    expansion: ClassVar[int] = 1
    folds: ClassVar[tuple[tuple[str, str], ...]] = (("conv1", "bn1"), ("conv2", "bn2"))

    def __init__(self, inside: int, width: int, *, stride: int, first_dilation: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = conv3x3(inside, width, stride=stride, dilation=first_dilation)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width, dilation=dilation)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(inside, width, stride)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h1 w1"]:
        """What the convolutions add to the shortcut, then ReLU."""
        branch = F.relu(self.bn1(self.conv1(x)))
        branch = self.bn2(self.conv2(branch))
        return F.relu(branch + self.downsample(x))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions beside a shortcut; the stride lies in the 3x3 one, as in torchvision ("v1.5")."""

    expansion: ClassVar[int] = 4
    folds: ClassVar[tuple[tuple[str, str], ...]] = (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3"))

    def __init__(self, inside: int, width: int, *, stride: int, first_dilation: int, dilation: int) -> None:
        super().__init__()
        outside = width * self.expansion
        self.conv1 = nn.Conv2d(inside, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width, stride=stride, dilation=first_dilation)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outside, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outside)
        self.downsample = shortcut(inside, outside, stride)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h1 w1"]:
        """What the convolutions add to the shortcut, then ReLU."""
        branch = F.relu(self.bn1(self.conv1(x)))
        branch = F.relu(self.bn2(self.conv2(branch)))
        branch = self.bn3(self.conv3(branch))
        return F.relu(branch + self.downsample(x))


class ResNet(nn.Module):
    """A stem and four stages of residual blocks; the maps are the stem's before its pooling, and every stage's last."""

    folds: ClassVar[tuple[tuple[str, str], ...]] = (("conv1", "bn1"),)

    def __init__(self, depth: Depth, *, channels: int, output_stride: int = 32) -> None:
        super().__init__()
        block = BasicBlock if depth < 50 else Bottleneck
        steps = steps_for(output_stride, (2, 2, 2, 2, 2))
        self.strides = strides_of(steps)
        self.widths = (WIDTHS[0], *(width * block.expansion for width in WIDTHS))
        self.conv1 = nn.Conv2d(channels, WIDTHS[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        _, pooled, *strided = steps
        first = Step(1, pooled.dilation, pooled.dilation)  # the pooling has this stage's stride
        stages = zip(self.widths, BLOCKS[depth], WIDTHS, [first, *strided], strict=False)
        self.layer1, self.layer2, self.layer3, self.layer4 = (stage(block, *numbers) for numbers in stages)
        initialise_for_gradients(self)
        start_as_shortcuts(self)

    def forward(self, image: Float[Tensor, "b c h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """The stem's map and that of each stage."""
        maps = [F.relu(self.bn1(self.conv1(image)))]
        x = F.max_pool2d(maps[0], 3, stride=2, padding=1)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            maps.append(x)
        return maps


def conv3x3(inside: int, outside: int, *, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    """A 3x3 convolution without bias, as a batch norm follows."""
    return nn.Conv2d(inside, outside, 3, stride=stride, padding=dilation, dilation=dilation, bias=False)


def shortcut(inside: int, outside: int, stride: int) -> nn.Module:
    """The identity where shapes agree, else a 1x1 convolution."""
    if stride == 1 and inside == outside:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inside, outside, 1, stride=stride, bias=False), nn.BatchNorm2d(outside))


def stage(block: type[BasicBlock | Bottleneck], inside: int, blocks: int, width: int, step: Step) -> nn.Sequential:
    """Blocks at one resolution, the first of which goes over to it."""
    first = block(inside, width, stride=step.stride, first_dilation=step.first_dilation, dilation=step.dilation)
    inside = width * block.expansion
    others = (block(inside, width, stride=1, first_dilation=step.dilation, dilation=step.dilation) for _ in range(blocks - 1))
    return nn.Sequential(first, *others)


def start_as_shortcuts(network: nn.Module) -> None:
    """Every block starts as its shortcut alone: the scale of its last norm is 0 (arXiv:1706.02677, section 5.1).

    The maps of a fresh network then keep one size from stage to stage instead of growing with every block that adds to them,
    which matters most to trainings of a few hundred steps.
    """
    for module in network.modules():
        if isinstance(module, BasicBlock):
            nn.init.zeros_(module.bn2.weight)
        elif isinstance(module, Bottleneck):
            nn.init.zeros_(module.bn3.weight)
