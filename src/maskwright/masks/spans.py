"""A mask as spans of an image's pixels in reading order: what is done to it costs what its runs cost, not its pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from maskwright.base.errors import MaskValueError
from maskwright.masks import rle
from maskwright.masks.box_runs import Box, checked_size, counts_of

Turns = Int64[np.ndarray, " turns"]
Pieces = Int64[np.ndarray, " pieces"]
Flags = Bool[np.ndarray, " places"]


@dataclass(frozen=True, eq=False)
class Spans:
    """Where the pixels of a mask begin and end, in the order in which an image `width` pixels wide is read.

    turns: rising places y * width + x, of which every first begins a span and every second ends it (half-open).
    """

    width: int
    turns: Turns

    @classmethod
    def empty(cls, width: int) -> "Spans":
        """No pixel."""
        return cls(width, np.zeros(0, np.int64))

    @classmethod
    def of_runs(cls, box_xyxy: Box, runs: str | Sequence[int], size_hw: tuple[int, int]) -> "Spans":
        """The mask of runs in a box. Raises `MaskValueError` where they do not fill it or it lies outside of the image."""
        box_width, box_height = checked_size(box_xyxy)
        x0, y0, x1, y1 = box_xyxy
        if x0 < 0 or y0 < 0 or x1 > size_hw[1] or y1 > size_hw[0]:
            raise MaskValueError(f"The box {list(box_xyxy)} lies outside of the image, which has {size_hw[1]} x {size_hw[0]}.")
        counts = np.asarray(counts_of(runs), np.int64)
        total = box_width * box_height
        if counts.ndim != 1 or (counts < 0).any() or (counts > total).any() or counts.sum() != total:
            raise MaskValueError(
                f"The runs do not count the pixels of the box {list(box_xyxy)}, which has {box_width} x {box_height} = {total}."
            )
        ends = np.cumsum(counts)
        turns = _apart(ends if len(ends) % 2 == 0 else ends[:-1])
        rows, starts, stops = _by_row(turns, box_width)
        left = (rows + y0) * size_hw[1] + x0
        return cls(size_hw[1], _apart(np.stack([left + starts, left + stops], axis=1).ravel()))

    @property
    def area(self) -> int:
        """Pixels of the mask."""
        return int((self.turns[1::2] - self.turns[::2]).sum())

    @property
    def box_xyxy(self) -> Box:
        """The smallest box around the mask; of no pixel, (0, 0, 0, 0)."""
        if not len(self.turns):
            return 0, 0, 0, 0
        rows, starts, stops = _by_row(self.turns, self.width)
        return int(starts.min()), int(rows[0]), int(stops.max()), int(rows[-1]) + 1

    def runs(self) -> tuple[Box, str]:
        """The box, and the runs in it as text. Raises `MaskValueError` where there is no pixel."""
        x0, y0, _, _ = box = self.box_xyxy
        box_width, box_height = checked_size(box)
        rows, starts, stops = _by_row(self.turns, self.width)
        left = (rows - y0) * box_width - x0
        turns = _apart(np.stack([left + starts, left + stops], axis=1).ravel())
        total = box_width * box_height
        counts = np.diff(turns if turns[-1] == total else np.append(turns, total), prepend=0)
        return box, rle.to_text(counts.tolist())

    def __or__(self, other: "Spans") -> "Spans":
        return self._with(other, np.logical_or)

    def __and__(self, other: "Spans") -> "Spans":
        return self._with(other, np.logical_and)

    def __sub__(self, other: "Spans") -> "Spans":
        return self._with(other, lambda own, others: own & ~others)

    def __bool__(self) -> bool:
        """Whether there is a pixel."""
        return len(self.turns) > 0

    def _with(self, other: "Spans", kept: Callable[[Flags, Flags], Flags]) -> "Spans":
        """The pixels that `kept` says, from whether they are in this mask and in the other."""
        places = np.union1d(self.turns, other.turns)
        inside = kept(*(np.searchsorted(each.turns, places, "right") % 2 == 1 for each in (self, other)))
        return Spans(self.width, places[inside != np.append(False, inside[:-1])[: len(inside)]])


def _apart(turns: Turns) -> Int64[np.ndarray, " kept"]:
    """Rising turns without those that cancel each other: where one span ends and the next begins."""
    places, times = np.unique(turns, return_counts=True)
    kept: Turns = places[times % 2 == 1]
    return kept


def _by_row(turns: Turns, width: int) -> tuple[Pieces, Pieces, Pieces]:
    """Spans cut at the ends of rows: the row of each piece, and where in it the piece begins and ends."""
    starts, stops = turns[::2], turns[1::2]
    first = starts // width
    pieces = (stops - 1) // width - first + 1
    whole = np.repeat(np.arange(len(starts)), pieces)
    rows = first[whole] + np.arange(len(whole)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return rows, np.maximum(starts[whole] - rows * width, 0), np.minimum(stops[whole] - rows * width, width)
