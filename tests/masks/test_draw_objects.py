"""Objects drawn one by one: by hand on small images, and colours that tell neighbours apart."""

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.draw_objects import OBJECT_COLORS, Stroke, draw, magnified, numbered, object_colors, outlined
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

CELLS = Classes.named("background", "cell")
RED = (255, 0, 0)


def square(x, y, size):
    return Region((x, y, x + size, y + size), np.ones((size, size), bool))


def test_a_line_follows_the_inner_rim_and_a_fill_lets_the_image_through():
    image = np.full((8, 8, 3), 100, np.uint8)
    drawn = draw(image, [Stroke(regions=[square(2, 2, 4)], color=RED, fill=0.5)])
    assert (drawn[2:6, 2:6].reshape(-1, 3) == RED).all(axis=1).sum() == 12
    assert drawn[3, 3].tolist() == [178, 50, 50]
    outside = np.ones((8, 8), bool)
    outside[2:6, 2:6] = False
    assert (drawn[outside] == 100).all()
    assert (image == 100).all()


def test_later_strokes_lie_on_top_and_nothing_is_drawn_beyond_the_image():
    image = np.zeros((4, 4, 3), np.uint8)
    below = Stroke(regions=[square(-2, -2, 4)], color=(0, 255, 0), fill=1.0, line=0)
    drawn = draw(image, [below, Stroke(regions=[square(1, 1, 9)], color=RED, fill=1.0, line=0)])
    assert drawn[0, 0].tolist() == [0, 255, 0]
    assert drawn[1, 1].tolist() == list(RED)
    assert drawn[0, 3].tolist() == [0, 0, 0]


def test_a_dashed_line_is_the_line_with_gaps():
    image = np.zeros((60, 60, 3), np.uint8)
    whole, dashed = (
        draw(image, [Stroke(regions=[square(5, 5, 50)], color=RED, dashed=dashed)])[..., 0] for dashed in (False, True)
    )
    assert (dashed <= whole).all()
    assert 0.3 < np.count_nonzero(dashed) / np.count_nonzero(whole) < 0.7


def test_regions_without_pixels_draw_nothing():
    image = np.zeros((4, 4, 3), np.uint8)
    empty = Region((0, 0, 0, 0), np.zeros((0, 0), bool))
    for dashed in (False, True):
        assert not draw(image, [Stroke(regions=[empty, square(9, 9, 2)], color=RED, fill=0.5, dashed=dashed)]).any()


@pytest.mark.parametrize("gap", [0, 3])
def test_neighbours_have_different_colours(gap):
    """A row and a column of squares that touch or nearly do."""
    labels = np.zeros((60, 60), np.int32)
    for number in range(36):
        y, x = 10 * (number // 6), 10 * (number % 6)
        labels[y : y + 10 - gap, x : x + 10 - gap] = number + 1
    colors = np.array([OBJECT_COLORS.index(color) for color in object_colors(instances_from_labels(labels, CELLS))]).reshape(
        6, 6
    )
    assert (colors[1:] != colors[:-1]).all()
    assert (colors[:, 1:] != colors[:, :-1]).all()
    assert (colors[1:, 1:] != colors[:-1, :-1]).all()
    assert len(np.unique(colors)) == len(OBJECT_COLORS)


def test_more_neighbours_than_colours_still_have_one_each():
    stack = Instances(
        size_hw=(5, 5), regions=(square(0, 0, 5),) * 20, class_ids=np.ones(20, np.int64), scores=np.ones(20),
        is_crowd=np.zeros(20, bool), classes=CELLS,
    )  # fmt: skip
    assert {OBJECT_COLORS.index(color) for color in object_colors(stack)} == set(range(len(OBJECT_COLORS)))


def test_outlines_and_numbers_stay_within_reach_of_their_objects():
    labels = np.zeros((40, 60), np.int32)
    labels[10:30, 20:40] = 1
    instances = instances_from_labels(labels, CELLS)
    image = np.full((40, 60, 3), 90, np.uint8)
    drawn = outlined(image, instances)
    assert (drawn[labels == 0] == 90).all()
    assert (drawn[labels == 1] != 90).any(axis=1).all()
    changed = (numbered(image, instances) != image).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert abs(rows.mean() - 20) < 2
    assert abs(columns.mean() - 30) < 2


def test_larger_regions_lie_on_the_larger_image():
    labels = np.zeros((8, 9), np.int32)
    labels[3:5, 2:4] = 1
    large = magnified(instances_from_labels(labels, CELLS), 3)
    assert large.size_hw == (24, 27)
    assert np.array_equal(large.regions[0].mask(large.size_hw), np.kron(labels, np.ones((3, 3))) == 1)
