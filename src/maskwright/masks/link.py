"""Objects of successive planes, slices or times, that are one object: linked one to one by their overlap."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int32, Int64

from maskwright.masks.overlap import map_overlaps

MIN_IOU = 0.25  # as Cellpose has it


def link_planes(
    before: Int32[np.ndarray, "h w"], after: Int32[np.ndarray, "h w"], *, min_iou: float = MIN_IOU
) -> Int64[np.ndarray, "n 2"]:
    """Pairs (number before, number after) of the objects of two label images that are one object, rising by the second.

    Pairs are made from the largest intersection over union down to `min_iou`, each object in one at most; of equals that of
    the lower numbers. What Cellpose's `stitch3D` (4.2) links this links too, and where its rule leaves the choice open it
    differs: an object whose best partner is taken has its next best, where Cellpose starts a new object; two objects that
    overlap one before equally do not both go on with its number; and no number comes back after an empty plane.
    """
    shared = SharedPixels()
    shared.add(before, after)
    return shared.links(min_iou)


@dataclass
class SharedPixels:
    """How many pixels the objects of two planes have in common: given part by part, so that no plane need be in memory."""

    _pairs: dict[tuple[int, int], int] = field(default_factory=dict, init=False)
    _before: dict[int, int] = field(default_factory=dict, init=False)
    _after: dict[int, int] = field(default_factory=dict, init=False)

    def add(self, before: Int32[np.ndarray, "h w"], after: Int32[np.ndarray, "h w"]) -> None:
        """The same part of both planes; 0 is no object."""
        numbers, others, overlaps = map_overlaps(before, after)
        for sums, values, areas in (
            (self._before, numbers, overlaps.true_areas), (self._after, others, overlaps.predicted_areas),
        ):  # fmt: skip
            for value, area in zip(values.tolist(), areas.tolist(), strict=True):
                sums[value] = sums.get(value, 0) + area
        pairs = zip(numbers[overlaps.true].tolist(), others[overlaps.predicted].tolist(), strict=True)
        for pair, pixels in zip(pairs, overlaps.pixels.tolist(), strict=True):
            if pair[0] > 0 and pair[1] > 0:
                self._pairs[pair] = self._pairs.get(pair, 0) + pixels

    def links(self, min_iou: float) -> Int64[np.ndarray, "n 2"]:
        """The pairs of `link_planes`."""
        ious = {pair: pixels / (self._before[pair[0]] + self._after[pair[1]] - pixels) for pair, pixels in self._pairs.items()}
        chosen: dict[int, int] = {}
        taken: set[int] = set()
        for one, other in sorted(ious, key=lambda pair: (-ious[pair], pair)):
            if ious[one, other] >= min_iou and one not in taken and other not in chosen:
                taken.add(one)
                chosen[other] = one
        return np.array([(chosen[other], other) for other in sorted(chosen)], np.int64).reshape(-1, 2)


@dataclass
class StackNumbers:
    """Numbers of objects over a whole stack: those of each plane are given theirs, linked or new, and none is given twice."""

    next_number: int = 1

    def first(self, objects: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " m"]:
        """For a plane before which there is none: the number over the stack of each number in the plane, by place."""
        return self.following(objects, np.zeros((0, 2), np.int64), np.zeros(1, np.int64))

    def following(
        self, objects: Int64[np.ndarray, " n"], links: Int64[np.ndarray, "p 2"], before: Int64[np.ndarray, " k"]
    ) -> Int64[np.ndarray, " m"]:
        """For the next plane: `before` are the numbers of the plane before, as this returns them, `links` what goes on."""
        numbers = np.zeros(int(objects.max(initial=0)) + 1, np.int64)
        numbers[links[:, 1]] = before[links[:, 0]]
        new = objects[numbers[objects] == 0]
        numbers[new] = np.arange(self.next_number, self.next_number + len(new))
        self.next_number += len(new)
        return numbers
