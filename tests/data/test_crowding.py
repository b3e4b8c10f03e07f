"""Objects that touch, overlap or lie apart, counted by hand."""

import numpy as np
import pytest

from maskwright.data.crowding import Crowding
from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances


def crowding(*boxes):
    regions = tuple(Region(box, np.ones((box[3] - box[1], box[2] - box[0]), bool)) for box in boxes)
    count = len(boxes)
    classes = Classes.named("background", "cell")
    made = Crowding()
    made.add(Instances((60, 60), regions, np.ones(count, np.int64), np.ones(count), np.zeros(count, bool), classes))
    return made


def test_objects_that_touch_at_an_edge():
    made = crowding((0, 0, 10, 10), (0, 10, 30, 20), (40, 40, 45, 45))
    assert (made.touching, made.overlap) == (pytest.approx(2 / 3), 0)
    assert made.extent == pytest.approx(30, abs=0.5)
    assert made.sides == pytest.approx((6.3, 16.1), abs=0.1)  # boxes of 25, 100 and 300 pixels


def test_objects_under_others():
    """5 of the 10 pixels of one lie under another; a third lies apart."""
    made = crowding((0, 0, 10, 1), (5, 0, 15, 1), (0, 5, 4, 6))
    assert (made.overlap, made.touching) == (pytest.approx(5 / 24), pytest.approx(2 / 3))


def test_corners_do_not_touch():
    assert crowding((0, 0, 10, 10), (10, 10, 20, 20)).touching == 0


def test_without_objects_there_is_no_size():
    made = crowding()
    assert (made.extent, made.sides, made.overlap, made.touching) == (None, None, 0, 0)
