"""Where crops lie: inside the image, around the chosen pixel, and the same on every call."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maskwright.masks.classes import IGNORE
from maskwright.sampling.crops import POSITIONS_PER_CLASS, ClassIndex, class_positions, corner_around, uniform_corner

sides = st.integers(1, 60)
sizes = st.tuples(sides, sides)
seeds = st.integers(0, 10_000)


def test_positions_name_the_pixels_of_each_class_and_none_that_is_ignored():
    target = np.array([[0, 2, IGNORE], [2, 0, 0]], np.uint16)
    positions = class_positions(target, 0)
    assert {class_id: found.tolist() for class_id, found in positions.items()} == {
        0: [[0, 0], [1, 1], [1, 2]],
        2: [[0, 1], [1, 0]],
    }


def test_many_pixels_are_thinned_evenly_and_repeatably():
    target = np.zeros((200, 300), np.uint16)
    target[:, 100:] = 1
    positions = class_positions(target, 4)
    assert [len(found) for found in positions.values()] == [POSITIONS_PER_CLASS, POSITIONS_PER_CLASS]
    assert np.array_equal(positions[1], class_positions(target, 4)[1])
    assert (target[tuple(positions[1].T)] == 1).all()
    np.testing.assert_allclose(positions[1].mean(axis=0), [99.5, 199.5], atol=5)  # from everywhere, not the first ones


def test_the_index_says_which_samples_show_a_class():
    targets = [np.array([[0, 1]]), np.array([[2, IGNORE]]), np.array([[1, 0]])]
    index = ClassIndex(tuple(class_positions(target.astype(np.uint16), i) for i, target in enumerate(targets)))
    assert index.samples_with == {0: (0, 2), 1: (0, 2), 2: (1,)}


@given(seeds, sizes, sizes)
def test_a_uniform_crop_lies_inside_or_covers_the_image(seed, size_hw, crop_hw):
    corner = uniform_corner(np.random.default_rng(seed), size_hw, crop_hw)
    for start, size, side in zip(corner, size_hw, crop_hw, strict=True):
        assert min(0, size - side) <= start <= max(0, size - side)


def test_uniform_crops_reach_both_rims():
    rng = np.random.default_rng(0)
    corners = {uniform_corner(rng, (6, 5), (4, 4)) for _ in range(200)}
    assert corners == {(y, x) for y in range(3) for x in range(2)}


@given(seeds, sizes, sizes, st.data())
def test_a_crop_around_a_pixel_holds_it(seed, size_hw, crop_hw, data):
    pixel = tuple(data.draw(st.integers(0, size - 1)) for size in size_hw)
    corner = corner_around(np.random.default_rng(seed), pixel, size_hw, crop_hw)
    for start, place, size, side in zip(corner, pixel, size_hw, crop_hw, strict=True):
        assert start <= place < start + side
        assert min(0, size - side) <= start <= max(0, size - side)


def test_the_chosen_pixel_is_not_always_in_the_middle():
    """A network must not learn that the middle is foreground."""
    rng = np.random.default_rng(0)
    starts = [corner_around(rng, (500, 500), (1000, 1000), (64, 64))[0] for _ in range(300)]
    assert (min(starts), max(starts)) == (500 - 32 - 16, 500 - 32 + 16)
