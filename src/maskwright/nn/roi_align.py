"""RoIAlign: what lies inside each box, sampled from maps to one small grid (arXiv:1703.06870)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from maskwright.nn.traceable import is_traced

ADAPTIVE = 0  # as sampling ratio: so many samples that they lie at most a pixel apart
WORKING_VALUES = 1 << 24  # held at once, at most about: 64 MB of single precision


@dataclass(frozen=True)
class Pooling:
    """How a box is brought to a grid: `size_hw` bins, each the mean of `sampling_ratio` squared bilinear samples.

    `aligned` takes pixel centres at half coordinates, as boxes here have them. Without it samples lie half a pixel to the right
    and below, and boxes are at least one map pixel wide and high; torchvision's networks are trained that way.
    """

    size_hw: tuple[int, int]
    sampling_ratio: int = 2
    aligned: bool = True


def roi_align(
    maps: Float[Tensor, "b c h w"],
    boxes_xyxy: Float[Tensor, "n 4"],
    image_ids: Int64[Tensor, " n"],
    pooling: Pooling,
    *,
    scale: float = 1.0,
) -> Float[Tensor, "n c ph pw"]:
    """The grid of each box on the map of its image; `scale` is map pixels per unit of the boxes.

    Equals torchvision's `roi_align`, but for a box without area or with a coordinate that is no number: that gives zeros and no
    gradient in every mode. Gradients reach the maps, not the boxes. With a fixed sampling ratio no shape depends on values, so
    it exports to ONNX, and the cost follows the boxes; adaptive, it follows the boxes times the map, which suits masks.
    """
    if pooling.sampling_ratio == ADAPTIVE:
        return _adaptive(maps, boxes_xyxy, image_ids, pooling, scale)
    levels = torch.zeros_like(image_ids)
    return pyramid_roi_align([maps], boxes_xyxy, image_ids, levels, pooling, scales=[scale])


def pyramid_roi_align(
    maps: Sequence[Float[Tensor, "b c _ _"]],
    boxes_xyxy: Float[Tensor, "n 4"],
    image_ids: Int64[Tensor, " n"],
    levels: Int64[Tensor, " n"],
    pooling: Pooling,
    *,
    scales: Sequence[float],
) -> Float[Tensor, "n c ph pw"]:
    """`roi_align` where each box has the map of its level. The sampling ratio is fixed.

    All maps make one table of pixels, and each bin is a weighted sum of some of its rows, which torch computes as it does bags
    of word embeddings: nothing larger than the output is ever made.
    """
    if is_traced():
        return _traced(maps, boxes_xyxy, image_ids, levels, pooling, scales)
    return _pooled(maps, boxes_xyxy, image_ids, levels, pooling, scales)


def _pooled(
    maps: Sequence[Float[Tensor, "b c _ _"]],
    boxes_xyxy: Float[Tensor, "n 4"],
    image_ids: Int64[Tensor, " n"],
    levels: Int64[Tensor, " n"],
    pooling: Pooling,
    scales: Sequence[float],
) -> Float[Tensor, "n c ph pw"]:
    channels, device = maps[0].shape[1], maps[0].device
    table = torch.cat([level.permute(0, 2, 3, 1).reshape(-1, channels) for level in maps])
    with torch.no_grad():
        areas = torch.tensor([level.shape[-2] * level.shape[-1] for level in maps], device=device)
        starts = torch.tensor([0] + [level.shape[0] * level.shape[-2] * level.shape[-1] for level in maps[:-1]], device=device)
        heights, widths = (torch.tensor([level.shape[side] for level in maps], device=device)[levels] for side in (-2, -1))
        factors = torch.tensor(scales, dtype=torch.float32, device=device)[levels]
        boxes, real = _on_map(boxes_xyxy.float(), factors)
        rows, across = _axis(boxes[:, 1], boxes[:, 3], heights, pooling, 0), _axis(boxes[:, 0], boxes[:, 2], widths, pooling, 1)
        first = starts.cumsum(0)[levels] + image_ids * areas[levels]
        weights = rows.weights[:, :, None, :, None] * across.weights[:, None, :, None, :] * real[:, None, None, None, None]
        places = rows.places * widths[:, None, None]
        places = first[:, None, None, None, None] + places[:, :, None, :, None] + across.places[:, None, :, None, :]
        taps = (2 * pooling.sampling_ratio) ** 2
    height, width = pooling.size_hw
    output = _bags(table, places.reshape(-1, taps), weights.reshape(-1, taps))
    return output.view(-1, height, width, channels).permute(0, 3, 1, 2)


def _traced(
    maps: Sequence[Tensor], boxes_xyxy: Tensor, image_ids: Tensor, levels: Tensor, pooling: Pooling, scales: Sequence[float]
) -> Tensor:
    """Each level's boxes by an operation that has a name in ONNX, then all in the order of the boxes."""
    places = [(levels == level).nonzero()[:, 0] for level in range(len(maps))]
    grids = [
        RoIAlign.apply(of_level, boxes_xyxy[some], image_ids[some], pooling, scale)  # type: ignore[no-untyped-call]
        for of_level, some, scale in zip(maps, places, scales, strict=True)
    ]
    back = torch.sort(torch.cat(places)).indices
    return torch.cat(grids)[back]


class RoIAlign(torch.autograd.Function):
    """`roi_align` with a fixed sampling ratio, as ONNX has it since version 16."""

    @staticmethod
    def forward(_: Any, maps: Tensor, boxes_xyxy: Tensor, image_ids: Tensor, pooling: Pooling, scale: float) -> Tensor:
        """What torch computes."""
        return _pooled([maps], boxes_xyxy, image_ids, torch.zeros_like(image_ids), pooling, [scale])

    @staticmethod
    def symbolic(g: Any, maps: Any, boxes_xyxy: Any, image_ids: Any, pooling: Pooling, scale: float) -> Any:
        """The operation's name and numbers."""
        height, width = pooling.size_hw
        return g.op(
            "RoiAlign", maps, boxes_xyxy, image_ids, output_height_i=height, output_width_i=width, mode_s="avg",
            sampling_ratio_i=pooling.sampling_ratio, spatial_scale_f=scale,
            coordinate_transformation_mode_s="half_pixel" if pooling.aligned else "output_half_pixel",
        )  # fmt: skip


def pyramid_levels(boxes_xyxy: Float[Tensor, "n 4"], *, finest: int, coarsest: int) -> Int64[Tensor, " n"]:
    """Which map a box is taken from, 0 for the finest (equation 1 of arXiv:1612.03144): stride 16 for 224x224 pixels.

    `finest` and `coarsest` are the binary logarithms of the strides. An empty box has the finest.
    """
    width_height = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).clamp(min=0)
    side = width_height.prod(dim=1).sqrt()
    level = torch.floor(4 + torch.log2(side / 224) + 1e-6)  # a little more, as torchvision, against rounding just below
    return (level.clamp(finest, coarsest) - finest).to(torch.int64)


@dataclass(frozen=True)
class Taps:
    """Along one axis, the pixels that each bin looks at, and how much each of them counts."""

    places: Int64[Tensor, "n bins taps"]
    weights: Float[Tensor, "n bins taps"]


def _on_map(boxes: Float[Tensor, "n 4"], scale: Float[Tensor, "#n"]) -> tuple[Float[Tensor, "n 4"], Bool[Tensor, " n"]]:
    """The boxes in map pixels, and which have an area; the others lie at the origin, so that they cannot spoil anything."""
    real = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]) & boxes.isfinite().all(dim=1)
    return torch.where(real[:, None], boxes * scale[:, None], 0.0), real


def _axis(
    start: Float[Tensor, " n"], end: Float[Tensor, " n"], length: Int64[Tensor, "#n"], pooling: Pooling, axis: int
) -> Taps:
    """The taps of every bin along an axis of maps of so many pixels."""
    bins, ratio = pooling.size_hw[axis], pooling.sampling_ratio
    extent = end - start if pooling.aligned else (end - start).clamp(min=1)
    if pooling.aligned:
        start = start - 0.5
    if ratio == ADAPTIVE:
        samples = torch.ceil(extent / bins).clamp(min=1)
        most = int(samples.max())
    else:
        samples, most = torch.full_like(extent, ratio), ratio
    bin_size = (extent / bins)[:, None, None]
    numbers = torch.arange(most, device=start.device)
    offsets = (numbers + 0.5) * bin_size / samples[:, None, None]
    points = start[:, None, None] + torch.arange(bins, device=start.device)[:, None] * bin_size + offsets
    limit = length[:, None, None]
    # Up to a pixel outside the map counts as its rim, and farther outside as nothing.
    counts = (points >= -1) & (points <= limit) & (numbers < samples[:, None, None])
    points = torch.minimum(points.clamp(min=0), limit - 1.0)
    low = points.floor().to(torch.int64)
    share = points - low
    share = torch.stack([1 - share, share], dim=-1) * (counts / samples[:, None, None])[..., None]
    places = torch.stack([low, torch.minimum(low + 1, limit - 1)], dim=-1)
    return Taps(places.flatten(2), share.flatten(2))


def _bags(
    table: Float[Tensor, "pixels c"], places: Int64[Tensor, "m taps"], weights: Float[Tensor, "m taps"]
) -> Float[Tensor, "m c"]:
    """Weighted sums of rows of a table."""
    if places.shape[0] == 0:
        return table[:0] + 0 * table.sum()  # a gradient of zeros, where training wants one
    if table.dtype not in (torch.float32, torch.float64):  # others would round the weights
        return F.embedding_bag(places, table.float(), per_sample_weights=weights, mode="sum").to(table.dtype)
    return F.embedding_bag(places, table, per_sample_weights=weights.to(table.dtype), mode="sum")


def _adaptive(
    maps: Float[Tensor, "b c h w"],
    boxes_xyxy: Float[Tensor, "n 4"],
    image_ids: Int64[Tensor, " n"],
    pooling: Pooling,
    scale: float,
) -> Float[Tensor, "n c ph pw"]:
    """With as many samples as a box needs: bilinear samples in a grid are a product of matrices, one for each axis."""
    channels, height, width = maps.shape[1:]
    if boxes_xyxy.shape[0] == 0:
        return maps.new_zeros(0, channels, *pooling.size_hw) + 0 * maps.sum()
    with torch.no_grad():
        boxes, real = _on_map(boxes_xyxy.float(), torch.tensor([scale], device=maps.device))
        down = _matrix(boxes[:, 1], boxes[:, 3], height, pooling, 0) * real[:, None, None]
        across = _matrix(boxes[:, 0], boxes[:, 2], width, pooling, 1)
    down, across = (matrices[:, None].to(maps.dtype) for matrices in (down, across.mT))
    with torch.autocast(maps.device.type, enabled=False):  # it would round the weights
        parts = _parts(len(boxes), channels * height * width)
        return torch.cat([down[part] @ maps[image_ids[part]] @ across[part] for part in parts])


def _matrix(
    start: Float[Tensor, " n"], end: Float[Tensor, " n"], length: int, pooling: Pooling, axis: int
) -> Float[Tensor, "n bins pixels"]:
    """How much each pixel along an axis counts in each bin."""
    taps = _axis(start, end, torch.tensor([length], device=start.device), pooling, axis)
    empty = taps.weights.new_zeros(*taps.weights.shape[:2], length)
    return empty.scatter_add(2, taps.places, taps.weights)


def _parts(count: int, values_each: int) -> Iterator[slice]:
    """So many boxes at a time that what is copied for them stays within bounds."""
    size = max(1, math.floor(WORKING_VALUES / max(values_each, 1)))
    return (slice(begin, begin + size) for begin in range(0, count, size))
