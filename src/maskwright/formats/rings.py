"""Rings that a person drew, and masks that a program did: what is wrong with one is told, and where it lies on its image."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maskwright.formats.annotations import Note
from maskwright.masks.polygons import FARTHEST, Polygon, cross_themselves, fill_region
from maskwright.masks.region import Region

OUTSIDE = 1.0  # pixels beyond the rim that are taken for rounding
ELLIPSE_CORNERS = 180  # at a radius of 1,000 pixels the ring is at most 0.15 pixels inside the ellipse

REMEDY = "Draw it anew, or take it out."

Tell = Callable[..., None]  # a note on one annotation: code, what, remedy, severity, left_out


def teller(where: str, notes: list[Note]) -> Tell:
    """What adds notes on one annotation to a list."""

    def tell(code: str, what: str, remedy: str, **more: Any) -> None:
        notes.append(Note(code, where, what, remedy, **more))

    return tell


def read_ring(value: Any, which: str, tell: Tell, *, remedy: str = REMEDY, is_all: bool = False) -> Polygon | None:
    """The ring of a flat list of x and y, or None where it cannot be used, which is told; `which` names it in words.

    is_all: its object has no other ring, and is left out with it.
    """
    if not isinstance(value, list) or not all(map(is_number, value)):
        tell("wrong-polygon", f"{which} holds something else than numbers; it is left out", remedy, left_out=is_all)
    elif len(value) % 2:
        tell(
            "wrong-polygon", f"{which} has {len(value)} numbers, not pairs of x and y; it is left out", remedy, left_out=is_all
        )
    elif len(value) < 6:
        what = f"{which} has {len(value) // 2} points, and three are needed; it is left out"
        tell("few-points", what, remedy, left_out=is_all)
    elif max(map(abs, value)) >= FARTHEST:
        tell("wrong-polygon", f"{which} reaches farther than {FARTHEST:.0e} pixels; it is left out", remedy, left_out=is_all)
    else:
        return np.array(value, np.float64).reshape(-1, 2)
    return None


def box_ring(x0: float, y0: float, x1: float, y1: float, degrees: float = 0) -> Polygon:
    """The ring of a box, turned clockwise on the screen around its middle."""
    ring = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)
    return _turned(ring, degrees) if degrees else ring


def ellipse_ring(x: float, y: float, x_radius: float, y_radius: float, degrees: float = 0) -> Polygon:
    """The ring of an ellipse around (x, y), turned clockwise on the screen, with `ELLIPSE_CORNERS` corners."""
    angle = np.linspace(0, 2 * np.pi, ELLIPSE_CORNERS, endpoint=False)
    ring = np.stack([x + x_radius * np.cos(angle), y + y_radius * np.sin(angle)], axis=1)
    return _turned(ring, degrees, around=(x, y)) if degrees else ring


def check_place(rings: Sequence[Polygon], size_hw: tuple[int, int], tell: Tell, *, keep_outside: bool = False) -> bool:
    """Tell of rings that leave their image and of those that cover no pixel; False where nothing lies on the image.

    keep_outside: what lies outside is kept as an object without pixels.
    """
    corners = np.concatenate(rings)
    (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    height, width = size_hw
    is_thin = min(x1 - x0, y1 - y0) < 1 or _thickness(rings) < 1
    is_off = x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height
    if is_off and not keep_outside:
        _tell_outside((x0, y0, x1, y1), size_hw, tell)
    elif is_off or (is_thin and not fill_region(rings, size_hw).area):
        tell_empty(tell, "it lies outside the image and" if is_off else "it")
    elif min(x0, y0) < -OUTSIDE or x1 > width + OUTSIDE or y1 > height + OUTSIDE:
        _tell_reaching((x0, y0, x1, y1), size_hw, tell)
    return keep_outside or not is_off


def check_mask(region: Region, size_hw: tuple[int, int], tell: Tell) -> bool:
    """Tell of a mask that leaves its image or has no pixel; False where nothing of its box lies on the image."""
    x0, y0, x1, y1 = region.box_xyxy
    height, width = size_hw
    is_off = x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height
    if is_off:
        _tell_outside(region.box_xyxy, size_hw, tell)
    elif not region.window((0, 0, width, height)).area:
        tell_empty(tell)
    elif min(x0, y0) < 0 or x1 > width or y1 > height:
        _tell_reaching(region.box_xyxy, size_hw, tell)
    return not is_off


def tell_empty(tell: Tell, what: str = "it") -> None:
    """Tell of an object without pixels."""
    tell("no-pixel", f"{what} covers no pixel", "It is kept as an object without pixels. Draw it anew, or take it out.")


def note_crossing(named: Sequence[tuple[str, Polygon]], notes: list[Note]) -> None:
    """Note the annotations of which a ring crosses itself; each ring comes with the name of its annotation."""
    crossing = cross_themselves([ring for _, ring in named])
    for where in dict.fromkeys(named[place][0] for place in np.flatnonzero(crossing).tolist()):
        what = "its outline crosses itself; what it encloses an even number of times is not part of it"
        notes.append(Note("self-crossing", where, what, "Right for loops and thin bridges; look at it otherwise.", "note"))


def is_number(value: Any) -> bool:
    """Whether this is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _tell_outside(box_xyxy: tuple[float, float, float, float], size_hw: tuple[int, int], tell: Tell) -> None:
    what = f"it lies outside the image: {_reach(box_xyxy, size_hw)}; it is left out"
    tell("outside", what, "Is the image another than the one that was annotated?", left_out=True)


def _tell_reaching(box_xyxy: tuple[float, float, float, float], size_hw: tuple[int, int], tell: Tell) -> None:
    what = f"it reaches outside the image: {_reach(box_xyxy, size_hw)}"
    tell("outside", what, "It is cut at the rim. Is the image another than the one that was annotated?")


def _reach(box_xyxy: tuple[float, float, float, float], size_hw: tuple[int, int]) -> str:
    x0, y0, x1, y1 = box_xyxy
    return f"x {x0:g} to {x1:g}, y {y0:g} to {y1:g}, on {size_hw[1]} x {size_hw[0]} pixels"


def _thickness(rings: Sequence[Polygon]) -> float:
    """Area over the longer side of the box, of the thickest ring: below 1 a ring may slip between pixel centres."""
    thickest = 0.0
    for ring in rings:
        x, y = ring.T
        area = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
        thickest = max(thickest, area / max(float(np.ptp(x)), float(np.ptp(y)), 1e-9))
    return thickest


def _turned(ring: Polygon, degrees: float, around: tuple[float, float] | None = None) -> Polygon:
    middle = ring.mean(axis=0) if around is None else np.array(around)
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return np.asarray((ring - middle) @ np.array([[cosine, sine], [-sine, cosine]]) + middle)
