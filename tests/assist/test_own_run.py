"""A run as an assistant: what it predicts is proposed, and clicks choose and correct."""

import numpy as np
import pytest

from maskwright.assist.assistant import Session
from maskwright.assist.own_run import OwnSession, shown_maps
from maskwright.formats.annotations import object_classes
from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, LabelMap
from maskwright.metrics.clicks import counted_iou

SIZE_HW = (50, 70)


def box(x0, y0, x1, y1):
    mask = np.zeros(SIZE_HW, bool)
    mask[y0:y1, x0:x1] = True
    return mask


ONE, TWO, CROWD = box(5, 5, 25, 25), box(30, 10, 60, 40), box(0, 45, 70, 50)


def predicted(scores=(0.6, 0.9)):
    regions = tuple(map(Region.of_mask, (ONE, TWO, CROWD)))
    return Instances(
        SIZE_HW,
        regions,
        np.ones(3, np.int64),
        np.array([*scores, 1.0]),
        np.array([False, False, True]),
        object_classes(["cell"]),
    )


def clicks(*xyp):
    return np.array([click[:2] for click in xyp], np.int64).reshape(-1, 2), np.array([click[2] for click in xyp], bool)


def test_objects_are_proposed_the_surest_first_and_crowds_are_not():
    session = OwnSession("run", predicted(), None)
    assert isinstance(session, Session)
    assert [each.score for each in session.propose()] == [0.9, 0.6]


def test_a_click_chooses_the_object_under_it():
    session = OwnSession("run", predicted(), None)
    (found,) = session.mask(*clicks((10, 10, True)))
    assert counted_iou(ONE, found.region.mask(SIZE_HW)) == 1
    assert session.mask(*clicks((1, 30, True))) == []
    assert session.mask(*clicks((10, 10, False))) == []


def test_a_box_chooses_the_object_that_fills_it():
    (found,) = OwnSession("run", predicted(), None).mask(*clicks(), box_xyxy=(28, 8, 62, 42))
    assert counted_iou(TWO, found.region.mask(SIZE_HW)) == 1


def test_clicks_correct_an_object_in_the_networks_maps():
    foreground = ONE | TWO | box(25, 15, 30, 20)  # a bridge: predicted as one, meant as two
    joined = Instances(
        SIZE_HW, (Region.of_mask(foreground),), np.ones(1, np.int64), np.ones(1), np.zeros(1, bool), object_classes(["cell"])
    )
    said = np.stack([~foreground, foreground]).astype(np.float32)
    said[1, 15:20, 25:30] = 0.6
    session = OwnSession("run", joined, shown_maps(said, 2))
    (first, *_) = session.mask(*clicks((15, 15, True)))
    assert counted_iou(foreground, first.region.mask(SIZE_HW)) == 1
    found = session.mask(*clicks((15, 15, True), (45, 25, False)), previous=foreground)
    assert max(counted_iou(ONE, each.region.mask(SIZE_HW)) for each in found) > 0.8
    assert not found[0].region.mask(SIZE_HW)[25, 45]


def test_parts_of_classes_are_objects():
    ids = np.where(ONE, 1, np.where(TWO, 2, 0)).astype(np.uint16)
    found = OwnSession("run", LabelMap(ids, Classes.named("background", "cat", "dog")), None).propose()
    assert len(found) == 2


@pytest.mark.parametrize("count", [1, 2, 5])
def test_maps_are_shown_whatever_the_network_draws(count):
    said = np.random.default_rng(0).random((count, 4, 5)).astype(np.float32)
    picture = shown_maps(said, min(count, 2))
    assert picture.shape == (4, 5, 3)
    assert picture.dtype == np.uint8
