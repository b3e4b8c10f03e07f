"""What one image adds to the scores of objects: by hand, by class, and through a file."""

import json
import pickle

import numpy as np
import pytest

from maskwright.base.errors import MaskValueError
from maskwright.metrics.detections import THRESHOLDS
from maskwright.metrics.instance_tally import MATCHED_AT, InstanceTally, tally

TISSUE = ("background", "cell", "vessel")


def counted(result: InstanceTally, class_id: int, threshold: float = 0.5) -> tuple[float, ...]:
    at = MATCHED_AT.index(threshold)
    return tuple(float(part[class_id, at]) for part in vars(result.counts).values())


def test_counts_by_hand(boxes):
    """IoU 3/4, one missed, two spurious."""
    result = tally(boxes((0, 0, 4, 4), (10, 0, 14, 4)), boxes((0, 0, 4, 3), (9, 9, 12, 12), (0, 15, 3, 18)))
    assert counted(result, 1) == (1, 2, 1, 0.75)
    assert counted(result, 1, 0.8) == (0, 3, 2, 0)
    assert counted(result, 0) == (0, 0, 0, 0)


def test_objects_match_within_their_class(boxes):
    result = tally(boxes((0, 0, 4, 4), of=[1], names=TISSUE), boxes((0, 0, 4, 4), of=[2], names=TISSUE))
    assert counted(result, 1) == (0, 0, 1, 0)
    assert counted(result, 2) == (0, 1, 0, 0)


def test_an_iou_of_just_one_half_is_a_hit_for_all_but_the_panoptic_quality(boxes):
    result = tally(boxes((0, 0, 4, 4)), boxes((0, 0, 4, 2)))
    assert counted(result, 1, 0.5) == (1, 0, 0, 0.5)
    assert tuple(float(part[1, -1]) for part in vars(result.counts).values()) == (0, 1, 1, 0)


def test_crowds_and_ignored_pixels_are_neither_hit_nor_error(boxes):
    truth = boxes((0, 0, 8, 8), (10, 0, 14, 4), crowds=[0], ignored=(0, 10, 20, 20))
    result = tally(truth, boxes((1, 1, 4, 4), (10, 0, 14, 4), (3, 12, 6, 15)))
    assert counted(result, 1) == (1, 0, 0, 1)
    assert result.detections.truths[1].tolist() == [1, 1, 0, 0]


def test_an_excused_prediction_that_hits_is_a_hit(boxes):
    """A true object under a crowd: the prediction lies in both."""
    truth = boxes((0, 0, 10, 10), (0, 0, 4, 4), crowds=[0])
    assert counted(tally(truth, boxes((0, 0, 4, 4))), 1) == (1, 0, 0, 1)


def test_predictions_below_the_least_score_count_for_cocos_precision_alone(boxes):
    truth, prediction = boxes((0, 0, 4, 4)), boxes((0, 0, 4, 4), (9, 9, 12, 12), scores=[0.9, 0.2])
    assert counted(tally(truth, prediction, min_score=0.5), 1) == (1, 0, 0, 1)
    assert len(tally(truth, prediction, min_score=0.5).detections.scores) == 2
    assert counted(tally(truth, prediction, min_score=0.2), 1) == (1, 1, 0, 1)  # the least itself counts


@pytest.mark.parametrize(("truth", "prediction"), [((), ()), (((0, 0, 4, 4),), ()), ((), ((0, 0, 4, 4),))])
def test_images_without_objects_on_a_side(boxes, truth, prediction):
    result = tally(boxes(*truth), boxes(*prediction))
    for threshold in THRESHOLDS:
        assert counted(result, 1, threshold) == (0, len(prediction), len(truth), 0)


def test_it_is_small_and_comes_back_from_json_and_pickle(boxes):
    result = tally(boxes((0, 0, 4, 4), (6, 6, 8, 8)), boxes((0, 0, 4, 2), (0, 2, 4, 4), scores=[0.25, 1 / 3]), min_score=0.1)
    text = json.dumps(result.to_json())
    assert len(text) < 3000
    for again in (InstanceTally.from_json(json.loads(text)), pickle.loads(pickle.dumps(result))):  # noqa: S301
        assert again.to_json() == result.to_json()
        assert again.errors == result.errors
        np.testing.assert_array_equal(again.counts.iou_sum, result.counts.iou_sum)


def test_what_does_not_fit_is_refused_with_the_name_of_the_image(boxes):
    with pytest.raises(MaskValueError, match=r"^street 7: The ground truth is 20 x 20"):
        tally(boxes(), boxes(size_hw=(4, 4)), id="street 7")
    with pytest.raises(MaskValueError, match=r"^The ground truth is 20 x 20"):
        tally(boxes(), boxes(size_hw=(4, 4)))
