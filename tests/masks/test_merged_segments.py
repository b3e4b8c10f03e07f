"""Things and stuff merged by the rules of Panoptic FPN: by hand, then for any objects one segment a pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.base.errors import PlanError
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.merged_segments import Merging, merge_segments
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

CLASSES = Classes.named("road", "sky", "car", "person", things=("car", "person"))
ALL = Merging(least_stuff=0.0)


def things(*rows, size_hw=(4, 8)):
    """Rows of box, class and score."""
    regions = tuple(Region(box, np.ones((box[3] - box[1], box[2] - box[0]), bool)) for box, _, _ in rows)
    ids, scores = (np.array([row[i] for row in rows], kind) for i, kind in ((1, np.int64), (2, float)))
    return Instances(size_hw, regions, ids, scores, np.zeros(len(rows), bool), CLASSES)


def stuff(value=0, size_hw=(4, 8)):
    return np.full(size_hw, value, np.uint16)


def found(panoptic):
    return [(segment.class_id, segment.score, int((panoptic.segment_ids == segment.id).sum())) for segment in panoptic.segments]


def test_the_surer_thing_lies_on_top_and_stuff_has_the_rest():
    merged = merge_segments(things(((2, 0, 6, 2), 2, 0.6), ((0, 0, 4, 2), 3, 0.9)), stuff(), ALL)
    assert merged.segment_ids[:2].tolist() == [[1, 1, 1, 1, 2, 2, 3, 3]] * 2
    assert found(merged) == [(3, 0.9, 8), (2, 0.6, 4), (0, 1.0, 20)]


def test_a_thing_of_which_surer_ones_have_more_than_half_is_left_out():
    three_of_four = things(((0, 0, 4, 1), 2, 0.9), ((1, 0, 5, 1), 3, 0.8))
    assert found(merge_segments(three_of_four, stuff(), ALL)) == [(2, 0.9, 4), (0, 1.0, 28)]
    just_half = things(((0, 0, 4, 1), 2, 0.9), ((2, 0, 6, 1), 3, 0.8))
    assert found(merge_segments(just_half, stuff(), ALL)) == [(2, 0.9, 4), (3, 0.8, 2), (0, 1.0, 26)]
    all_of_it = things(((0, 0, 4, 1), 2, 0.9), ((1, 0, 3, 1), 3, 0.8))
    assert len(found(merge_segments(all_of_it, stuff(), Merging(most_taken=1.0)))) == 2  # nothing is left of it


def test_unsure_things_give_way_to_stuff():
    unsure = things(((0, 0, 4, 1), 2, 0.49))
    assert found(merge_segments(unsure, stuff(), ALL)) == [(0, 1.0, 32)]


def test_what_is_no_stuff_and_no_thing_is_void():
    seen = stuff()
    seen[0] = IGNORE
    merged = merge_segments(things(((0, 0, 4, 1), 2, 0.9)), seen, ALL)
    assert merged.segment_ids[0].tolist() == [1] * 4 + [0] * 4
    assert found(merged) == [(2, 0.9, 4), (0, 1.0, 24)]


def test_little_stuff_is_void_counted_where_no_thing_is():
    seen = stuff()
    seen[:, :2] = 1
    a_quarter = Merging(least_stuff=0.25)
    assert found(merge_segments(things(), seen, a_quarter)) == [(0, 1.0, 24), (1, 1.0, 8)]
    assert found(merge_segments(things(((0, 0, 1, 1), 2, 1.0)), seen, a_quarter)) == [(2, 1.0, 1), (0, 1.0, 24)]


def test_nothing_at_all_is_void():
    merged = merge_segments(things(), stuff(IGNORE), ALL)
    assert merged.segments == ()
    assert not merged.segment_ids.any()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.5))
def test_every_pixel_is_in_one_segment_or_void(seed, least_score, most_taken, least_stuff):
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(rng.integers(0, 7)):
        x, y, w, h = rng.integers(0, 7), rng.integers(0, 3), rng.integers(1, 6), rng.integers(1, 4)
        rows.append(((x, y, min(x + w, 8), min(y + h, 4)), int(rng.integers(2, 4)), float(rng.random())))
    seen = rng.choice(np.array([0, 1, IGNORE], np.uint16), (4, 8))
    merging = Merging(least_score=least_score, most_taken=most_taken, least_stuff=least_stuff)
    merged = merge_segments(things(*rows), seen, merging)  # Panoptic checks itself
    for segment in merged.segments:
        pixels = merged.segment_ids == segment.id
        if CLASSES[segment.class_id].is_thing:
            assert segment.score >= least_score
        else:
            assert (seen[pixels] == segment.class_id).all()
            assert pixels.sum() >= least_stuff * 32
    assert len({s.class_id for s in merged.segments if s.class_id < 2}) == sum(s.class_id < 2 for s in merged.segments)


@pytest.mark.parametrize("wrong", [{"least_score": -0.1}, {"most_taken": 1.1}, {"least_stuff": 1.0}])
def test_thresholds_that_cannot_be_are_refused(wrong):
    with pytest.raises(PlanError, match="Segments are merged with a score and an overlap from 0 to 1"):
        Merging(**wrong)
