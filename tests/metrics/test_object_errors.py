"""The list of what a person has to fix: each kind drawn by hand, and everything that is wrong in it once."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.types import Instances
from maskwright.metrics.instance_tally import tally
from maskwright.metrics.object_errors import ObjectError

CELLS = Classes.named("background", "cell")
TISSUE = ("background", "cell", "vessel")


def errors(truth: Instances, prediction: Instances, **options: float) -> list[tuple]:
    found = tally(truth, prediction, **options).errors
    return [(error.kind, error.true, error.predicted) for error in found]


def test_what_is_found_is_no_error(boxes):
    assert errors(boxes((0, 0, 4, 4)), boxes((0, 0, 4, 3))) == []


def test_missed_and_spurious(boxes):
    """They touch in a corner, by less than half of either."""
    assert errors(boxes((0, 0, 4, 4)), boxes((3, 3, 7, 7))) == [("missed", (0,), ()), ("spurious", (), (0,))]


def test_split_in_halves_and_in_unequal_parts(boxes):
    truth = boxes((0, 0, 4, 4))
    assert errors(truth, boxes((0, 0, 4, 2), (0, 2, 4, 4))) == [("split", (0,), (0, 1))]
    assert errors(truth, boxes((0, 0, 4, 3), (0, 3, 4, 4))) == [("split", (0,), (0, 1))]  # the first is a hit, too
    assert errors(truth, boxes((0, 0, 1, 4), (1, 0, 2, 4), (3, 0, 4, 4))) == [("split", (0,), (0, 1, 2))]


def test_merged(boxes):
    assert errors(boxes((0, 0, 4, 4), (4, 0, 8, 4)), boxes((0, 0, 8, 4))) == [("merged", (0, 1), (0,))]
    assert errors(boxes((0, 0, 6, 4), (6, 0, 8, 4)), boxes((0, 0, 8, 4))) == [("merged", (0, 1), (0,))]


def test_a_part_lies_inside_by_at_least_half(boxes):
    """Half of the second prediction lies in the object, then a third of it."""
    truth = boxes((0, 0, 4, 4))
    assert errors(truth, boxes((0, 0, 4, 3), (3, 3, 5, 4))) == [("split", (0,), (0, 1))]
    assert errors(truth, boxes((0, 0, 4, 3), (3, 3, 6, 4))) == [("spurious", (), (1,))]


def test_an_object_that_is_matched_elsewhere_is_part_of_nothing(boxes):
    """A small object on a large one, both found: no split and no merge, though the small lies in both."""
    both = ((0, 0, 10, 10), (2, 2, 5, 5))
    assert errors(boxes(*both), boxes(*both)) == []


def test_inexact_where_one_is_part_of_the_other_and_too_small(boxes):
    assert errors(boxes((0, 0, 6, 6)), boxes((0, 0, 3, 3))) == [("inexact", (0,), (0,))]
    assert errors(boxes((0, 0, 3, 3)), boxes((0, 0, 6, 6))) == [("inexact", (0,), (0,))]


def test_wrong_class(boxes):
    truth, prediction = boxes((0, 0, 4, 4), names=TISSUE), boxes((0, 0, 4, 3), of=[2], names=TISSUE)
    assert errors(truth, prediction) == [("wrong class", (0,), (0,))]
    poor = boxes((0, 0, 4, 1), of=[2], names=TISSUE)
    assert errors(truth, poor) == [("missed", (0,), ()), ("spurious", (), (0,))]


def test_a_thing_on_a_thing_of_another_class_is_no_split(boxes):
    """A tie on a person."""
    both = boxes((0, 0, 10, 10), (4, 2, 6, 8), of=[1, 2], names=TISSUE)
    assert errors(both, both) == []


def test_what_counts_in_no_score_is_no_error(boxes):
    truth = boxes((0, 0, 9, 9), crowds=[0], ignored=(10, 0, 20, 20))
    assert errors(truth, boxes((1, 1, 4, 4), (5, 5, 8, 8), (12, 0, 15, 3))) == []


def test_predictions_below_the_least_score_are_not_there(boxes):
    truth, prediction = boxes((0, 0, 4, 4)), boxes((0, 0, 4, 4), (9, 9, 12, 12), scores=[0.4, 0.2])
    assert errors(truth, prediction, min_score=0.3) == []
    assert errors(truth, prediction, min_score=0.5) == [("missed", (0,), ())]


def test_errors_are_sorted_by_kind_and_place(boxes):
    truth = boxes((0, 0, 2, 2), (16, 16, 18, 18), (5, 5, 9, 9))
    found = errors(truth, boxes((12, 0, 14, 2), (5, 5, 9, 7), (5, 7, 9, 9)))
    assert found == [("missed", (0,), ()), ("missed", (1,), ()), ("spurious", (), (0,)), ("split", (2,), (1, 2))]


@settings(max_examples=60)
@given(*(arrays(np.int32, (6, 6), elements=st.integers(0, 5)) for _ in range(2)))
def test_all_that_is_unmatched_is_in_the_list_and_missed_objects_only_once(truth, prediction):
    """Nothing that is wrong goes unsaid: with only hits, splits and merges the counts of matching follow from the list."""
    result = tally(instances_from_labels(truth, CELLS), instances_from_labels(prediction, CELLS))
    objects = len(np.unique(truth[truth > 0])), len(np.unique(prediction[prediction > 0]))
    named_true = {place for error in result.errors for place in error.true}
    named_predicted = {place for error in result.errors for place in error.predicted}
    assert objects[0] - len(named_true) <= result.counts.hits[1, 0]
    assert objects[1] - len(named_predicted) <= result.counts.hits[1, 0]
    alone = [place for error in result.errors if error.kind in ("missed", "inexact") for place in error.true]
    assert len(alone) == len(set(alone))
    others = {place for error in result.errors if error.kind not in ("missed", "inexact") for place in error.true}
    assert not others & set(alone)
    assert all(isinstance(error, ObjectError) for error in result.errors)
