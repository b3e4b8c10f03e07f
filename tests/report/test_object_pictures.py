"""Objects and errors drawn over an image: which pixels have which colour, by hand."""

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.report.object_pictures import ERROR_COLORS, FOUND, object_picture

CELLS = Classes.named("background", "cell")
SIZE = 96


def cells(*boxes):
    """Rectangles (y, x, height, width), a number each."""
    labels = np.zeros((SIZE, SIZE), np.int32)
    for number, (y, x, height, width) in enumerate(boxes, 1):
        labels[y : y + height, x : x + width] = number
    return instances_from_labels(labels, CELLS)


def drawn(truth, prediction, *, longest=SIZE, value=120):
    return object_picture(np.full((SIZE, SIZE, 3), value, np.uint8), truth, prediction, longest=longest)


def colors_in(picture):
    return {tuple(color) for color in np.unique(picture.reshape(-1, 3), axis=0).tolist()}


CASES = {
    "missed": (cells((10, 10, 20, 20)), cells()),
    "spurious": (cells(), cells((10, 10, 20, 20))),
    "split": (cells((10, 10, 20, 20)), cells((10, 10, 20, 9), (10, 20, 20, 9))),
    "merged": (cells((10, 10, 20, 20), (10, 32, 20, 20)), cells((10, 10, 20, 42))),
    "inexact": (cells((10, 10, 30, 30)), cells((20, 20, 12, 12))),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_of_error_has_its_colour_and_its_count(kind):
    picture = drawn(*CASES[kind])
    assert ERROR_COLORS[kind] in colors_in(picture.errors)
    assert not {FOUND, *ERROR_COLORS.values()} - {ERROR_COLORS[kind]} & colors_in(picture.errors)
    assert picture.counts == {"found": 0, kind: 1}


def test_what_is_found_is_a_thin_line_that_leaves_the_image_to_be_seen():
    truth = cells((10, 10, 30, 30))
    picture = drawn(truth, truth)
    assert picture.counts == {"found": 1}
    assert picture.errors[10, 20].tolist() == list(FOUND)
    assert picture.errors[20, 20].tolist() == picture.errors[0, 0].tolist() == [102, 102, 102]


def test_an_error_shows_image_and_object_through_its_fill():
    truth, prediction = CASES["spurious"]
    bright, dark = (drawn(truth, prediction, value=value).errors[20, 20] for value in (200, 20))
    assert (bright > dark).all()
    assert bright[0] > bright[2]


def test_the_most_frequent_errors_are_named_first():
    truth = cells((0, 0, 10, 10), (0, 20, 10, 10), (0, 40, 10, 10))
    picture = drawn(truth, cells((0, 0, 10, 10), (50, 50, 10, 10)))
    assert list(picture.counts.items()) == [("found", 1), ("missed", 2), ("spurious", 1)]


def test_small_images_are_drawn_larger_and_large_ones_with_wider_lines():
    truth = cells((10, 10, 30, 30))
    large = drawn(truth, truth, longest=4 * SIZE)
    assert large.errors.shape == large.truth.shape == (4 * SIZE, 4 * SIZE, 3)
    assert large.errors[40, 80].tolist() == list(FOUND)
    assert large.errors[41, 80].tolist() != list(FOUND)
    wide = drawn(truth, truth, longest=SIZE // 3)
    assert [wide.errors[row, 20].tolist() == list(FOUND) for row in (10, 12, 13)] == [True, True, False]


def test_neighbours_in_truth_and_prediction_have_different_colours():
    both = cells((10, 10, 20, 20), (10, 30, 20, 20))
    picture = drawn(both, both)
    for panel in (picture.truth, picture.prediction):
        assert panel[20, 15].tolist() != panel[20, 45].tolist()


def test_no_objects_at_all_leave_the_image_alone():
    picture = drawn(cells(), cells())
    assert colors_in(picture.errors) == {(102, 102, 102)}
    assert colors_in(picture.truth) == {(120, 120, 120)}
    assert picture.counts == {"found": 0}
