"""A held-out part when there are too few images to hold whole ones out: a block of each image behind a guard band."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from jaxtyping import Int64, UInt16

from maskwright.data.record import Record

SMALLEST_SIDE = 64  # pixels of the side that is cut; below, neither part would hold a crop worth training on or scoring
SMALLEST_BLOCK = 16  # pixels of the held-out block
GUARD_SHARE = 8  # the guard band takes at most one part in eight of the side
SHARES = (0.35, 0.5)  # larger blocks, tried when no block of the asked share holds any foreground

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Cut:
    """Where an image is cut: the held-out block at the first or last end of the longer or shorter side."""

    share: float
    along_longer: bool
    at_end: bool

    def boxes(self, size_hw: tuple[int, int], guard: int) -> tuple[Box, Box]:
        """The (train, held-out) boxes of an image; between them lies the guard band, which belongs to neither."""
        height, width = size_hw
        across = (width >= height) == self.along_longer
        side = width if across else height
        held = max(SMALLEST_BLOCK, round(side * self.share))
        train = side - held - guard_pixels(side, guard)
        first, second = (0, train), (side - held, side)
        if not self.at_end:
            first, second = (side - train, side), (0, held)
        if across:
            return (first[0], 0, first[1], height), (second[0], 0, second[1], height)
        return (0, first[0], width, first[1]), (0, second[0], width, second[1])

    def side(self, size_hw: tuple[int, int]) -> int:
        """Pixels of the side that is cut."""
        return max(size_hw) if self.along_longer else min(size_hw)

    def words(self, size_hw: tuple[int, int]) -> str:
        """Which end of the image is held out."""
        height, width = size_hw
        names = ("left", "right") if (width >= height) == self.along_longer else ("top", "bottom")
        return names[self.at_end]


def guard_pixels(side: int, asked: int) -> int:
    """Width of the guard band: what was asked, but at most an eighth of the side."""
    return min(asked, side // GUARD_SHARE)


def cut_records(
    records: Sequence[Record], cut: Cut, sizes_hw: Sequence[tuple[int, int]], guard: int
) -> tuple[list[Record], list[Record]]:
    """The train blocks and the held-out blocks of the records; an image too small to be cut only trains."""
    train, held_out = [], []
    for record, size_hw in zip(records, sizes_hw, strict=True):
        if cut.side(size_hw) < SMALLEST_SIDE:
            train.append(record)
            continue
        x0, y0 = record.window_xyxy[:2] if record.window_xyxy else (0, 0)
        parts = [(left + x0, top + y0, right + x0, bottom + y0) for left, top, right, bottom in cut.boxes(size_hw, guard)]
        train.append(replace(record, window_xyxy=parts[0]))
        held_out.append(replace(record, window_xyxy=parts[1]))
    return train, held_out


def best_cut(label_maps: Sequence[UInt16[np.ndarray, "_h _w"]], classes: int, *, share: float, guard: int) -> Cut | None:
    """The one cut for all images whose held-out blocks are most like the whole; None when every image is too small.

    All images are cut alike, since neighbours in a stack show nearly the same places. In this order: some foreground on both
    sides, the smallest block, the most classes on both sides, along the longer side, class shares like those of the whole.
    """
    large = [ids for ids in label_maps if max(ids.shape) >= SMALLEST_SIDE]
    if not large:
        return None
    whole = np.sum([_counts(ids, classes) for ids in large], axis=0)
    square = all(ids.shape[0] == ids.shape[1] for ids in large)
    shares = (share, *(larger for larger in SHARES if larger > share))
    sides = (True, False) if min(min(ids.shape) for ids in large) >= SMALLEST_SIDE else (True,)

    def rank(cut: Cut) -> tuple[bool, float, int, bool, float]:
        train, held_out = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
        for ids in large:
            (left, top, right, bottom), (x0, y0, x1, y1) = cut.boxes((ids.shape[0], ids.shape[1]), guard)
            train += _counts(ids[top:bottom, left:right], classes)
            held_out += _counts(ids[y0:y1, x0:x1], classes)
        both = (train > 0) & (held_out > 0)
        unlike = np.abs(held_out / max(held_out.sum(), 1) - whole / max(whole.sum(), 1)).sum()
        return (not bool(both[1:].any()), cut.share, -int(both.sum()), not (cut.along_longer or square), float(unlike))

    return min((Cut(*values) for values in product(shares, sides, (True, False))), key=rank)


def _counts(ids: UInt16[np.ndarray, "h w"], classes: int) -> Int64[np.ndarray, " k"]:
    """Pixels of each class; ignored ones are left out."""
    return np.bincount(ids.ravel(), minlength=classes)[:classes]
