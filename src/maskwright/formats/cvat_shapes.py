"""The shapes of CVAT's XML: polygons, boxes, ellipses and masks, checked when read; its run lengths go row by row."""

import math
from collections.abc import Sequence
from xml.etree.ElementTree import Element

import numpy as np

from maskwright.base.errors import MaskValueError
from maskwright.formats.rings import REMEDY, Tell, box_ring, check_mask, check_place, ellipse_ring, read_ring
from maskwright.masks import rle
from maskwright.masks.polygons import FARTHEST, Polygon
from maskwright.masks.region import Region

DRAWN = ("polygon", "box", "ellipse", "mask")
NO_MASKS = ("polyline", "points", "cuboid", "skeleton")

Shape = Polygon | Region


def read_shape(element: Element, size_hw: tuple[int, int] | None, tell: Tell) -> Shape | None:
    """The ring or the mask of an element of `DRAWN`, or None where it cannot be used, which is told."""
    if element.tag == "mask":
        region = _region(element, size_hw, tell)
        return region if region is None or size_hw is None or check_mask(region, size_hw, tell) else None
    ring = {"polygon": _polygon, "box": _box, "ellipse": _ellipse}[element.tag](element, tell)
    return ring if ring is None or size_hw is None or check_place([ring], size_hw, tell) else None


def row_counts(region: Region) -> tuple[int, ...]:
    """Run lengths of a region in its box, row by row; the first is of zeros."""
    return rle.encode(region.pixels.T)  # the columns of the mask on its side


def _polygon(element: Element, tell: Tell) -> Polygon | None:
    points = [part for part in element.get("points", "").split(";") if part.strip()]
    odd = next((point for point in points if point.count(",") != 1), None)
    if odd is not None:
        tell("wrong-polygon", f"its point '{odd.strip()[:40]}' is no pair x,y; it is left out", REMEDY, left_out=True)
        return None
    numbers = [_number(part) for point in points for part in point.split(",")]
    return read_ring(numbers, "its polygon", tell, is_all=True)


def _box(element: Element, tell: Tell) -> Polygon | None:
    numbers = _numbers(element, ("xtl", "ytl", "xbr", "ybr"), tell)
    if numbers is None:
        return None
    x0, y0, x1, y1, degrees = numbers
    return box_ring(x0, y0, x1, y1, degrees)


def _ellipse(element: Element, tell: Tell) -> Polygon | None:
    numbers = _numbers(element, ("cx", "cy", "rx", "ry"), tell)
    if numbers is None:
        return None
    x, y, x_radius, y_radius, degrees = numbers
    return ellipse_ring(x, y, x_radius, y_radius, degrees)


def _region(element: Element, size_hw: tuple[int, int] | None, tell: Tell) -> Region | None:
    places = [_whole(element.get(key)) for key in ("left", "top", "width", "height")]
    counts = [_whole(part) for part in element.get("rle", "").split(",")]
    remedy = "Export it again from the program that made it."
    left, top, width, height = places
    if left is None or top is None or width is None or height is None or min(width, height) < 1:
        tell("wrong-rle", "its left, top, width and height are not four whole numbers", remedy, severity="error", left_out=True)
        return None
    if size_hw is not None and (width > size_hw[1] or height > size_hw[0]):
        what = f"its mask of {width} x {height} pixels is larger than its image of {size_hw[1]} x {size_hw[0]}"
        tell("wrong-rle", what, remedy, severity="error", left_out=True)
        return None
    runs = [count for count in counts if count is not None]
    if len(runs) < len(counts):
        tell("wrong-rle", "its run lengths are not all whole numbers", remedy, severity="error", left_out=True)
        return None
    return _placed(runs, (left, top, width, height), remedy, tell)


def _placed(runs: Sequence[int], box: tuple[int, int, int, int], remedy: str, tell: Tell) -> Region | None:
    left, top, width, height = box
    try:
        turned = rle.region_of(runs, (width, height))
    except MaskValueError:
        what = f"its run lengths add up to {sum(runs)} pixels, but its box has {width} x {height} = {width * height}"
        tell("wrong-rle", what, remedy, severity="error", left_out=True)
        return None
    y0, x0, y1, x1 = turned.box_xyxy
    return Region((x0 + left, y0 + top, x1 + left, y1 + top), np.ascontiguousarray(turned.pixels.T))


def _numbers(element: Element, keys: Sequence[str], tell: Tell) -> tuple[float, ...] | None:
    """The numbers under the keys and the rotation in degrees."""
    numbers = [_number(element.get(key)) for key in keys] + [_number(element.get("rotation", "0"))]
    if any(number is None or abs(number) >= FARTHEST for number in numbers):
        seen = ", ".join(f"{key} {element.get(key)}" for key in keys)
        tell(f"wrong-{element.tag}", f"its place is no five numbers: {seen}; it is left out", REMEDY, left_out=True)
        return None
    return tuple(number for number in numbers if number is not None)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(text: str | None) -> int | None:
    number = _number(text)
    return int(number) if number is not None and number == int(number) and abs(number) < FARTHEST else None
