"""Objects as layers: what overlaps stays apart, what is left out is marked, and everything comes back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.object_layers import objects_in, to_layers
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

CLASSES = Classes.named("background", "cat", "dog")


def instances(*boxes, class_ids=None, crowd=(), ignored=None, size_hw=(8, 10)):
    regions = tuple(Region(box, np.ones((box[3] - box[1], box[2] - box[0]), bool)) for box in boxes)
    is_crowd = np.zeros(len(boxes), bool)
    is_crowd[list(crowd)] = True
    ids = np.array(class_ids or [1] * len(boxes), np.int64)
    return Instances(size_hw, regions, ids, np.ones(len(boxes)), is_crowd, CLASSES, ignored)


def found(layers):
    return [(class_id, region.box_xyxy, region.area) for class_id, region in objects_in(layers.astype(np.int64))]


def test_objects_apart_share_a_pair_of_layers_and_others_get_their_own():
    layers = to_layers(instances((0, 0, 3, 3), (5, 5, 8, 8), (2, 2, 6, 6), class_ids=[1, 2, 2]))
    assert layers.shape == (5, 8, 10)
    assert set(np.unique(layers[2])) == {0, 1, 2}
    assert set(np.unique(layers[4])) == {0, 3}
    assert found(layers) == [(1, (0, 0, 3, 3), 9), (2, (5, 5, 8, 8), 9), (2, (2, 2, 6, 6), 16)]


def test_without_objects_there_is_the_class_map_alone():
    layers = to_layers(instances())
    assert layers.shape == (1, 8, 10)
    assert not layers.any()
    assert found(layers) == []


def test_crowds_and_ignored_pixels_are_left_out_but_for_objects_drawn_in_a_crowd():
    ignored = np.zeros((8, 10), bool)
    ignored[:, 9] = True
    layers = to_layers(instances((0, 0, 6, 6), (1, 1, 3, 3), (7, 0, 10, 2), crowd=[0], ignored=ignored))
    expected = np.zeros((8, 10), bool)
    expected[:6, :6], expected[1:3, 1:3], expected[:, 9] = True, False, True
    assert np.array_equal(layers[0] == IGNORE, expected)
    assert found(layers) == [(1, (1, 1, 3, 3), 4), (1, (7, 0, 9, 2), 4)]


def test_parts_of_an_object_beyond_the_image_are_cut_off():
    assert found(to_layers(instances((-2, -2, 3, 3), (8, 6, 14, 12)))) == [(1, (0, 0, 3, 3), 9), (1, (8, 6, 10, 8), 4)]


def test_class_0_is_no_object():
    with pytest.raises(MaskValueError, match=r"class 0.*--class-names background"):
        to_layers(instances((0, 0, 3, 3), class_ids=[0]))


boxes = st.tuples(st.integers(0, 9), st.integers(0, 7), st.integers(1, 6), st.integers(1, 6))


@given(st.lists(boxes, max_size=8), st.data())
@settings(derandomize=True, max_examples=40, deadline=None)
def test_whatever_overlaps_comes_back_whole(drawn, data):
    placed = [(x, y, min(x + w, 10), min(y + h, 8)) for x, y, w, h in drawn]
    ids = [data.draw(st.sampled_from([1, 2])) for _ in placed]
    expected = sorted((i, box, (box[2] - box[0]) * (box[3] - box[1])) for i, box in zip(ids, placed, strict=True))
    assert sorted(found(to_layers(instances(*placed, class_ids=ids)))) == expected
