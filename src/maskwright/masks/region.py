"""One binary mask cropped to its box, so that its cost follows the object and not the image; how far two of them agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from maskwright.base.errors import MaskValueError

BOX_PAIRS = 1 << 20  # pairs of boxes that are compared at a time, which bounds the memory


@dataclass(frozen=True, eq=False)
class Region:
    """The pixels of one object inside its half-open box (x0, y0, x1, y1). The box may lie anywhere in its image."""

    box_xyxy: tuple[int, int, int, int]
    pixels: Bool[np.ndarray, "h w"]

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.box_xyxy
        if self.pixels.dtype != np.bool_ or self.pixels.shape != (y1 - y0, x1 - x0):
            raise MaskValueError(
                f"A region's pixels must be a boolean array of its box's size {(y1 - y0, x1 - x0)}, "
                f"not {self.pixels.dtype} {self.pixels.shape}."
            )
        self.pixels.setflags(write=False)

    @classmethod
    def of_mask(cls, mask: Bool[np.ndarray, "h w"]) -> "Region":
        """The region of a whole-image mask, cropped to the tight box; an empty mask has the empty box (0, 0, 0, 0)."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows) == 0:
            return cls((0, 0, 0, 0), np.zeros((0, 0), bool))
        x0, x1, y0, y1 = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
        return cls((x0, y0, x1, y1), mask[y0:y1, x0:x1].copy())

    @property
    def area(self) -> int:
        """Pixels of the object."""
        return int(np.count_nonzero(self.pixels))

    def mask(self, size_hw: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
        """The region as a mask of the whole image; parts outside the image are cut off."""
        mask = np.zeros(size_hw, bool)
        inside = self.window((0, 0, size_hw[1], size_hw[0]))
        x0, y0, x1, y1 = inside.box_xyxy
        mask[y0:y1, x0:x1] = inside.pixels
        return mask

    def tight(self) -> "Region":
        """The same pixels in the smallest box; of no pixels, the empty region at (0, 0)."""
        inner = Region.of_mask(self.pixels)
        (x0, y0, _, _), (left, top, right, bottom) = self.box_xyxy, inner.box_xyxy
        return Region((x0 + left, y0 + top, x0 + right, y0 + bottom), inner.pixels) if inner.pixels.size else inner

    def window(self, box_xyxy: tuple[int, int, int, int]) -> "Region":
        """What lies in a box, seen from its upper left corner. Nothing in it is the empty region at (0, 0)."""
        left, top, right, bottom = box_xyxy
        x0, y0, x1, y1 = self.box_xyxy
        a, b, c, d = max(x0, left), max(y0, top), min(x1, right), min(y1, bottom)
        if a >= c or b >= d:
            return Region((0, 0, 0, 0), np.zeros((0, 0), bool))
        return Region((a - left, b - top, c - left, d - top), self.pixels[b - y0 : d - y0, a - x0 : c - x0])


def iou(a: Sequence[Region], b: Sequence[Region], is_crowd: Bool[np.ndarray, " b"] | None = None) -> Float64[np.ndarray, "a b"]:
    """Intersection over union of every region of `a` with every one of `b`; 0 where both are empty.

    Over the area of `a` where `b` is a crowd, as in COCO, whose predictions are `a` (equal to pycocotools' maskUtils.iou).
    Pixels are compared only where boxes meet, so that many small objects cost little.
    """
    crowd = np.zeros(len(b), bool) if is_crowd is None else is_crowd
    table = np.zeros((len(a), len(b)))
    areas_a, areas_b = (np.array([region.area for region in regions], np.int64) for regions in (a, b))
    for i, j in _meeting(_boxes(a), _boxes(b)).tolist():
        common = _common(a[i], b[j])
        if common:
            union = areas_a[i] if crowd[j] else areas_a[i] + areas_b[j] - common
            table[i, j] = common / union
    return table


def _boxes(regions: Sequence[Region]) -> Int64[np.ndarray, "n 4"]:
    return np.array([region.box_xyxy for region in regions], np.int64).reshape(-1, 4)


def _meeting(a: Int64[np.ndarray, "a 4"], b: Int64[np.ndarray, "b 4"]) -> Int64[np.ndarray, "p 2"]:
    """The pairs of places whose boxes have a pixel in common, found among those whose columns may meet."""
    order = np.argsort(b[:, 0], kind="stable")
    lefts, widest = b[order, 0], int((b[:, 2] - b[:, 0]).max(initial=0))
    first, last = np.searchsorted(lefts, a[:, 0] - widest, "right"), np.searchsorted(lefts, a[:, 2])
    counts = np.maximum(last - first, 0)
    step = max(BOX_PAIRS // max(len(b), 1), 1)
    pairs = [np.zeros((0, 2), np.int64)]
    for some in (slice(start, start + step) for start in range(0, len(a), step)):
        i = np.repeat(np.arange(len(a))[some], counts[some])
        j = order[np.arange(len(i)) - np.repeat(np.cumsum(counts[some]) - counts[some] - first[some], counts[some])]
        meet = (np.maximum(a[i, :2], b[j, :2]) < np.minimum(a[i, 2:], b[j, 2:])).all(axis=1)
        pairs.append(np.stack([i[meet], j[meet]], axis=1))
    return np.concatenate(pairs)


def _common(a: Region, b: Region) -> int:
    """Pixels that are in both, whose boxes meet."""
    (ax, ay, ax1, ay1), (bx, by, bx1, by1) = a.box_xyxy, b.box_xyxy
    x0, y0, x1, y1 = max(ax, bx), max(ay, by), min(ax1, bx1), min(ay1, by1)
    both = a.pixels[y0 - ay : y1 - ay, x0 - ax : x1 - ax] & b.pixels[y0 - by : y1 - by, x0 - bx : x1 - bx]
    return int(np.count_nonzero(both))
