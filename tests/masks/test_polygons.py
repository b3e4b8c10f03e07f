"""Polygons fill the pixels that pycocotools says, and outlines give back the mask they go around."""

import numpy as np
import pycocotools.mask as reference
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from maskwright.base.errors import MaskValueError
from maskwright.masks import polygons
from maskwright.masks.polygons import cross_themselves, fill, fill_region, is_hole, outline, signed_area

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools

SQUARE = np.array([[1, 1], [4, 1], [4, 3], [1, 3]], np.float64)
BOW_TIE = np.array([[0, 0], [4, 4], [4, 0], [0, 4]], np.float64)
COORDINATES = st.one_of(st.floats(-8, 24), st.integers(-8, 24), st.integers(-40, 120).map(lambda fifths: fifths / 5))
POLYGONS = st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=9).map(lambda xy: np.array(xy, np.float64))
MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=10))


def by_pycocotools(several, size_hw):
    runs = reference.frPyObjects([one.ravel().tolist() for one in several], *size_hw)
    return reference.decode(reference.merge(runs)).astype(bool)


def test_a_square_on_the_grid_covers_its_pixels():
    expected = np.zeros((5, 6), bool)
    expected[1:3, 1:4] = True
    np.testing.assert_array_equal(fill([SQUARE], (5, 6)), expected)
    assert fill_region([SQUARE], (5, 6)).box_xyxy == (1, 1, 4, 3)


@given(st.lists(POLYGONS, min_size=1, max_size=3), st.integers(1, 20), st.integers(1, 20))
def test_any_polygons_cover_what_pycocotools_says(several, height, width):
    """Crossing, repeated corners, outside the image, on half fifths of pixels: every rounding is the same."""
    np.testing.assert_array_equal(fill(several, (height, width)), by_pycocotools(several, (height, width)))


@pytest.mark.parametrize("seed", range(5))
def test_long_edges_round_as_those_of_pycocotools(seed):
    rng = np.random.default_rng(seed)
    several = [rng.uniform(-300, 1300, (12, 2)), np.round(rng.uniform(0, 1000, (40, 2)), 2)]
    np.testing.assert_array_equal(fill(several, (900, 1000)), by_pycocotools(several, (900, 1000)))


def test_many_crossings_are_worked_out_in_parts(monkeypatch):
    whole = fill([BOW_TIE * 10], (40, 40))
    monkeypatch.setattr(polygons, "CROSSINGS", 30)
    np.testing.assert_array_equal(fill([BOW_TIE * 10], (40, 40)), whole)


def test_rings_inside_rings_are_holes_by_the_even_odd_rule_only():
    inner = np.array([[2, 1], [3, 1], [3, 3], [2, 3]], np.float64)
    assert fill([SQUARE, inner], (5, 6)).sum() == 6
    assert fill([SQUARE, inner], (5, 6), rule="even-odd").sum() == 4


def test_what_lies_outside_covers_nothing():
    assert fill_region([SQUARE + 100], (5, 6)).area == 0
    assert fill_region([], (5, 6)).area == 0


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300])
def test_coordinates_that_are_no_numbers_are_refused(wrong):
    with pytest.raises(MaskValueError, match="no numbers"):
        fill([np.array([[0, 0], [1, wrong], [1, 1]])], (5, 6))


def test_the_outline_of_a_pixel_runs_clockwise_around_it():
    (ring,) = outline(np.array([[0, 0], [0, 1]], bool))
    assert ring.tolist() == [[1, 1], [2, 1], [2, 2], [1, 2]]
    assert signed_area(ring) == 1


def test_a_hole_has_a_ring_the_other_way():
    mask = np.ones((3, 3), bool)
    mask[1, 1] = False
    around, hole = outline(mask)
    assert (is_hole(around), is_hole(hole)) == (False, True)
    assert signed_area(around) + signed_area(hole) == 8


def test_parts_that_touch_at_a_corner_have_rings_of_their_own():
    for mask in ([[1, 0], [0, 1]], [[0, 1], [1, 0]]):
        assert [signed_area(ring) for ring in outline(np.array(mask, bool))] == [1, 1]


@given(MASKS)
def test_outlines_give_their_mask_back(mask):
    rings = outline(mask)
    np.testing.assert_array_equal(fill(rings, mask.shape, rule="even-odd"), mask)
    holes = [ring for ring in rings if is_hole(ring)]
    parts = ndimage.label(mask)[1]
    gaps = ndimage.label(np.pad(~mask, 1, constant_values=True), np.ones((3, 3)))[1] - 1
    assert (len(rings) - len(holes), len(holes)) == (parts, gaps)
    assert sum(map(signed_area, rings)) == mask.sum()
    if not holes and rings:
        np.testing.assert_array_equal(by_pycocotools(rings, mask.shape), mask)


def test_only_edges_that_cut_through_each_other_cross():
    touching = np.array([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4]], np.float64)
    triangle = SQUARE[:3]
    bridge = np.array([[0, 0], [2, 0], [2, 2], [6, 2], [6, 4], [6, 2], [2, 2], [0, 2]], np.float64)
    assert cross_themselves([SQUARE, BOW_TIE, touching, triangle, bridge]).tolist() == [False, True, False, False, False]
    assert cross_themselves([]).tolist() == []


@given(st.lists(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=4, max_size=12), min_size=1, max_size=4))
def test_crossing_edges_are_those_that_a_look_at_every_pair_finds(rings):
    """Several rings at once, with edges of no length, on one line, and at one place."""

    def side(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    def crosses(ring):
        edges = list(zip(ring, ring[1:] + ring[:1], strict=True))
        return any(side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0 for a, b in edges for c, d in edges)

    assert cross_themselves([np.array(ring, float) for ring in rings]).tolist() == [crosses(ring) for ring in rings]
