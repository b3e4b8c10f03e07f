"""Segments found in maps of centres and offsets: by hand, what they are grouped by, and for any maps one segment a pixel."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.base.errors import PlanError
from maskwright.losses.centers import center_targets
from maskwright.masks.centers import OFFSET_PX, CenterMaps, Grouping, find_centers, find_segments
from maskwright.masks.classes import Classes
from maskwright.masks.panoptic_layers import THING, to_layers
from maskwright.masks.types import Panoptic, Segment

CLASSES = Classes.named("road", "car", "person", things=("car", "person"))
ALL = Grouping(smallest=1, least_stuff=0.0)


def maps_of(ids: np.ndarray, centers: dict[tuple[int, int], float], *, points_at=None) -> CenterMaps:
    """Certain classes; one pixel of nearness a centre; every pixel points at `points_at`, or nowhere."""
    classes = np.stack([ids == class_id for class_id in range(3)]).astype(np.float32)
    heat, offsets = np.zeros(ids.shape, np.float32), np.zeros((2, *ids.shape), np.float32)
    for place, value in centers.items():
        heat[place] = value
    if points_at is not None:
        places = np.indices(ids.shape)
        offsets = (np.asarray(points_at) - places).astype(np.float32)
    return CenterMaps(classes, heat, offsets)


def test_pixels_belong_to_the_centre_they_point_at():
    """A car of 1 x 6 whose right half points at the right centre, its left half at the left one; road below."""
    ids = np.array([[1] * 6, [0] * 6])
    points_at = np.zeros((2, 2, 6), int)
    points_at[1, :, 3:] = 5
    found = find_segments(maps_of(ids, {(0, 0): 0.5, (0, 5): 0.9}, points_at=points_at), ALL, CLASSES)
    assert found.segment_ids.tolist() == [[3, 3, 3, 2, 2, 2], [1] * 6]
    assert [(segment.class_id, round(segment.score, 6)) for segment in found.segments] == [(0, 1.0), (1, 0.9), (1, 0.5)]


def test_a_thing_has_the_class_of_most_of_its_pixels():
    ids = np.array([[2, 1, 1, 1, 2]])
    found = find_segments(maps_of(ids, {(0, 2): 0.8}), ALL, CLASSES)
    assert found.segment_ids.tolist() == [[1] * 5]
    (segment,) = found.segments
    assert segment.class_id == 1
    assert segment.score == pytest.approx(0.8 * 3 / 5)  # the mean probability of that class over all its pixels


def test_things_without_a_centre_are_void():
    found = find_segments(maps_of(np.array([[1, 1], [0, 0]]), {(0, 0): 0.05}), ALL, CLASSES)
    assert found.segment_ids.tolist() == [[0, 0], [1, 1]]


def test_a_centre_on_stuff_takes_what_points_at_it():
    found = find_segments(maps_of(np.array([[0, 1, 1]]), {(0, 0): 0.9}), ALL, CLASSES)
    assert found.segment_ids.tolist() == [[1, 2, 2]]


def test_small_things_and_small_stuff_are_void():
    ids = np.array([[1, 1, 0, 2], [1, 1, 1, 1]])
    maps = maps_of(ids, {(0, 0): 0.9, (0, 3): 0.9}, points_at=np.where(ids == 2, [[[0]], [[3]]], 0))
    few, many = Grouping(apart=3, smallest=2, least_stuff=0.1), Grouping(apart=3, smallest=1, least_stuff=0.2)
    assert find_segments(maps, few, CLASSES).segment_ids.tolist() == [[2, 2, 1, 0], [2, 2, 2, 2]]
    assert find_segments(maps, many, CLASSES).segment_ids.tolist() == [[1, 1, 0, 2], [1, 1, 1, 1]]


def test_in_one_window_there_is_one_centre():
    heat = np.zeros((1, 12), np.float32)
    heat[0, [2, 4, 9]] = 0.8, 0.9, 0.3
    assert find_centers(heat, Grouping(apart=5)).tolist() == [[0, 4], [0, 9]]
    assert find_centers(heat, Grouping(apart=3)).tolist() == [[0, 4], [0, 2], [0, 9]]
    assert find_centers(heat, Grouping(apart=3, center=0.5)).tolist() == [[0, 4], [0, 2]]
    assert find_centers(np.zeros((3, 3), np.float32), Grouping()).tolist() == []


def test_of_equals_in_one_window_the_first_is_the_centre():
    heat = np.zeros((5, 9), np.float32)
    heat[2, 2:4] = heat[2, 8] = 0.7
    assert find_centers(heat, Grouping(apart=5)).tolist() == [[2, 2], [2, 8]]


def test_no_number_of_a_network_stops_it():
    """Offsets beyond all bounds or that are no numbers, nearness above 1."""
    maps = maps_of(np.ones((3, 4), int), {(1, 1): 7.0, (2, 3): -3.0})
    offsets = maps.offsets_yx.copy()
    offsets[0, 0], offsets[1, 2], offsets[0, 1] = np.nan, np.inf, 1e30
    found = find_segments(CenterMaps(maps.classes, maps.heat, offsets), ALL, CLASSES)
    assert (found.segment_ids == 1).all()
    assert found.segments[0].score == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([Grouping(), ALL, Grouping(center=0.6, apart=5, smallest=4, least_stuff=0.2)]))
def test_every_pixel_is_in_one_segment_or_void(seed, grouping):
    rng = np.random.default_rng(seed)
    outputs = rng.normal(0.2, 0.4, (6, 9, 11)).astype(np.float32)
    found = find_segments(CenterMaps.of_outputs(outputs), grouping, CLASSES)  # Panoptic checks itself
    ids = outputs[:3].argmax(axis=0)
    is_thing = {segment.id: CLASSES[segment.class_id].is_thing for segment in found.segments}
    for segment in found.segments:
        pixels = found.segment_ids == segment.id
        if is_thing[segment.id]:
            assert (ids[pixels] > 0).all()
            assert pixels.sum() >= grouping.smallest
        else:
            assert np.array_equal(pixels, ids == segment.class_id)
    assert sum(not thing for thing in is_thing.values()) <= 1  # one segment a class of stuff


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_what_targets_say_is_found_again(seed):
    """Rectangles anywhere that do not touch: their targets lead back to the same map."""
    rng = np.random.default_rng(seed)
    ids = np.ones((40, 56), np.int32)
    segments = [Segment(1, 0)]
    for row in range(2):
        for column in range(3):
            if rng.random() < 0.8:
                y, x = row * 20 + rng.integers(1, 6), column * 18 + rng.integers(1, 6)
                number = len(segments) + 1
                ids[y : y + rng.integers(4, 13), x : x + rng.integers(4, 12)] = number
                segments.append(Segment(number, int(rng.integers(1, 3))))
    truth = Panoptic(ids, tuple(segments), CLASSES)
    layers = to_layers(truth)
    near, offsets = center_targets(torch.from_numpy(layers[THING].astype(np.int64))[None], 3.0)
    classes = np.stack([layers[0] == class_id for class_id in range(3)]).astype(np.float32)
    outputs = np.concatenate([classes, near.numpy(), offsets[0].numpy() / OFFSET_PX])
    found = find_segments(CenterMaps.of_outputs(outputs), Grouping(center=0.2, least_stuff=0.0), CLASSES)
    pairs = set(zip(truth.segment_ids.ravel().tolist(), found.segment_ids.ravel().tolist(), strict=True))
    assert len(pairs) == len(truth.segments) == len(found.segments)
    class_of = {segment.id: segment.class_id for segment in found.segments}
    assert all(class_of[theirs] == segments[ours - 1].class_id for ours, theirs in pairs)


@pytest.mark.parametrize("wrong", [{"center": 0.0}, {"center": 1.0}, {"apart": 0}, {"smallest": 0}, {"least_stuff": 1.0}])
def test_thresholds_that_cannot_be_are_refused(wrong):
    with pytest.raises(PlanError, match="Segments are found with a nearness between 0 and 1"):
        Grouping(**wrong)
