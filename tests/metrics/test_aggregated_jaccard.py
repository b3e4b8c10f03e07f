"""The aggregated Jaccard index, by hand and against its definition pair by pair."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.metrics.aggregated_jaccard import SharedPixels, shared_pixels
from maskwright.metrics.counted_objects import counted_objects

CELLS = Classes.named("background", "cell")


def sums(truth, prediction, shown=None) -> tuple[list[float], list[float]]:
    found = shared_pixels(counted_objects(truth, prediction), np.ones(len(prediction), bool) if shown is None else shown)
    return found.shared.tolist(), found.either.tolist()


def test_by_hand(boxes):
    """One half found (8 of 16), one missed (4), one spurious (9)."""
    truth, prediction = boxes((0, 0, 4, 4), (10, 0, 12, 2)), boxes((0, 0, 4, 2), (0, 10, 3, 13))
    assert sums(truth, prediction) == ([0, 8], [0, 16 + 4 + 9])


def test_one_prediction_may_serve_two_true_objects(boxes):
    """Each of two halves counts the whole prediction in its union."""
    assert sums(boxes((0, 0, 2, 4), (2, 0, 4, 4)), boxes((0, 0, 4, 4))) == ([0, 16], [0, 32])


def test_a_prediction_that_is_not_the_best_of_any_adds_its_pixels(boxes):
    assert sums(boxes((0, 0, 4, 4)), boxes((0, 0, 4, 3), (0, 3, 4, 4))) == ([0, 12], [0, 16 + 4])


def test_crowds_excused_and_hidden_predictions_add_nothing(boxes):
    truth = boxes((0, 0, 9, 9), (12, 12, 14, 14), crowds=[0])
    prediction = boxes((1, 1, 4, 4), (12, 12, 14, 14), (0, 15, 3, 18))
    assert sums(truth, prediction, np.array([True, True, False])) == ([0, 4], [0, 4])


def test_no_object_is_not_measurable():
    assert np.isnan(SharedPixels(np.zeros(1), np.zeros(1)).index).all()


@settings(max_examples=40)
@given(*(arrays(np.int32, (7, 7), elements=st.integers(0, 4)) for _ in range(2)))
def test_it_equals_the_definition(truth, prediction):
    """Kumar's loop: for each true object the best prediction; at the end, those that nobody used."""
    shared = either = 0
    used = set()
    for i in np.unique(truth[truth > 0]):
        best, best_iou = 0, 0.0
        for j in np.unique(prediction[prediction > 0]):
            common, union = ((truth == i) & (prediction == j)).sum(), ((truth == i) | (prediction == j)).sum()
            if common / union > best_iou:
                best, best_iou = j, common / union
        chosen = prediction == best if best else np.zeros_like(prediction, bool)
        shared += ((truth == i) & chosen).sum()
        either += ((truth == i) | chosen).sum()
        used.add(best)
    either += sum((prediction == j).sum() for j in np.unique(prediction[prediction > 0]) if j not in used)
    found = sums(instances_from_labels(truth, CELLS), instances_from_labels(prediction, CELLS))
    assert found == ([0, shared], [0, either])
