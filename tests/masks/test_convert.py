"""One kind of segmentation into another: what is kept, and what is lost as documented."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.convert import (
    hidden_pixels,
    instances_from_labels,
    instances_to_labels,
    panoptic_of,
    segments_of,
    things_of,
    to_label_map,
    to_panoptic,
)
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segment

CLASSES = Classes.named("background", "cell", "vessel", things=["cell"])
LABELS = arrays(np.int32, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.sampled_from([0, 1, 2, 9, 70_000]))


def row_of(*spans: tuple[int, int], **changes: object) -> Instances:
    """Objects on an image of one row and eight columns, each from a column to another."""
    count = len(spans)
    made = {
        "size_hw": (1, 8),
        "regions": tuple(Region((x0, 0, x1, 1), np.ones((1, x1 - x0), bool)) for x0, x1 in spans),
        "class_ids": np.ones(count, np.int64),
        "scores": np.ones(count),
        "is_crowd": np.zeros(count, bool),
        "classes": CLASSES,
    }
    return Instances(**(made | changes))


def test_a_label_map_is_itself():
    label_map = LabelMap(np.zeros((2, 2), np.uint16), CLASSES)
    assert to_label_map(label_map) is label_map


def test_of_objects_with_equal_scores_the_later_lies_on_top():
    objects = row_of((0, 4), (2, 6), class_ids=np.array([1, 2]))
    assert instances_to_labels(objects).tolist() == [[1, 1, 2, 2, 2, 2, 0, 0]]
    assert to_label_map(objects).ids.tolist() == [[1, 1, 2, 2, 2, 2, 0, 0]]


def test_the_surest_object_lies_on_top():
    objects = row_of((0, 4), (2, 6), scores=np.array([0.9, 0.5]))
    assert instances_to_labels(objects).tolist() == [[1, 1, 1, 1, 2, 2, 0, 0]]


def test_a_crowd_lies_below_all_objects():
    objects = row_of((0, 4), (2, 6), is_crowd=np.array([False, True]))
    assert instances_to_labels(objects).tolist() == [[1, 1, 1, 1, 2, 2, 0, 0]]


def test_hidden_pixels_are_counted():
    assert hidden_pixels(row_of((0, 4), (2, 6), (3, 4))) == 3
    assert hidden_pixels(row_of((0, 4), (4, 6))) == 0


def test_ignored_pixels_stay_ignored_in_a_label_map():
    ignored = np.array([[True] + [False] * 6 + [True]])
    assert to_label_map(row_of((0, 2), ignored=ignored)).ids.tolist() == [[IGNORE, 1, 0, 0, 0, 0, 0, IGNORE]]


def test_what_lies_outside_the_image_is_cut_off():
    objects = row_of((-2, 1), (6, 11), (20, 22))
    assert instances_to_labels(objects).tolist() == [[1, 0, 0, 0, 0, 0, 2, 2]]
    assert hidden_pixels(objects) == 0


def test_no_objects_make_an_empty_map():
    assert not to_label_map(row_of()).ids.any()


def test_the_parts_of_an_object_stay_together():
    objects = instances_from_labels(np.array([[5, 0, 5, 3]], np.int32), CLASSES)
    assert [region.box_xyxy for region in objects.regions] == [(3, 0, 4, 1), (0, 0, 3, 1)]
    assert objects.regions[1].pixels.tolist() == [[True, False, True]]
    assert objects.class_ids.tolist() == [1, 1]


@given(LABELS)
def test_label_images_of_any_numbers_come_back_as_1_to_n(labels):
    objects = instances_from_labels(labels, CLASSES)
    values = np.unique(labels[labels > 0])
    expected = np.where(labels > 0, np.searchsorted(values, labels) + 1, 0)
    np.testing.assert_array_equal(instances_to_labels(objects), expected)
    np.testing.assert_array_equal(to_label_map(objects).ids, labels > 0)


def test_more_objects_than_8_bits_can_number_stay_apart_and_16_bits_are_no_limit():
    labels = np.arange(300, dtype=np.int32).reshape(15, 20)
    numbers = instances_to_labels(instances_from_labels(labels, CLASSES))
    np.testing.assert_array_equal(numbers, labels)
    assert numbers.dtype == np.int32


def test_object_numbers_below_0_are_refused():
    with pytest.raises(MaskValueError, match="not -1"):
        instances_from_labels(np.array([[-1, 2]]), CLASSES)


def test_a_panoptic_map_becomes_classes_and_void_is_ignored():
    panoptic = Panoptic(np.array([[0, 70_000, 2]], np.int32), (Segment(2, 2), Segment(70_000, 1)), CLASSES)
    assert to_label_map(panoptic).ids.tolist() == [[IGNORE, 1, 2]]


def test_things_are_laid_over_stuff_and_a_thing_class_without_object_becomes_void():
    label_map = LabelMap(np.array([[0, 0, 2, 2, 1, 1, IGNORE, 0]], np.uint16), CLASSES)
    panoptic = to_panoptic(label_map, row_of((1, 3), (3, 4), scores=np.array([0.5, 1.0])))
    assert panoptic.segment_ids.tolist() == [[1, 2, 2, 3, 0, 0, 0, 1]]
    assert panoptic.segments == (Segment(1, 0), Segment(2, 1, 0.5), Segment(3, 1, 1.0))


def test_an_object_under_ignored_pixels_leaves_the_panoptic_map_whole():
    label_map = LabelMap(np.zeros((1, 8), np.uint16), CLASSES)
    objects = row_of((0, 2), (4, 6), ignored=np.array([[True, True] + [False] * 6]))
    panoptic = to_panoptic(label_map, objects)
    assert things_of(panoptic).regions[0].box_xyxy == (4, 0, 6, 1)


def test_without_instances_every_class_is_one_segment():
    label_map = LabelMap(np.array([[1, 0, 1, 2, IGNORE]], np.uint16), CLASSES)
    panoptic = to_panoptic(label_map)
    assert to_label_map(panoptic).ids.tolist() == label_map.ids.tolist()
    assert [segment.class_id for segment in panoptic.segments] == [0, 1, 2]


@given(LABELS)
def test_things_come_back_from_a_panoptic_map(labels):
    objects = instances_from_labels(labels, CLASSES)
    panoptic = to_panoptic(LabelMap(np.zeros(labels.shape, np.uint16), CLASSES), objects)
    back = things_of(panoptic)
    np.testing.assert_array_equal(instances_to_labels(back), instances_to_labels(objects))
    assert back.ignored is None


def test_void_is_ignored_by_the_things_of_a_panoptic_map():
    panoptic = Panoptic(np.array([[0, 4, 2]], np.int32), (Segment(2, 2), Segment(4, 1, 0.5, True)), CLASSES)
    things = things_of(panoptic)
    assert things.ignored.tolist() == [[True, False, False]]
    assert (things.scores.tolist(), things.is_crowd.tolist(), things.class_ids.tolist()) == ([0.5], [True], [1])


def test_maps_of_different_sizes_do_not_become_one():
    with pytest.raises(MaskValueError, match="one size and the same classes"):
        to_panoptic(LabelMap(np.zeros((2, 8), np.uint16), CLASSES), row_of((0, 1)))


def test_objects_are_segments_over_a_background_and_void_where_ignored():
    ignored = np.zeros((1, 8), bool)
    ignored[0, 7] = True
    found = panoptic_of(row_of((1, 3), (2, 5), scores=np.array([1.0, 0.5]), is_crowd=np.array([False, True]), ignored=ignored))
    assert found.segment_ids.tolist() == [[1, 2, 2, 3, 3, 1, 1, 0]]  # the crowd lies below
    assert found.segments == (Segment(1, 0), Segment(2, 1), Segment(3, 1, 0.5, True))
    assert panoptic_of(found) is found


def test_an_object_that_is_hidden_is_no_segment_and_a_thing_is_no_background():
    assert panoptic_of(row_of((2, 4), (0, 8))).segments == (Segment(3, 1),)
    things = Classes.named("car", "cell", "vessel", things=["car", "cell"])
    found = panoptic_of(row_of((2, 4), classes=things))
    assert found.segment_ids.tolist() == [[0, 0, 1, 1, 0, 0, 0, 0]]
    assert found.segments == (Segment(1, 1),)


def test_a_label_map_has_a_segment_for_each_stuff_and_each_part_of_a_thing():
    ids = np.array([[0, 1, 0, 1, 2, 0, 2, IGNORE]], np.uint16)
    found = panoptic_of(LabelMap(ids, CLASSES))
    assert found.segment_ids.tolist() == [[1, 2, 1, 3, 4, 1, 4, 0]]
    assert found.segments == (Segment(1, 0), Segment(2, 1), Segment(3, 1), Segment(4, 2))


@given(LABELS, st.data())
def test_segments_as_objects_show_the_same_classes(labels, data):
    """Of any panoptic map; and its things are the objects among them that are no stuff."""
    present = sorted(set(np.unique(labels).tolist()) - {0})
    segments = tuple(Segment(id, data.draw(st.integers(0, 2))) for id in present)
    panoptic = Panoptic(labels, segments, CLASSES)
    every = segments_of(panoptic)
    np.testing.assert_array_equal(to_label_map(every).ids, to_label_map(panoptic).ids)
    assert things_of(panoptic).class_ids.tolist() == [class_id for class_id in every.class_ids.tolist() if class_id == 1]


@given(LABELS)
def test_objects_apart_come_back_from_a_panoptic_map(labels):
    given = instances_from_labels(labels, CLASSES)
    found = things_of(panoptic_of(given))
    assert [region.box_xyxy for region in found.regions] == [region.box_xyxy for region in given.regions]
    assert found.ignored is None
    np.testing.assert_array_equal(instances_to_labels(found), instances_to_labels(given))
