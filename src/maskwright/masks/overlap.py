"""The one contingency table behind every score: pixels per (ground truth, prediction), of classes or of objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64, UInt16

from maskwright.base.errors import MaskValueError
from maskwright.masks.region import Region

PAIRS_AT_ONCE = 1 << 20  # of boxes that are compared in one go, so that memory does not follow objects x objects


@dataclass(frozen=True, eq=False)
class ObjectOverlaps:
    """Pairs of objects that share pixels, sorted by true and then predicted place; and the areas of all objects."""

    true: Int64[np.ndarray, " p"]  # places among the true objects
    predicted: Int64[np.ndarray, " p"]  # places among the predicted ones
    pixels: Int64[np.ndarray, " p"]  # above 0
    true_areas: Int64[np.ndarray, " n"]
    predicted_areas: Int64[np.ndarray, " m"]

    @property
    def iou(self) -> Float64[np.ndarray, " p"]:
        """Shared pixels over the pixels of either object, of each pair."""
        either = self.true_areas[self.true] + self.predicted_areas[self.predicted] - self.pixels
        return np.asarray(self.pixels / either)

    def among(self, pairs: Bool[np.ndarray, " p"]) -> "ObjectOverlaps":
        """The chosen pairs; the objects stay."""
        chosen = self.true[pairs], self.predicted[pairs], self.pixels[pairs]
        return ObjectOverlaps(*chosen, self.true_areas, self.predicted_areas)


def class_table(
    ground_truth: UInt16[np.ndarray, "h w"], prediction: UInt16[np.ndarray, "h1 w1"], classes: int
) -> Int64[np.ndarray, "k k1"]:
    """Pixels per (ground-truth class, predicted class); the last column counts pixels where nothing was predicted (`IGNORE`).

    Pixels whose ground truth is `IGNORE` are counted nowhere. Raises `MaskValueError` on different sizes or unknown ids.
    """
    if ground_truth.shape != prediction.shape:
        raise MaskValueError(
            f"The ground truth is {ground_truth.shape[1]} x {ground_truth.shape[0]} pixels, the prediction "
            f"{prediction.shape[1]} x {prediction.shape[0]} (width x height). They must be of one size; a mask is never "
            f"resized for a score. Write the prediction in the pixel grid of its image."
        )
    # In uint16 IGNORE + 1 wraps round to 0: one addition moves it out of the way of the classes, without a copy by index.
    rows, columns = (ids.ravel() + np.uint16(1) for ids in (ground_truth, prediction))
    if rows.size and max(rows.max(), columns.max()) > classes:
        raise MaskValueError(f"An id is no class: there are {classes} classes (0 to {classes - 1}).")
    side = classes + 1
    wide = np.uint16 if side**2 <= 2**16 else np.int64
    pairs = np.multiply(rows, side, dtype=wide) + columns
    table = np.bincount(pairs, minlength=side**2).reshape(side, side)[1:]
    return np.roll(table, -1, axis=1)


def object_overlaps(
    ground_truth: Sequence[Region],
    prediction: Sequence[Region],
    *,
    kinds: tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " m"]] | None = None,
) -> ObjectOverlaps:
    """The pixels that each true object shares with each predicted one; objects may overlap on either side.

    `kinds` (classes, say) of the true and of the predicted objects leaves out the pairs of different kinds. Time and memory
    follow the objects and the pairs whose boxes meet, not the size of the image nor the number of objects squared.
    """
    true, predicted = _meeting_boxes(_boxes(ground_truth), _boxes(prediction))
    if kinds is not None:
        alike = kinds[0][true] == kinds[1][predicted]
        true, predicted = true[alike], predicted[alike]
    pairs = zip(true.tolist(), predicted.tolist(), strict=True)
    pixels = np.array([_shared(ground_truth[i], prediction[j]) for i, j in pairs], np.int64)
    areas = (np.array([region.area for region in regions], np.int64) for regions in (ground_truth, prediction))
    return ObjectOverlaps(true, predicted, pixels, *areas).among(pixels > 0)


def map_overlaps(
    ground_truth: Int32[np.ndarray, "h w"], prediction: Int32[np.ndarray, "h w"]
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " m"], ObjectOverlaps]:
    """The values of two maps, each rising, and the pixels that each true value shares with each predicted one.

    Places in the overlaps are those of the values. Time follows the pixels, and memory the runs of equal pixels along rows: a
    map of a few thousand objects has far fewer of those, and only they are sorted.
    """
    true, predicted = ground_truth.ravel(), prediction.ravel()
    if not true.size:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, ObjectOverlaps(nothing, nothing, nothing, nothing, nothing)
    changes = np.flatnonzero((true[1:] != true[:-1]) | (predicted[1:] != predicted[:-1])) + 1
    starts = np.concatenate([[0], changes])
    lengths = np.diff(starts, append=true.size)
    codes, places = np.unique((true[starts].astype(np.int64) << 32) + predicted[starts], return_inverse=True)
    pixels = np.bincount(places, lengths).astype(np.int64)  # whole numbers below 2^53, which a float holds exactly
    of_true = (codes + (1 << 31)) >> 32
    true_values, i = np.unique(of_true, return_inverse=True)
    predicted_values, j = np.unique(codes - (of_true << 32), return_inverse=True)
    areas = (np.bincount(at, pixels).astype(np.int64) for at in (i, j))
    return true_values, predicted_values, ObjectOverlaps(i, j, pixels, *areas)


def _boxes(regions: Sequence[Region]) -> Int64[np.ndarray, "n 4"]:
    return np.array([region.box_xyxy for region in regions], np.int64).reshape(-1, 4)


def _meeting_boxes(
    ours: Int64[np.ndarray, "n 4"], theirs: Int64[np.ndarray, "m 4"]
) -> tuple[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"]]:
    """The places of all pairs of boxes that share area, sorted by the first and then the second."""
    below = _starting_within(ours, theirs, side="left")
    above = _starting_within(theirs, ours, side="right")
    true, predicted = np.concatenate([below, above[::-1]], axis=1)
    order = np.lexsort((predicted, true))
    return true[order], predicted[order]


def _starting_within(
    ours: Int64[np.ndarray, "n 4"], theirs: Int64[np.ndarray, "m 4"], *, side: Literal["left", "right"]
) -> Int64[np.ndarray, "2 p"]:
    """Pairs of boxes that share area where theirs starts at one of our rows; 'right' leaves out our first row.

    Every two boxes that share rows are such a pair one way or the other, and only one way when one side leaves out the first.
    """
    order = np.argsort(theirs[:, 1], kind="stable")
    tops = theirs[order, 1]
    first = np.searchsorted(tops, ours[:, 1], side=side)
    counts = np.maximum(np.searchsorted(tops, ours[:, 3], side="left") - first, 0)
    ends = np.cumsum(counts)
    found, start = [np.zeros((2, 0), np.int64)], 0
    while start < len(ours):
        done = int(ends[start] - counts[start])
        stop = max(int(np.searchsorted(ends, done + PAIRS_AT_ONCE, side="right")), start + 1)
        mine = np.repeat(np.arange(start, stop), counts[start:stop])
        place = np.arange(len(mine)) + (first - ends + counts)[mine] + done
        other = order[place]
        meet = np.maximum(ours[mine, 0], theirs[other, 0]) < np.minimum(ours[mine, 2], theirs[other, 2])
        found.append(np.stack([mine[meet], other[meet]]))
        start = stop
    return np.concatenate(found, axis=1)


def _shared(one: Region, other: Region) -> int:
    """The pixels that two regions share, counted where their boxes meet."""
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = one.box_xyxy, other.box_xyxy
    x0, y0, x1, y1 = max(ax0, bx0), max(ay0, by0), min(ax1, bx1), min(ay1, by1)
    mine = one.pixels[y0 - ay0 : y1 - ay0, x0 - ax0 : x1 - ax0]
    return int(np.count_nonzero(mine & other.pixels[y0 - by0 : y1 - by0, x0 - bx0 : x1 - bx0]))


def near_pairs(regions: Sequence[Region], distance: int) -> list[tuple[int, int]]:
    """The pairs of regions whose boxes lie within this many pixels of each other, the earlier place first."""
    boxes = _boxes(regions)
    grown = boxes + np.array([-distance, -distance, distance, distance])
    one, other = _meeting_boxes(grown, boxes)
    return [pair for pair in zip(one.tolist(), other.tolist(), strict=True) if pair[0] < pair[1]]
