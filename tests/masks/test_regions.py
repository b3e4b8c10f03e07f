"""Components, boundaries, distances and areas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.masks.classes import IGNORE
from maskwright.masks.regions import boundaries, components, distance, distinct, object_areas, outline_lengths

SHAPES = st.tuples(st.integers(1, 7), st.integers(1, 7))


@pytest.mark.parametrize(("connectivity", "count"), [(8, 1), (4, 2)])
def test_pixels_that_touch_at_a_corner_are_one_part_or_two(connectivity, count):
    labels, found = components(np.array([[True, False], [False, True]]), connectivity=connectivity)
    assert found == count
    assert labels.tolist() == [[1, 0], [0, count]]


def test_an_empty_mask_has_no_parts():
    labels, count = components(np.zeros((3, 3), bool))
    assert count == 0
    assert not labels.any()


@given(arrays(bool, SHAPES))
def test_parts_cover_the_mask_and_differ_where_they_do_not_touch(mask):
    labels, count = components(mask, connectivity=4)
    np.testing.assert_array_equal(labels > 0, mask)
    assert sorted(set(labels[mask].tolist())) == list(range(1, count + 1))
    both = mask[:, 1:] & mask[:, :-1]
    np.testing.assert_array_equal(labels[:, 1:][both], labels[:, :-1][both])


def test_a_boundary_runs_on_both_sides_and_not_along_the_rim():
    ids = np.array([[1, 1, 2, 2], [1, 1, 2, 2], [1, 1, 1, 1]])
    assert boundaries(ids).astype(int).tolist() == [[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]


@given(arrays(np.uint16, SHAPES, elements=st.integers(0, 2)))
def test_boundaries_are_where_a_neighbour_differs(ids):
    padded = np.pad(ids, 1, mode="edge")
    neighbours = [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
    np.testing.assert_array_equal(boundaries(ids), np.any([ids != neighbour for neighbour in neighbours], axis=0))


def test_distances_by_hand():
    mask = np.zeros((4, 5), bool)
    mask[0, 0] = True
    assert distance(mask)[3, 4] == 5  # 3, 4, 5
    assert distance(mask)[0, 0] == 0


def test_everything_is_infinitely_far_from_an_empty_mask():
    assert np.isinf(distance(np.zeros((2, 2), bool))).all()


def test_areas_of_the_parts_of_one_class():
    ids = np.array([[1, 1, 0, 2], [0, 0, 0, 2], [0, 1, 0, 1]], np.uint16)
    assert object_areas(ids, 1).tolist() == [2, 1, 1]
    assert object_areas(ids, 2).tolist() == [2]
    assert object_areas(ids, 3).tolist() == []


@given(arrays(np.int32, st.tuples(st.integers(0, 5), st.integers(1, 7)), elements=st.sampled_from([-3, 0, 2, 2**30])))
def test_distinct_values_and_their_places_are_those_of_numpy(ids):
    values, places = distinct(ids)
    expected, inverse = np.unique(ids, return_inverse=True)
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(places, inverse.reshape(ids.shape))


def test_outlines_run_along_the_edges_of_pixels_and_the_rim():
    ids = np.array([[0, 0, 0, 0], [0, 1, 1, IGNORE], [0, 1, 2, 0]], np.uint16)
    assert outline_lengths(ids, 4).tolist() == [18, 8, 4, 0]


@given(arrays(np.uint16, SHAPES, elements=st.integers(0, 2)))
def test_without_ignored_pixels_every_border_is_felt_from_both_sides(ids):
    height, width = ids.shape
    inside = int((ids[1:] != ids[:-1]).sum() + (ids[:, 1:] != ids[:, :-1]).sum())
    assert outline_lengths(ids, 3).sum() == 2 * inside + 2 * (height + width)
