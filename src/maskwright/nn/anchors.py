"""Anchors: boxes of a few sizes and shapes at every pixel of every map, which a network corrects (arXiv:1506.01497)."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

ASPECT_RATIOS = (0.5, 1.0, 2.0)  # height / width


def shapes(size: float, aspect_ratios: Sequence[float] = ASPECT_RATIOS) -> Float[Tensor, "shapes 4"]:
    """Boxes around the origin with the area of a square of `size`, rounded to whole pixels as torchvision has them."""
    roots = torch.tensor(aspect_ratios, dtype=torch.float32).sqrt()
    widths, heights = 1 / roots * size, roots * size
    return (torch.stack([-widths, -heights, widths, heights], dim=1) / 2).round()


def anchors(
    sizes_hw: Sequence[tuple[int, int]],
    strides: Sequence[int],
    sizes: Sequence[float],
    *,
    aspect_ratios: Sequence[float] = ASPECT_RATIOS,
    device: torch.device | None = None,
) -> list[Float[Tensor, "_ 4"]]:
    """For each map, its anchors: row by row, pixel by pixel, each shape in turn.

    `sizes_hw` are the maps' own, `strides` image pixels per map pixel, `sizes` the sides of the square anchors in image pixels.
    The first anchor's centre is the corner of the image, as in torchvision.
    """
    levels = []
    for (height, width), stride, size in zip(sizes_hw, strides, sizes, strict=True):
        rows, columns = (torch.arange(count, device=device, dtype=torch.float32) * stride for count in (height, width))
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        centers = torch.stack([x, y, x, y], dim=-1).view(-1, 1, 4)
        levels.append((centers + shapes(size, aspect_ratios).to(device)).view(-1, 4))
    return levels
