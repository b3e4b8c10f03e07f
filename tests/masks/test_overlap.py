"""The tables of classes and of objects count every pixel that counts, once."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.base.errors import MaskValueError
from maskwright.masks import overlap
from maskwright.masks.classes import IGNORE
from maskwright.masks.overlap import class_table, map_overlaps, object_overlaps
from maskwright.masks.region import Region


def counted_one_by_one(truth: np.ndarray, prediction: np.ndarray, classes: int) -> np.ndarray:
    table = np.zeros((classes, classes + 1), np.int64)
    for true, predicted in zip(truth.ravel().tolist(), prediction.ravel().tolist(), strict=True):
        if true != IGNORE:
            table[true, classes if predicted == IGNORE else predicted] += 1
    return table


def test_a_table_by_hand():
    truth = np.array([[0, 0, 1], [1, 2, IGNORE]], np.uint16)
    prediction = np.array([[0, 1, 1], [IGNORE, 0, 2]], np.uint16)
    assert class_table(truth, prediction, 3).tolist() == [[1, 1, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0]]


@given(st.data())
def test_it_equals_counting_pixel_by_pixel(data):
    classes = data.draw(st.sampled_from([1, 2, 3, 12, 254, 255, 256, 300]))  # 255 is the last whose pairs fit into 16 bits
    shape = data.draw(st.tuples(st.integers(0, 6), st.integers(0, 6)))
    ids = st.one_of(st.integers(0, classes - 1), st.sampled_from([0, classes - 1, IGNORE]))
    truth, prediction = (data.draw(arrays(np.uint16, shape, elements=ids)) for _ in range(2))
    np.testing.assert_array_equal(class_table(truth, prediction, classes), counted_one_by_one(truth, prediction, classes))


def test_arrays_that_are_not_in_one_piece_are_counted_alike():
    ids = np.arange(24, dtype=np.uint16).reshape(4, 6) % 3
    truth, prediction = ids.T[::2], ids[:, ::2].T
    np.testing.assert_array_equal(class_table(truth, prediction, 3), counted_one_by_one(truth, prediction, 3))


@pytest.mark.parametrize("wrong", [2, 254, IGNORE - 1])
def test_an_unknown_id_on_either_side_is_refused(wrong):
    good, bad = np.zeros((2, 2), np.uint16), np.full((2, 2), wrong, np.uint16)
    for truth, prediction in ((good, bad), (bad, good)):
        with pytest.raises(MaskValueError, match="no class: there are 2 classes"):
            class_table(truth, prediction, 2)


def test_different_sizes_are_refused_and_never_resized():
    with pytest.raises(MaskValueError, match=r"6 x 4 pixels, the prediction 4 x 6 .*never resized"):
        class_table(np.zeros((4, 6), np.uint16), np.zeros((6, 4), np.uint16), 2)


def region(x0: int, y0: int, *rows: str) -> Region:
    """A region drawn in text: '#' is a pixel of it."""
    pixels = np.array([[character == "#" for character in row] for row in rows], bool).reshape(len(rows), -1)
    return Region((x0, y0, x0 + pixels.shape[1], y0 + pixels.shape[0]), pixels)


def test_objects_by_hand():
    """An L and a square meet in one pixel; the far one meets nobody, and boxes that share no pixel are no pair."""
    bend, square, far = region(0, 0, "#..", "#..", "###"), region(1, 1, "##", "##"), region(9, 9, "#")
    corner = region(1, 0, "##")  # inside the box of the bend, on none of its pixels
    found = object_overlaps([bend, far], [corner, square, bend])
    assert (found.true.tolist(), found.predicted.tolist(), found.pixels.tolist()) == ([0, 0], [1, 2], [2, 5])
    assert (found.true_areas.tolist(), found.predicted_areas.tolist()) == ([5, 1], [2, 4, 5])
    assert found.iou.tolist() == [2 / 7, 1.0]


def test_objects_of_different_kinds_are_no_pair():
    square = region(0, 0, "##", "##")
    found = object_overlaps([square, square], [square], kinds=(np.array([1, 2]), np.array([2])))
    assert (found.true.tolist(), found.predicted.tolist()) == ([1], [0])


@pytest.mark.parametrize(("ours", "theirs"), [(0, 0), (0, 2), (2, 0)])
def test_no_objects_on_a_side_are_no_pairs(ours, theirs):
    found = object_overlaps([region(0, 0, "#")] * ours, [region(0, 0, "#")] * theirs)
    assert len(found.pixels) == 0
    assert (len(found.true_areas), len(found.predicted_areas)) == (ours, theirs)


regions = st.lists(
    st.builds(
        lambda x0, y0, pixels: Region((x0, y0, x0 + pixels.shape[1], y0 + pixels.shape[0]), pixels),
        st.integers(-2, 6),
        st.integers(-2, 6),
        arrays(np.bool_, st.tuples(st.integers(0, 5), st.integers(0, 5))),
    ),
    max_size=7,
)


@given(regions, regions)
def test_objects_equal_comparing_all_masks_with_all(truth, prediction):
    """Overlapping, empty and repeated objects too."""

    def moved(objects: list[Region]) -> list[Region]:  # so that whole masks hold what lies left of or above the image
        return [Region(tuple(side + 2 for side in one.box_xyxy), one.pixels) for one in objects]

    masks = [[one.mask((16, 16)) for one in moved(objects)] for objects in (truth, prediction)]
    expected = {
        (i, j): np.count_nonzero(a & b) for i, a in enumerate(masks[0]) for j, b in enumerate(masks[1]) if (a & b).any()
    }
    found = object_overlaps(truth, prediction)
    pairs = list(zip(found.true.tolist(), found.predicted.tolist(), strict=True))
    assert dict(zip(pairs, found.pixels.tolist(), strict=True)) == expected
    assert pairs == sorted(expected)


def test_pairs_are_compared_in_parts_that_fit_into_memory(monkeypatch):
    """Rows of objects under one that covers them all: as many parts as it takes, and the same pairs."""
    row = [region(3 * i, 5 * i, "##", "##") for i in range(9)]
    large = [Region((0, 0, 60, 60), np.ones((60, 60), bool))]
    whole = object_overlaps([*row, *large], [*large, *row])
    monkeypatch.setattr(overlap, "PAIRS_AT_ONCE", 2)
    parts = object_overlaps([*row, *large], [*large, *row])
    for name in ("true", "predicted", "pixels"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    assert len(whole.pixels) == 28


def test_the_overlaps_of_two_maps_by_hand():
    true = np.array([[5, 5, 0], [5, -2, 0]], np.int32)
    predicted = np.array([[1, 9, 9], [1, 9, 9]], np.int32)
    true_values, predicted_values, pairs = map_overlaps(true, predicted)
    assert (true_values.tolist(), predicted_values.tolist()) == ([-2, 0, 5], [1, 9])
    assert list(zip(pairs.true.tolist(), pairs.predicted.tolist(), pairs.pixels.tolist(), strict=True)) == [
        (0, 1, 1), (1, 1, 2), (2, 0, 2), (2, 1, 1),
    ]  # fmt: skip
    assert (pairs.true_areas.tolist(), pairs.predicted_areas.tolist()) == ([1, 2, 3], [2, 4])


@given(st.integers(0, 2**31), st.integers(1, 6))
def test_the_overlaps_of_maps_are_those_of_counting_pixel_by_pixel(seed, values):
    rng = np.random.default_rng(seed)
    known = rng.integers(-(2**31), 2**31, values).astype(np.int32)
    true, predicted = (known[rng.integers(0, values, (7, 9))] for _ in range(2))
    true_values, predicted_values, pairs = map_overlaps(true, predicted)
    counted = Counter(zip(true.ravel().tolist(), predicted.ravel().tolist(), strict=True))
    keys = zip(true_values[pairs.true].tolist(), predicted_values[pairs.predicted].tolist(), strict=True)
    assert dict(zip(keys, pairs.pixels.tolist(), strict=True)) == counted
    np.testing.assert_array_equal(pairs.true_areas, [np.count_nonzero(true == value) for value in true_values])


def test_maps_without_pixels_have_no_overlaps():
    nothing = np.zeros((0, 4), np.int32)
    assert [len(part) for part in map_overlaps(nothing, nothing)[:2]] == [0, 0]
