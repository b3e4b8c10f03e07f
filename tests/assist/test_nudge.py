"""An outline that a click moves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.assist.nudge import is_thin, nudged, off_outline
from maskwright.masks.region import Region
from maskwright.metrics.clicks import counted_iou

ROWS, COLUMNS = np.ogrid[:60, :80]


def disc(radius, x=40, y=30):
    return (ROWS - y) ** 2 + (COLUMNS - x) ** 2 <= radius**2


def asked(*clicks):
    return np.array([click[:2] for click in clicks], np.int64), np.array([click[2] for click in clicks], bool)


def test_a_click_beside_a_disc_that_is_too_small_all_around_widens_it_all_around():
    points, positive = asked((40, 30, True), (52, 30, True))
    found = nudged(disc(11), points, positive)
    assert len(found) == 2
    masks = [region.mask((60, 80)) for region in found]
    assert max(counted_iou(disc(13), mask) for mask in masks) > counted_iou(disc(13), disc(11)) + 0.1
    assert all(mask[30, 52] for mask in masks)


def test_a_click_far_off_moves_much_of_the_outline_unless_only_clicks_on_the_outline_do():
    points, positive = asked((40, 30, True), (56, 30, True))
    widened, near = (nudged(disc(10), points, positive, only_thin=thin)[0].mask((60, 80)) for thin in (False, True))
    assert widened[30, 56]
    assert near[30, 56]
    assert widened[30, 29], "on the other side, too"
    assert not near[30, 29]


def test_a_negative_click_inside_the_rim_narrows_it():
    points, positive = asked((40, 30, True), (52, 30, False))
    found = nudged(disc(13), points, positive)[0].mask((60, 80))
    assert not found[30, 52]
    assert counted_iou(disc(11), found) > counted_iou(disc(11), disc(13))


def test_after_a_click_the_other_way_only_its_neighbourhood_moves():
    points, positive = asked((40, 30, True), (54, 30, False), (27, 30, True))
    found = nudged(disc(12), points, positive)[0].mask((60, 80))
    assert found[30, 27]
    np.testing.assert_array_equal(found[:, 42:], disc(12)[:, 42:])


@given(st.lists(st.tuples(st.integers(0, 79), st.integers(0, 59), st.booleans()), min_size=1, max_size=6))
def test_every_click_is_followed(clicks):
    points, positive = asked(*clicks)
    said = {(x, y): kind for x, y, kind in clicks}
    for region in nudged(disc(12), points, positive):
        mask = region.mask((60, 80))
        left, top, right, bottom = 40 - 12, 30 - 12, 40 + 13, 30 + 13
        assert all(mask[y, x] == kind for (x, y), kind in said.items() if left <= x < right and top <= y < bottom)


@pytest.mark.parametrize(
    ("previous", "clicks"),
    [
        (disc(12) & False, [(40, 30, True)]),
        (disc(12), []),
        (disc(12), [(40, 30, True)]),
        (disc(12), [(1000, -4, True)]),
    ],
    ids=["no mask before", "no click", "followed already", "outside the image"],
)
def test_there_is_nothing_to_move(previous, clicks):
    points = np.array([click[:2] for click in clicks], np.int64).reshape(-1, 2)
    assert nudged(previous, points, np.array([click[2] for click in clicks], bool)) == []


def test_a_click_means_the_outline_only_near_it():
    assert is_thin(disc(12), asked((40, 30, True), (53, 30, True))[0])
    assert not is_thin(disc(12), asked((40, 30, True), (60, 30, True))[0])
    assert not is_thin(disc(12), asked((40, 30, True), (40, 30, False))[0])
    assert not is_thin(disc(12), asked((53, 30, True))[0]), "the first click means the object"
    assert not is_thin(disc(12) & False, asked((40, 30, True), (53, 30, True))[0])


def test_how_far_a_click_lies_from_an_outline():
    square = Region((10, 20, 16, 26), np.ones((6, 6), bool))
    assert off_outline(square, (10, 20)) == 0.5
    assert off_outline(square, (9, 22)) == 0.5
    assert off_outline(square, (12, 23)) == 2.5
    assert off_outline(square, (2, 22)) == 7.5
    assert off_outline(square, (13, 36)) == 10.5
    assert off_outline(Region((0, 0, 0, 0), np.zeros((0, 0), bool)), (3, 3)) == 0


@given(st.integers(0, 79), st.integers(0, 59), st.integers(4, 20))
def test_an_outline_is_as_far_as_the_nearest_pixel_of_the_other_side(x, y, radius):
    mask = disc(radius)
    rows, columns = np.nonzero(mask != mask[y, x])
    nearest = np.hypot(rows - y, columns - x).min()
    assert nearest - 0.75 <= off_outline(Region.of_mask(mask), (x, y)) <= nearest
