"""The segmentation of a COCO annotation: polygons or run lengths, checked when read, filled when asked for."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.base.errors import MaskValueError
from maskwright.formats.annotations import Note
from maskwright.masks import rle
from maskwright.masks.polygons import FARTHEST, Polygon, fill_region, fill_regions
from maskwright.masks.region import Region

OUTSIDE = 1.0  # pixels beyond the rim that are taken for rounding


@dataclass(frozen=True, eq=False)
class Polygons:
    """Rings of (x, y), united when filled."""

    rings: tuple[Polygon, ...]

    def region(self, size_hw: tuple[int, int]) -> Region:
        """The pixels that the rings cover, equal to pycocotools."""
        return fill_region(self.rings, size_hw)


@dataclass(frozen=True, eq=False)
class Runs:
    """Run lengths, or the text that they are packed in."""

    counts: tuple[int, ...] | str

    def region(self, size_hw: tuple[int, int]) -> Region:
        """The pixels. Raises `MaskValueError` where the runs do not add up to the image."""
        return rle.region_of(self._numbers(), size_hw)

    def area(self, size_hw: tuple[int, int]) -> int:
        """How many pixels, without filling them. Raises as `region` does."""
        return rle.area(self._numbers(), size_hw)

    def _numbers(self) -> tuple[int, ...]:
        return rle.from_text(self.counts) if isinstance(self.counts, str) else self.counts


Shape = Polygons | Runs
Tell = Callable[..., None]  # a note on this annotation: code, what, remedy, severity, left_out


def regions_of(shapes: Sequence[Shape], size_hw: tuple[int, int]) -> tuple[Region, ...]:
    """The pixels of each shape on one image. Raises `MaskValueError` where run lengths do not fit it."""
    filled = iter(fill_regions([shape.rings for shape in shapes if isinstance(shape, Polygons)], size_hw))
    return tuple(next(filled) if isinstance(shape, Polygons) else shape.region(size_hw) for shape in shapes)


def read_shape(annotation: dict[str, Any], size_hw: tuple[int, int] | None, where: str) -> tuple[Shape | None, list[Note]]:
    """The segmentation of an annotation, or None where there is none that can be used, and what is to be known of it."""
    notes: list[Note] = []

    def tell(code: str, what: str, remedy: str, **more: Any) -> None:
        notes.append(Note(code, where, what, remedy, **more))

    _check_box(annotation.get("bbox"), tell)
    value = annotation.get("segmentation")
    shape: Shape | None = None
    if isinstance(value, dict):
        shape = _runs(value, size_hw, tell)
    elif isinstance(value, list) and value:
        shape = _polygons(value, size_hw, tell)
    else:
        tell("no-mask", "it has no mask, only a box", "Draw its mask, or take it out.", left_out=True)
    return shape, notes


def _check_box(box: Any, tell: Tell) -> None:
    if box is None:
        return
    if not (isinstance(box, list) and len(box) == 4 and all(map(_is_number, box))):
        tell("wrong-box", f"its box is {str(box)[:80]}, not four numbers", "The mask is used. Write x, y, width, height.")
    elif box[2] <= 0 or box[3] <= 0:
        tell("empty-box", f"its box {box} has no area", "The mask is used. If it is a slip of the mouse, take it out.")


def _runs(value: dict[str, Any], size_hw: tuple[int, int] | None, tell: Tell) -> Runs | None:
    counts, size = value.get("counts"), value.get("size")
    remedy = "Export it again from the program that made it."
    if not isinstance(counts, list | str) or not (isinstance(size, list) and len(size) == 2 and all(map(_is_whole, size))):
        tell("wrong-rle", "its run lengths lack size or counts", remedy, severity="error", left_out=True)
        return None
    height, width = size
    if size_hw is not None and (height, width) != size_hw:
        what = f"its run lengths are for {width} x {height} pixels, its image has {size_hw[1]} x {size_hw[0]}"
        tell("wrong-rle", what, remedy, severity="error", left_out=True)
        return None
    if isinstance(counts, list) and not all(map(_is_whole, counts)):
        tell("wrong-rle", "its run lengths are not all whole numbers of 0 and more", remedy, severity="error", left_out=True)
        return None
    shape = Runs(counts if isinstance(counts, str) else tuple(counts))
    try:
        area = shape.area((height, width))
    except MaskValueError as error:
        what = f"its run lengths cannot be used. {error}".rstrip(".")
        tell("wrong-rle", what, remedy, severity="error", left_out=True)
        return None
    if not area:
        _tell_empty(tell)
    return shape


def _polygons(value: list[Any], size_hw: tuple[int, int] | None, tell: Tell) -> Polygons | None:
    if all(map(_is_number, value)):
        value = [value]  # one ring that is in no list
    rings = [ring for place, one in enumerate(value, 1) if (ring := _ring(one, place, len(value), tell)) is not None]
    if not rings:
        tell("no-polygon", "none of its polygons can be used", "Draw its mask anew, or take it out.", left_out=True)
        return None
    shape = Polygons(tuple(rings))
    if size_hw is not None:
        _check_place(shape, size_hw, tell)
    return shape


def _ring(value: Any, place: int, count: int, tell: Tell) -> Polygon | None:
    which = "its polygon" if count == 1 else f"polygon {place} of {count}"
    remedy = "Draw it anew, or take it out."
    if not isinstance(value, list) or not all(map(_is_number, value)):
        tell("wrong-polygon", f"{which} holds something else than numbers; it is left out", remedy)
    elif len(value) % 2:
        tell("wrong-polygon", f"{which} has {len(value)} numbers, not pairs of x and y; it is left out", remedy)
    elif len(value) < 6:
        tell("few-points", f"{which} has {len(value) // 2} points, and three are needed; it is left out", remedy)
    elif max(map(abs, value)) >= FARTHEST:
        tell("wrong-polygon", f"{which} reaches farther than {FARTHEST:.0e} pixels; it is left out", remedy)
    else:
        return np.array(value, np.float64).reshape(-1, 2)
    return None


def _check_place(shape: Polygons, size_hw: tuple[int, int], tell: Tell) -> None:
    """Polygons that leave their image, and those that cover no pixel of it."""
    corners = np.concatenate(shape.rings)
    (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    height, width = size_hw
    is_thin = min(x1 - x0, y1 - y0) < 1 or _thickness(shape) < 1
    is_off = x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height
    if is_off or (is_thin and not shape.region(size_hw).area):
        _tell_empty(tell, "it lies outside the image and" if is_off else "it")
    elif min(x0, y0) < -OUTSIDE or x1 > width + OUTSIDE or y1 > height + OUTSIDE:
        what = f"it reaches outside the image: x {x0:g} to {x1:g}, y {y0:g} to {y1:g}, on {width} x {height} pixels"
        tell("outside", what, "It is cut at the rim. Is the image another than the one that was annotated?")


def _thickness(shape: Polygons) -> float:
    """Area over the longer side of the box, of the thickest ring: below 1 a ring may slip between pixel centres."""
    thickest = 0.0
    for ring in shape.rings:
        x, y = ring.T
        area = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
        thickest = max(thickest, area / max(float(np.ptp(x)), float(np.ptp(y)), 1e-9))
    return thickest


def _tell_empty(tell: Tell, what: str = "it") -> None:
    tell("no-pixel", f"{what} covers no pixel", "It is kept as an object without pixels. Draw it anew, or take it out.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
