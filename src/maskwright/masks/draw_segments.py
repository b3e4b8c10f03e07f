"""Segments of a panoptic map in colours: stuff in that of its class, things in shades of theirs, unlike their neighbours'."""

import colorsys

from maskwright.masks.convert import things_of
from maskwright.masks.draw_objects import Color, unlike_neighbours
from maskwright.masks.types import Panoptic

# How hue, saturation and value of a class's colour change: far enough to tell neighbours apart, near enough to tell classes.
SHADES = ((0.0, 1.0, 1.0), (0.04, 0.75, 1.2), (-0.05, 1.0, 0.72), (0.07, 1.2, 0.85), (-0.03, 0.45, 1.3))
DARKEST = 0.55  # value of a thing's colour at least: black would not be painted


def segment_colors(panoptic: Panoptic) -> dict[int, Color]:
    """The colour of each segment by its id."""
    things = [segment for segment in panoptic.segments if panoptic.classes[segment.class_id].is_thing]
    shades = dict(zip((segment.id for segment in things), unlike_neighbours(things_of(panoptic), len(SHADES)), strict=True))
    colors = {}
    for segment in panoptic.segments:
        color = panoptic.classes[segment.class_id].color
        colors[segment.id] = shaded(color, shades[segment.id]) if segment.id in shades else color
    return colors


def shaded(color: Color, shade: int) -> Color:
    """A shade of a class's colour; shade 0 is the colour itself, where that is not dark."""
    turn, vivid, bright = SHADES[shade]
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in color))
    changed = (hue + turn) % 1, min(saturation * vivid, 1), min(max(value, DARKEST) * bright, 1)
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(*changed))
    return red, green, blue
