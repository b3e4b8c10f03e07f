"""A panoptic map as layers: hand-computed, then any map."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import MaskValueError
from maskwright.masks import panoptic_layers
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.convert import to_label_map
from maskwright.masks.panoptic_layers import CLASS, THING, to_layers
from maskwright.masks.types import Panoptic, Segment

CLASSES = Classes.named("person", "sky", "car", things=("person", "car"))


def test_classes_and_numbers_of_things_by_hand():
    ids = np.array([[7, 7, 0], [900, 3, 3], [900, 5, 5]], np.int32)
    segments = (Segment(900, 0), Segment(7, 1), Segment(3, 2), Segment(5, 2, is_crowd=True))
    layers = to_layers(Panoptic(ids, segments, CLASSES))
    assert layers[CLASS].tolist() == [[1, 1, IGNORE], [0, 2, 2], [0, IGNORE, IGNORE]]
    assert layers[THING].tolist() == [[0, 0, 0], [2, 1, 1], [2, IGNORE, IGNORE]]  # by rising id: 3, then 900


def test_a_map_without_void_and_one_of_void_alone():
    full = to_layers(Panoptic(np.full((2, 2), 4, np.int32), (Segment(4, 1),), CLASSES))
    assert full.tolist() == [[[1, 1], [1, 1]], [[0, 0], [0, 0]]]
    void = to_layers(Panoptic(np.zeros((2, 2), np.int32), (), CLASSES))
    assert (void[CLASS] == IGNORE).all()
    assert not void[THING].any()


@given(st.lists(st.integers(0, 5), min_size=12, max_size=12), st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_classes_are_those_of_the_label_map_and_each_thing_has_a_number(values, class_ids):
    ids = np.array(values, np.int32).reshape(3, 4) * 17
    segments = tuple(Segment(id, class_ids[id // 17 - 1]) for id in np.unique(ids[ids > 0]).tolist())
    panoptic = Panoptic(ids, segments, CLASSES)
    layers = to_layers(panoptic)
    assert np.array_equal(layers[CLASS], to_label_map(panoptic).ids)
    things = {segment.id for segment in segments if CLASSES[segment.class_id].is_thing}
    assert len({(id, layers[THING][ids == id][0]) for id in things}) == len(things)
    assert sorted(set(np.unique(layers[THING]).tolist()) - {0}) == list(range(1, len(things) + 1))


def test_more_things_than_numbers_are_refused(monkeypatch):
    monkeypatch.setattr(panoptic_layers, "MOST_OBJECTS", 1)
    ids = np.array([[1, 2]], np.int32)
    with pytest.raises(MaskValueError, match=r"holds 2 things; training takes up to 1\. Cut the image"):
        to_layers(Panoptic(ids, (Segment(1, 0), Segment(2, 2)), CLASSES))
