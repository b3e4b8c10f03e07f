"""Masks as runs within their box, row by row: what labelling projects store and send, in COCO's packing."""

from collections.abc import Sequence

import numpy as np

from maskwright.base.errors import MaskValueError
from maskwright.masks import rle
from maskwright.masks.region import Region

Box = tuple[int, int, int, int]


def text_of(region: Region) -> str:
    """The runs of a region's pixels. COCO's runs go down the columns, so these are COCO's of the transposed box."""
    turned = region.pixels.T
    width, height = turned.shape
    return rle.to_text(rle.counts_of(Region((0, 0, height, width), turned), (width, height)))


def region_of(box_xyxy: Box, runs: str | Sequence[int]) -> Region:
    """The region of runs in a box. Raises `MaskValueError` where they do not fill it, or the box is none."""
    width, height = checked_size(box_xyxy)
    return Region(box_xyxy, np.ascontiguousarray(rle.decode(counts_of(runs), (width, height)).T))


def counts_of(runs: str | Sequence[int]) -> Sequence[int]:
    """The lengths of runs; the first is of pixels that are not set. Raises `MaskValueError` where a text is damaged."""
    return rle.from_text(runs) if isinstance(runs, str) else runs


def checked_size(box_xyxy: Box) -> tuple[int, int]:
    """Width and height of a half-open box. Raises `MaskValueError` where it holds no pixel."""
    x0, y0, x1, y1 = box_xyxy
    if x1 <= x0 or y1 <= y0:
        raise MaskValueError(f"The box {list(box_xyxy)} holds no pixel: it must be [x0, y0, x1, y1] with x0 < x1 and y0 < y1.")
    return x1 - x0, y1 - y0
