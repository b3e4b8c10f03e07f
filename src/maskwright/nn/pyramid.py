"""Feature pyramid: maps of every resolution that all know what the coarsest knows (arXiv:1612.03144)."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class FeaturePyramid(nn.Module):
    """Each map of an encoder brought to one width, added to the enlarged map of the next coarser, and smoothed.

    Beside them stands one map more, every second pixel of the coarsest. Weights have torchvision's names and start as there.
    """

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.inner_blocks = nn.ModuleList(nn.Conv2d(inside, width, 1) for inside in widths)
        self.layer_blocks = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in widths)
        for conv in [*self.inner_blocks, *self.layer_blocks]:
            nn.init.kaiming_uniform_(conv.weight, a=1)
            nn.init.zeros_(conv.bias)

    def forward(self, maps: Sequence[Float[Tensor, "b _ _ _"]]) -> list[Float[Tensor, "b c _ _"]]:
        """One map for each of `maps`, which come finest first, and the extra one."""
        laterals = [inner(level) for inner, level in zip(self.inner_blocks, maps, strict=True)]
        x = laterals.pop()
        merged = [x]
        while laterals:
            finer = laterals.pop()
            x = finer + F.interpolate(x, size=finer.shape[-2:], mode="nearest")
            merged.insert(0, x)
        pyramid = [layer(level) for layer, level in zip(self.layer_blocks, merged, strict=True)]
        return [*pyramid, pyramid[-1][..., ::2, ::2]]
