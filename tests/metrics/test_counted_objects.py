"""What counts in a score of objects and what is neither hit nor error."""

import numpy as np
import pytest

from maskwright.base.errors import MaskValueError
from maskwright.metrics.counted_objects import counted_objects


def test_without_crowds_and_ignored_pixels_everything_counts(boxes):
    found = counted_objects(boxes((0, 0, 4, 4)), boxes((0, 0, 4, 2), (9, 9, 12, 12)))
    assert [found.aside.tolist(), found.on_ignored.tolist(), found.excused.tolist()] == [[False], [False] * 2, [False] * 2]
    assert found.overlaps.iou.tolist() == [0.5]


def test_ignored_pixels_are_taken_from_objects_before_they_are_compared(boxes):
    """The prediction reaches into the ignored stripe; without it the two are the same."""
    found = counted_objects(boxes((0, 0, 4, 4), ignored=(4, 0, 8, 20)), boxes((0, 0, 7, 4)))
    assert found.overlaps.iou.tolist() == [1.0]
    assert not found.excused.any()


@pytest.mark.parametrize(("x1", "excused"), [(14, False), (15, False), (16, True), (20, True)])
def test_more_than_half_of_a_prediction_on_ignored_pixels_excuses_it(boxes, x1, excused):
    """5 of its columns lie left of the ignored ones: at 5 of 10 it still counts."""
    found = counted_objects(boxes(ignored=(10, 0, 20, 20)), boxes((5, 0, x1, 3)))
    assert found.excused.tolist() == found.on_ignored.tolist() == [excused]


def test_a_true_object_more_than_half_ignored_is_set_aside_and_excuses_what_lies_on_its_rest(boxes):
    found = counted_objects(boxes((0, 0, 10, 4), ignored=(4, 0, 20, 20)), boxes((0, 0, 4, 4), (0, 6, 4, 9)))
    assert found.aside.tolist() == [True]
    assert found.excused.tolist() == [True, False]
    assert not found.on_ignored.any()


def test_a_crowd_excuses_predictions_of_its_class_alone(boxes):
    names = ("background", "cell", "vessel")
    crowd = boxes((0, 0, 10, 10), crowds=[0], names=names)
    found = counted_objects(
        crowd, boxes((2, 2, 5, 5), (2, 2, 5, 5), (8, 0, 12, 4), (9, 0, 12, 4), of=[1, 2, 1, 1], names=names)
    )
    assert found.aside.tolist() == [True]
    assert found.excused.tolist() == [True, False, False, False]  # the third lies in it by just one half


def test_crowd_and_ignored_pixels_add_up(boxes):
    truth = boxes((0, 0, 4, 20), crowds=[0], ignored=(16, 0, 20, 20))
    assert counted_objects(truth, boxes((0, 0, 20, 1), (1, 0, 20, 1), (2, 0, 11, 1))).excused.tolist() == [False, False, False]
    assert counted_objects(truth, boxes((0, 0, 6, 1), (14, 0, 20, 1))).excused.tolist() == [True, True]
    wide = boxes((1, 0, 5, 20), crowds=[0], ignored=(5, 0, 7, 20))
    assert counted_objects(wide, boxes((2, 3, 12, 4))).excused.tolist() == [False]  # 3 + 2 of 10
    assert counted_objects(wide, boxes((1, 3, 11, 4))).excused.tolist() == [True]  # 4 + 2 of 10


def test_what_lies_outside_the_image_is_no_part_of_an_object(boxes):
    found = counted_objects(boxes((-3, -3, 2, 2)), boxes((0, 0, 2, 2), (-9, 0, -5, 4), (18, 18, 30, 30)))
    assert found.overlaps.iou.tolist() == [1.0]
    assert found.overlaps.predicted_areas.tolist() == [4, 0, 4]


def test_an_object_without_pixels_is_neither_aside_nor_excused(boxes):
    found = counted_objects(boxes((5, 5, 5, 5), ignored=(0, 0, 20, 20)), boxes((5, 5, 5, 5)))
    assert [found.aside.tolist(), found.excused.tolist()] == [[False], [False]]


def test_different_sizes_and_classes_are_refused(boxes):
    with pytest.raises(MaskValueError, match=r"20 x 20 pixels, the prediction 30 x 20 .*never resized"):
        counted_objects(boxes(), boxes(size_hw=(20, 30)))
    with pytest.raises(MaskValueError, match="classes background, cell, the prediction background, vessel"):
        counted_objects(boxes(), boxes(names=("background", "vessel")))


def test_the_objects_given_stay_as_they_are(boxes):
    truth = boxes((0, 0, 4, 4), ignored=(2, 0, 8, 20))
    counted_objects(truth, boxes())
    assert truth.regions[0].area == 16
    assert np.count_nonzero(truth.ignored) == 120
