"""Colours of segments: stuff as its class, things in shades that neighbours do not share."""

import numpy as np
import pytest

from maskwright.masks.classes import Classes, ClassInfo
from maskwright.masks.draw_segments import SHADES, segment_colors, shaded
from maskwright.masks.types import Panoptic, Segment

STREET = Classes((ClassInfo("road", (90, 90, 90)), ClassInfo("car", (0, 114, 178), True), ClassInfo("hole", (0, 0, 0), True)))


def test_stuff_has_the_colour_of_its_class_and_neighbouring_things_have_two_shades():
    panoptic = Panoptic(np.array([[7, 7, 3, 3, 1, 1]], np.int32), (Segment(1, 0), Segment(3, 1), Segment(7, 1)), STREET)
    colors = segment_colors(panoptic)
    assert colors[1] == (90, 90, 90)
    assert {colors[3], colors[7]} == {shaded((0, 114, 178), 0), shaded((0, 114, 178), 1)}


def test_things_far_apart_take_shades_in_turn():
    ids = np.zeros((1, 200), np.int32)
    places = range(0, 200, 20)
    ids[0, list(places)] = range(1, 11)
    colors = segment_colors(Panoptic(ids, tuple(Segment(id, 1) for id in range(1, 11)), STREET))
    assert len(set(colors.values())) == len(SHADES)


@pytest.mark.parametrize("color", [(0, 114, 178), (255, 255, 255), (0, 0, 0), (128, 0, 0)])
def test_shades_of_a_class_differ_and_none_is_black(color):
    shades = [shaded(color, shade) for shade in range(len(SHADES))]
    assert all(any(shade) for shade in shades)
    assert len(set(shades)) >= 3  # of gray, hue and saturation say nothing


def test_a_map_without_segments_has_no_colours():
    assert segment_colors(Panoptic(np.zeros((2, 2), np.int32), (), STREET)) == {}
