"""The shapes of labelme's JSON: polygons, rectangles, circles and masks, checked when read."""

import base64
import binascii
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool
from PIL import Image

from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.rings import REMEDY, Tell, box_ring, check_mask, check_place, ellipse_ring, is_number, read_ring
from maskwright.masks.polygons import FARTHEST, Polygon, is_hole, outline
from maskwright.masks.region import Region

NO_MASKS = ("point", "points", "line", "linestrip")

Shape = Polygon | Region


def read_shape(value: dict[str, Any], size_hw: tuple[int, int] | None, tell: Tell) -> Shape | None:
    """The ring or the mask of a shape, or None where it cannot be used, which is told."""
    kind = value.get("shape_type") or "polygon"  # files before labelme 3.5 say none
    points = _points(value.get("points"), kind, tell)
    if points is None:
        return None
    if kind == "mask":
        region = _region(value.get("mask"), points, size_hw, tell)
        return region if region is None or size_hw is None or check_mask(region, size_hw, tell) else None
    ring = _ring(kind, points, tell)
    return ring if ring is None or size_hw is None or check_place([ring], size_hw, tell) else None


def written_shape(inside: Region) -> dict[str, Any]:
    """A polygon along the edges of the pixels where it is exact, else a mask."""
    x0, y0, _, _ = inside.box_xyxy
    rings = outline(inside.pixels)
    if len(rings) == 1 and not is_hole(rings[0]):
        return {"points": (rings[0] + np.array([x0, y0])).tolist(), "shape_type": "polygon", "mask": None}
    return written_mask(inside)


def written_mask(inside: Region) -> dict[str, Any]:
    """A mask as labelme keeps it: a PNG of its box, whose second corner is the last pixel."""
    tight = Region.of_mask(inside.pixels)
    left, top, right, bottom = tight.box_xyxy
    x0, y0, _, _ = inside.box_xyxy
    buffer = io.BytesIO()
    Image.fromarray(tight.pixels.astype(np.uint8)).save(buffer, format="PNG")
    points = [[x0 + left, y0 + top], [x0 + right - 1, y0 + bottom - 1]]
    return {"points": points, "shape_type": "mask", "mask": base64.b64encode(buffer.getvalue()).decode()}


def _points(value: Any, kind: str, tell: Tell) -> list[list[float]] | None:
    """Pairs of numbers; whether there are enough is asked later."""
    points = value if isinstance(value, list) else [value]
    odd = [point for point in points if not (isinstance(point, list) and len(point) == 2)]
    if odd or not points:
        what = f"its point {str(odd[0])[:40]} is no pair [x, y]" if odd else "it has no points"
        tell(f"wrong-{kind}", f"{what}; it is left out", REMEDY, left_out=True)
        return None
    if not all(is_number(number) and abs(number) < FARTHEST for point in points for number in point):
        what = f"its points are not all numbers, or reach farther than {FARTHEST:.0e} pixels; it is left out"
        tell(f"wrong-{kind}", what, REMEDY, left_out=True)
        return None
    return points


def _ring(kind: str, points: Sequence[Sequence[float]], tell: Tell) -> Polygon | None:
    if kind == "rectangle" and len(points) == 2:
        (x0, y0), (x1, y1) = points
        return box_ring(x0, y0, x1, y1)
    if kind == "circle" and len(points) == 2:
        (x, y), (x1, y1) = points
        radius = float(np.hypot(x1 - x, y1 - y))
        return ellipse_ring(x, y, radius, radius)
    if kind == "circle" or (kind == "rectangle" and len(points) < 3):
        tell(f"wrong-{kind}", f"its {kind} has {len(points)} points, not two; it is left out", REMEDY, left_out=True)
        return None
    return read_ring([number for point in points for number in point], f"its {kind}", tell, is_all=True)


def _region(value: Any, points: Sequence[Sequence[float]], size_hw: tuple[int, int] | None, tell: Tell) -> Region | None:
    remedy = "Draw it anew, or restore the file from a copy."
    pixels = _pixels(value, size_hw)
    if isinstance(pixels, str):
        tell("wrong-mask", f"{pixels}; it is left out", remedy, severity="error", left_out=True)
        return None
    height, width = pixels.shape
    left, top = (int(number) for number in points[0])
    if len(points) == 2:
        right, bottom = (int(number) for number in points[1])
        if (right - left + 1, bottom - top + 1) != (width, height):
            box = f"{right - left + 1} x {bottom - top + 1}"
            what = f"its mask has {width} x {height} pixels, but its box {box}; the mask is kept at the box's corner"
            tell("wrong-box", what, "Look at it, and draw it anew if it lies wrong.")
    return Region((left, top, left + width, top + height), pixels)


def _pixels(value: Any, size_hw: tuple[int, int] | None) -> Bool[np.ndarray, "h w"] | str:
    """The mask of a PNG in base64, or what is wrong with it."""
    if not isinstance(value, str) or not value:
        return "it is a mask without its picture"
    try:
        content = base64.b64decode(value, validate=True)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS or (size_hw is not None and (height > size_hw[0] or width > size_hw[1])):
                return f"its mask of {width} x {height} pixels is larger than its image"
            pixels = np.asarray(picture)
    except (binascii.Error, OSError, SyntaxError, ValueError) as error:  # what Pillow raises on damaged PNG files
        return f"its mask is no readable PNG in base64 ({str(error)[:80]})"
    return np.asarray((pixels if pixels.ndim == 2 else pixels.any(axis=2)) != 0)
