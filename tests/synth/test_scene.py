"""Objects laid over one another, and the map that is true of them."""

import numpy as np

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.synth.scene import Sprite, clipped, painted, panoptic_map, visible

CLASSES = Classes.named("ground", "wall", "ball", things=("ball",))


def box(x0, y0, x1, y1):
    return Region((x0, y0, x1, y1), np.ones((y1 - y0, x1 - x0), bool))


def test_later_objects_hide_earlier_ones():
    """The first is hidden whole, the second by three quarters, the third lies on top."""
    regions = [box(2, 2, 4, 4), box(0, 0, 4, 4), box(1, 0, 4, 4)]
    assert visible(regions, (8, 8), least_share=0.3) == [2]
    assert visible(regions, (8, 8), least_share=0.25) == [1, 2]
    assert visible(regions, (8, 8), least_share=0.0) == [1, 2]


def test_what_is_left_out_hides_nothing():
    """The middle one is left out, so that the first is seen again."""
    regions = [box(0, 0, 2, 2), box(0, 0, 5, 2), box(1, 0, 5, 2)]
    assert visible(regions, (8, 8), least_share=0.5) == [0, 2]


def test_only_pixels_on_the_image_count():
    assert visible([box(-3, 0, 1, 2), box(20, 20, 24, 24)], (8, 8), least_share=0.9, least_px=2) == [0]


def test_painting_and_numbers_agree():
    red, blue = np.full((2, 2, 3), (1.0, 0.0, 0.0)), np.full((2, 3, 3), (0.0, 0.0, 1.0))
    sprites = [Sprite(box(-1, 0, 1, 2), red, 2), Sprite(box(2, 1, 5, 3), blue, 2)]
    image, numbers = painted(np.zeros((3, 4, 3)), sprites)
    assert numbers.tolist() == [[1, 0, 0, 0], [1, 0, 2, 2], [0, 0, 2, 2]]
    np.testing.assert_array_equal(image[..., 0], numbers == 1)
    np.testing.assert_array_equal(image[..., 2], numbers == 2)


def test_stuff_comes_first_and_unseen_objects_are_left_out():
    stuff = np.array([[0, 0, 1]], np.uint16)
    numbers = np.array([[0, 3, 1]], np.int32)
    made = panoptic_map(stuff, numbers, [2, 2, 2], CLASSES)
    assert made.segment_ids.tolist() == [[1, 3, 2]]
    assert [(one.id, one.class_id) for one in made.segments] == [(1, 0), (2, 2), (3, 2)]


def test_a_box_beside_the_image_has_no_part_on_it():
    rows, columns, part = clipped((9, 9, 11, 11), np.ones((2, 2), bool), (8, 8))
    assert part.size == 0
    assert np.zeros((8, 8))[rows, columns].shape == part.shape
