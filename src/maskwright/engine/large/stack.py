"""The planes of a stack as one: objects that overlap from plane to plane are one object, and no two have one number."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from jaxtyping import Float64, Int32, Int64

from maskwright.engine.large.strips import StripFolder
from maskwright.formats.large_axes import Axes, place_of
from maskwright.masks.link import SharedPixels, StackNumbers

Numbers = Int64[np.ndarray, "_"]  # the number over the stack of each number in a plane, by place


def numbers_of(planes: Sequence[StripFolder], axes: Axes, min_iou: float | None) -> list[Numbers]:
    """The numbers over the stack of the objects of each plane; None links none.

    Planes are linked along the fastest axis that counts them: slices of one time, and not the last slice of one time with
    the first of the next. In memory are a strip of two planes, and what their objects share.
    """
    counting, numbers = StackNumbers(), list[Numbers]()
    for place, plane in enumerate(planes):
        objects = np.unique(plane.objects()[:, 0]).astype(np.int64)
        if min_iou is None or not len(axes[:-2]) or place_of(axes, place)[-1] == 0:
            numbers.append(counting.first(objects))
            continue
        shared = SharedPixels()
        for before, after in side_by_side(planes[place - 1].strips(), plane.strips()):
            shared.add(before, after)
        numbers.append(counting.following(objects, shared.links(min_iou), numbers[-1]))
    return numbers


def objects_of(planes: Sequence[StripFolder], numbers: Sequence[Numbers]) -> Float64[np.ndarray, "n k"]:
    """Number, pixels and sums of class probabilities of the objects of a stack, rising: those in all planes added up."""
    tables = [plane.objects() for plane in planes]
    for table, of_plane in zip(tables, numbers, strict=True):
        table[:, 0] = of_plane[table[:, 0].astype(np.int64)]
    table = np.concatenate([table for table in tables if len(table)] or tables[:1])
    found, places = np.unique(table[:, 0], return_inverse=True)
    sums = np.zeros((len(found), table.shape[1]))
    np.add.at(sums, places, table)
    sums[:, 0] = found
    return sums


def side_by_side(
    one: Iterable[Int32[np.ndarray, "h w"]], other: Iterable[Int32[np.ndarray, "h2 w"]]
) -> Iterator[tuple[Int32[np.ndarray, "r w"], Int32[np.ndarray, "r w"]]]:
    """The same rows of two planes, whose strips may end at different ones."""
    others = iter(other)
    second: Int32[np.ndarray, "h w"] | None = None
    for first in one:
        while len(first):
            if second is None or not len(second):
                second = next(others)
            rows = min(len(first), len(second))
            yield first[:rows], second[:rows]
            first, second = first[rows:], second[rows:]
