"""Segments and errors drawn over an image: which pixels have which colour, by hand."""

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.draw import IGNORED
from maskwright.masks.types import Panoptic, Segment
from maskwright.report.segment_pictures import FOUND_FILL, SEGMENT_COLORS, segment_picture

ROAD, SKY, CAR, BUS = range(4)
STREET = Classes.named("road", "sky", "car", "bus", things=["car", "bus"])
SIZE_HW = (30, 60)


def scene(*boxes, ground=ROAD, crowds=(), void=None):
    """A class of stuff with things on it: (class, y, x, height, width), numbered from 2 on."""
    ids = np.ones(SIZE_HW, np.int32)
    for number, (_, y, x, height, width) in enumerate(boxes, 2):
        ids[y : y + height, x : x + width] = number
    if void is not None:
        ids[void] = 0
    segments = (Segment(1, ground), *(Segment(n, box[0], is_crowd=n in crowds) for n, box in enumerate(boxes, 2)))
    return Panoptic(ids, segments, STREET)


def drawn(truth, prediction):
    return segment_picture(np.full((*SIZE_HW, 3), 120, np.uint8), truth, prediction)


CASES = {
    "missed": (scene((CAR, 5, 5, 10, 10)), scene()),
    "spurious": (scene(), scene((CAR, 5, 5, 10, 10))),
    "wrong class": (scene((CAR, 5, 5, 10, 10)), scene((BUS, 5, 5, 10, 10))),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_of_wrong_segment_has_its_colour_a_line_around_it_and_its_count(kind):
    picture = drawn(*CASES[kind])
    color = np.array(SEGMENT_COLORS[kind])
    assert picture.counts == {"found": 1, kind: 1}  # the road was found
    assert picture.errors[5, 10].tolist() == color.tolist()
    np.testing.assert_allclose(picture.errors[10, 10], 102 + 0.6 * (color - 102), atol=1)
    np.testing.assert_allclose(picture.errors[0, 0], picture.errors[29, 59])


def test_what_is_found_is_calm_and_other_borders_are_inexact():
    picture = drawn(scene((CAR, 5, 5, 10, 20)), scene((CAR, 5, 5, 10, 18)))
    assert picture.counts == {"found": 2}
    calm = 102 + FOUND_FILL * (np.array((86, 180, 233)) - 102)
    np.testing.assert_allclose(picture.errors[10, 10], calm, atol=1)
    np.testing.assert_allclose(picture.errors[10, 24], 102 + 0.6 * (np.array(SEGMENT_COLORS["inexact"]) - 102), atol=1)


def test_void_and_crowds_are_striped_whatever_is_predicted_there():
    truth = scene((CAR, 5, 5, 10, 10), crowds=[2], void=(slice(0, 30), slice(40, 60)))
    picture = drawn(truth, scene((BUS, 0, 45, 8, 8)))
    for part in (picture.errors[6:14, 6:14], picture.errors[20:28, 50:58]):
        values = {tuple(color) for color in part.reshape(-1, 3).tolist()}
        striped = round(102 + 0.6 * (IGNORED[0] - 102))
        assert values == {(102, 102, 102), (striped, striped, striped)}
    assert picture.counts == {"found": 1}  # the bus on void is no error


def test_nothing_on_either_side():
    empty = Panoptic(np.zeros(SIZE_HW, np.int32), (), STREET)
    assert drawn(empty, empty).counts == {"found": 0}
    assert drawn(scene(), empty).counts == {"found": 0, "missed": 1}
