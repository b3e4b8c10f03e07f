"""Segments matched by panopticapi's rules: 2 x 2 blocks by hand, void, crowds, and names that differ."""

import numpy as np
import pytest

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import Classes
from maskwright.metrics.segments import match_segments

CAR, BUS, ROAD = range(3)


def hits(found):
    """The ids of the pairs and their IoU."""
    return {
        (int(found.true.ids[i]), int(found.predicted.ids[j])): float(iou)
        for (i, j), iou in zip(found.hits.tolist(), found.iou, strict=True)
    }


def missed(found):
    return found.true.ids[found.missed].tolist()


def spurious(found):
    return found.predicted.ids[found.spurious].tolist()


def test_hits_misses_and_spurious_segments_by_hand(panoptic):
    """Of the car 3 of 4 pixels are found, of the road 7 of 8: the prediction has a pixel too many."""
    truth = panoptic([[1, 1, 2, 2], [1, 1, 2, 2], [2, 2, 2, 2]], {1: CAR, 2: ROAD})
    seen = panoptic([[7, 7, 5, 5], [7, 5, 5, 5], [5, 5, 5, 5]], {7: CAR, 5: ROAD})
    found = match_segments(truth, seen)
    assert hits(found) == {(1, 7): 3 / 4, (2, 5): 8 / 9}
    assert missed(found) == spurious(found) == []


def test_an_iou_of_just_one_half_is_no_hit(panoptic):
    found = match_segments(panoptic([[1, 1], [0, 0]], {1: CAR}), panoptic([[1, 0], [0, 0]], {1: CAR}))
    assert hits(found) == {}
    assert (missed(found), spurious(found)) == ([1], [1])


def test_void_of_the_ground_truth_leaves_the_union_and_void_of_the_prediction_does_not(panoptic):
    wide, narrow = panoptic([[3, 3, 3, 3]], {3: CAR}), panoptic([[3, 3, 3, 0]], {3: CAR})
    assert hits(match_segments(narrow, wide)) == {(3, 3): 1.0}
    assert hits(match_segments(wide, narrow)) == {(3, 3): 3 / 4}


@pytest.mark.parametrize(("on_void", "counts"), [(1, True), (2, True), (3, False)])
def test_a_prediction_with_more_than_half_on_void_is_no_error(panoptic, on_void, counts):
    """The rest lies on road, of another class."""
    truth = panoptic([[0] * on_void + [1] * (4 - on_void), [1] * 4], {1: ROAD})
    found = match_segments(truth, panoptic([[4] * 4, [2] * 4], {4: CAR, 2: ROAD}))
    assert spurious(found) == ([4] if counts else [])


@pytest.mark.parametrize(("of", "counts"), [(CAR, False), (BUS, True)])
def test_a_crowd_excuses_predictions_of_its_class_alone(panoptic, of, counts):
    truth = panoptic([[1, 1, 1, 2]], {1: CAR, 2: ROAD}, crowds=[1])
    found = match_segments(truth, panoptic([[8, 8, 9, 2]], {8: of, 9: of, 2: ROAD}))
    assert hits(found) == {(2, 2): 1.0}
    assert missed(found) == []  # a crowd is never missed
    assert spurious(found) == ([8, 9] if counts else [])


def test_a_crowd_is_no_hit_and_void_and_crowd_excuse_together(panoptic):
    truth = panoptic([[1, 1, 0, 0, 2, 2, 2]], {1: CAR, 2: ROAD}, crowds=[1])
    assert hits(match_segments(truth, panoptic([[1, 1, 1, 1, 0, 0, 0]], {1: CAR}))) == {}
    found = match_segments(truth, panoptic([[0, 1, 1, 1, 1, 1, 2]], {1: CAR, 2: ROAD}))  # 1 in the crowd, 2 on void, 2 on road
    assert spurious(found) == [2]  # the car is excused; of the road one pixel of three is found


def test_several_crowds_of_one_class_excuse_together(panoptic):
    truth = panoptic([[1, 1, 2, 2, 3]], {1: CAR, 2: CAR, 3: ROAD}, crowds=[1, 2])
    assert spurious(match_segments(truth, panoptic([[0, 1, 1, 1, 1]], {1: CAR}))) == []


def test_what_is_found_under_another_name_is_missed_and_spurious_and_told_apart(panoptic):
    found = match_segments(panoptic([[1, 1, 1, 2]], {1: CAR, 2: ROAD}), panoptic([[6, 6, 6, 2]], {6: BUS, 2: ROAD}))
    assert (missed(found), spurious(found)) == ([1], [6])
    assert [(int(found.true.ids[i]), int(found.predicted.ids[j])) for i, j in found.misnamed.tolist()] == [(1, 6)]


@pytest.mark.parametrize("ids", [(1, 2), (16_777_215, 3), (-5, 2_147_483_647)])
def test_any_ids_will_do(panoptic, ids):
    one, other = ids
    drawn = panoptic([[one, one, 0], [other, 0, other]], {one: CAR, other: ROAD})
    assert hits(match_segments(drawn, drawn)) == {(one, one): 1.0, (other, other): 1.0}


def test_maps_without_segments(panoptic):
    nothing, car = panoptic([[0, 0]], {}), panoptic([[1, 1]], {1: CAR})
    assert (missed(match_segments(nothing, nothing)), spurious(match_segments(nothing, nothing))) == ([], [])
    assert missed(match_segments(car, nothing)) == [1]
    assert spurious(match_segments(nothing, car)) == []  # all of it lies on void


def test_what_does_not_fit_is_refused(panoptic):
    with pytest.raises(MaskValueError, match="2 x 1 pixels, the prediction 1 x 1"):
        match_segments(panoptic([[0, 0]], {}), panoptic([[0]], {}))
    with pytest.raises(MaskValueError, match="has the classes car, bus, road, the prediction cat"):
        match_segments(panoptic([[0]], {}), panoptic([[0]], {}, classes=Classes.named("cat", "road", "sky")))


def test_the_places_are_those_of_ids_by_rising_value(panoptic):
    found = match_segments(panoptic([[9, 0, 4]], {9: CAR, 4: ROAD}), panoptic([[9, 9, 9]], {9: CAR}))
    assert found.true.ids.tolist() == [0, 4, 9]
    np.testing.assert_array_equal(found.overlaps.true_areas, [1, 1, 1])
    np.testing.assert_array_equal(found.overlaps.pixels, [1, 1, 1])
