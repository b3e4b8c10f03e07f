"""The segmentation of a COCO annotation: polygons or run lengths, checked when read, filled when asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.base.errors import MaskValueError
from maskwright.formats.annotations import Note
from maskwright.formats.rings import Tell, check_place, is_number, read_ring, tell_empty, teller
from maskwright.masks import rle
from maskwright.masks.polygons import Polygon, fill_region, fill_regions
from maskwright.masks.region import Region


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


def regions_of(shapes: Sequence[Shape], size_hw: tuple[int, int]) -> tuple[Region, ...]:
    """The pixels of each shape on one image. Raises `MaskValueError` where run lengths do not fit it."""
    filled = iter(fill_regions([shape.rings for shape in shapes if isinstance(shape, Polygons)], size_hw))
    return tuple(next(filled) if isinstance(shape, Polygons) else shape.region(size_hw) for shape in shapes)


def read_shape(annotation: dict[str, Any], size_hw: tuple[int, int] | None, where: str) -> tuple[Shape | None, list[Note]]:
    """The segmentation of an annotation, or None where there is none that can be used, and what is to be known of it."""
    notes: list[Note] = []
    tell = teller(where, notes)
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
    if not (isinstance(box, list) and len(box) == 4 and all(map(is_number, box))):
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
        tell_empty(tell)
    return shape


def _polygons(value: list[Any], size_hw: tuple[int, int] | None, tell: Tell) -> Polygons | None:
    if all(map(is_number, value)):
        value = [value]  # one ring that is in no list
    names = ["its polygon"] if len(value) == 1 else [f"polygon {place} of {len(value)}" for place in range(1, len(value) + 1)]
    rings = [ring for one, name in zip(value, names, strict=True) if (ring := read_ring(one, name, tell)) is not None]
    if not rings:
        tell("no-polygon", "none of its polygons can be used", "Draw its mask anew, or take it out.", left_out=True)
        return None
    shape = Polygons(tuple(rings))
    if size_hw is not None:
        check_place(shape.rings, size_hw, tell, keep_outside=True)
    return shape


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
