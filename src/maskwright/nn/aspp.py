"""Atrous spatial pyramid pooling: one map seen at several widths of context at once (arXiv:1706.05587)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class ASPP(nn.Module):
    """A 1x1 convolution, a 3x3 of each rate and the mean of the whole map, side by side, projected to `width` channels.

    Each branch and the projection end in batch normalisation and ReLU. The paper's rates are 6, 12 and 18 for maps of 1/16 of
    the resolution, and twice that for 1/8. `separable` splits the atrous convolutions as `convolution` says.

    Under tiled prediction the image pooling sees the tile only, never the whole image: the larger the tiles, the better, even
    where they are larger than the crops that the network was trained on.
    """

    def __init__(self, inside: int, width: int, *, rates: Sequence[int], separable: bool = False, dropout: float = 0.0) -> None:
        super().__init__()
        self.point = convolution(inside, width, kernel=1)
        self.atrous = nn.ModuleList(convolution(inside, width, rate=rate, separable=separable) for rate in rates)
        self.pooled = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(inside, width, 1, bias=False), PooledBatchNorm(width), nn.ReLU(inplace=True)
        )
        self.project = convolution((2 + len(rates)) * width, width, kernel=1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Maps of the same size, each pixel with its surroundings at every rate and a summary of all."""
        whole = F.interpolate(self.pooled(maps), size=maps.shape[-2:], mode="bilinear")
        branches = [self.point(maps), *(branch(maps) for branch in self.atrous), whole]
        joined: Tensor = self.dropout(self.project(torch.cat(branches, dim=1)))
        return joined


class PooledBatchNorm(nn.BatchNorm2d):
    """Batch normalisation of one value an image and channel, which also takes a batch of one image.

    A single value has no variance, and torch refuses to train on it. So it is normalised by the running statistics, as in
    evaluation, and leaves them as they are. Larger batches are normalised as `nn.BatchNorm2d` does.
    """

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Values of mean 0 and variance 1 in every channel, then scaled and shifted by what was learned."""
        if input.shape[0] * input.shape[2] * input.shape[3] > 1:
            return super().forward(input)
        return F.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


def convolution(inside: int, outside: int, *, kernel: int = 3, rate: int = 1, separable: bool = False) -> nn.Sequential:
    """A convolution that keeps the size, its batch normalisation and ReLU.

    The kernel's weights lie `rate` pixels apart, so that it covers 1 + rate (kernel - 1) pixels a side with no more weights. A
    separable one (arXiv:1802.02611) is one spatial kernel for each channel, then a 1x1 convolution across the channels: about
    a ninth of the multiplications of a 3x3. Nothing lies between the two; the authors' code has one more norm and ReLU there.
    """
    padding = rate * (kernel // 2)
    groups, between = (inside, inside) if separable else (1, outside)
    layers: list[nn.Module] = [
        nn.Conv2d(inside, between, kernel, padding=padding, dilation=rate, groups=groups, bias=False),
    ]
    if separable:
        layers.append(nn.Conv2d(inside, outside, 1, bias=False))
    return nn.Sequential(*layers, nn.BatchNorm2d(outside), nn.ReLU(inplace=True))
