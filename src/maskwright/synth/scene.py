"""A scene: an image and the panoptic map that is true of it; and objects laid over one another until one is there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64, Shaped, UInt8, UInt16

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Panoptic, Segment


@dataclass(frozen=True, eq=False)
class Scene:
    """An image with every pixel's segment; things are numbered one by one."""

    image: UInt8[np.ndarray, "h w c"] | UInt16[np.ndarray, "h w c"]
    panoptic: Panoptic


@dataclass(frozen=True, eq=False)
class Sprite:
    """One object that is to be laid on a scene: its pixels, their colours (0 to 1), and its class."""

    region: Region
    colors: Float64[np.ndarray, "h w c"]
    class_id: int


def visible(regions: Sequence[Region], size_hw: tuple[int, int], *, least_share: float, least_px: int = 1) -> list[int]:
    """The places of those objects that stay when the later ones lie over the earlier: what is seen of each is enough.

    least_share: of its pixels on the image. Those that are left out hide nothing.
    """
    taken: Bool[np.ndarray, "h w"] = np.zeros(size_hw, bool)
    kept = []
    for place in reversed(range(len(regions))):
        rows, columns, pixels = on_image(regions[place], size_hw)
        whole, seen = np.count_nonzero(pixels), np.count_nonzero(pixels & ~taken[rows, columns])
        if whole and seen >= max(least_px, least_share * whole):
            taken[rows, columns] |= pixels
            kept.append(place)
    return kept[::-1]


def painted(
    ground: Float64[np.ndarray, "h w c"], sprites: Sequence[Sprite]
) -> tuple[Float64[np.ndarray, "h w c"], Int32[np.ndarray, "h w"]]:
    """The ground with the sprites over it, later ones on top, and the number of the sprite at every pixel, from 1 on."""
    image, numbers = ground.copy(), np.zeros(ground.shape[:2], np.int32)
    for number, sprite in enumerate(sprites, 1):
        rows, columns, pixels = on_image(sprite.region, ground.shape[:2])
        _, _, colors = clipped(sprite.region.box_xyxy, sprite.colors, ground.shape[:2])
        image[rows, columns][pixels] = colors[pixels]
        numbers[rows, columns][pixels] = number
    return image, numbers


def panoptic_map(
    stuff: UInt16[np.ndarray, "h w"], numbers: Int32[np.ndarray, "h w"], class_ids: Sequence[int], classes: Classes
) -> Panoptic:
    """The panoptic map of stuff, by its class ids, with numbered objects over it; objects that nothing is seen of are left out.

    class_ids: of the objects 1, 2, and so on.
    """
    under = np.bincount(stuff[numbers == 0], minlength=len(classes))
    over = np.bincount(numbers.ravel(), minlength=len(class_ids) + 1)
    stuff_ids: Int64[np.ndarray, " k"] = np.cumsum(under > 0) * (under > 0)
    thing_ids: Int64[np.ndarray, " n"] = (np.cumsum(over[1:] > 0) + stuff_ids.max(initial=0)) * (over[1:] > 0)
    segment_ids = np.where(numbers > 0, np.append(0, thing_ids)[numbers], stuff_ids[stuff]).astype(np.int32)
    segments = [Segment(int(stuff_ids[k]), k) for k in np.flatnonzero(under).tolist()]
    segments += [Segment(int(thing_ids[n]), class_ids[n]) for n in np.flatnonzero(over[1:]).tolist()]
    return Panoptic(segment_ids, tuple(segments), classes)


def on_image(region: Region, size_hw: tuple[int, int]) -> tuple[slice, slice, Bool[np.ndarray, "h w"]]:
    """The part of a region that lies on an image of this size: its rows, its columns, and its pixels there."""
    return clipped(region.box_xyxy, region.pixels, size_hw)


def clipped(
    box_xyxy: tuple[int, int, int, int], field: Shaped[np.ndarray, "h w *c"], size_hw: tuple[int, int]
) -> tuple[slice, slice, Shaped[np.ndarray, "h1 w1 *c"]]:
    """The part of a box and its field that lies on an image of this size; nothing where it lies beside it."""
    x0, y0, x1, y1 = box_xyxy
    left, top = min(max(x0, 0), size_hw[1]), min(max(y0, 0), size_hw[0])
    right, bottom = max(min(x1, size_hw[1]), left), max(min(y1, size_hw[0]), top)
    if left == right or top == bottom:
        return slice(top, top), slice(left, left), field[:0, :0]
    return slice(top, bottom), slice(left, right), field[top - y0 : bottom - y0, left - x0 : right - x0]
