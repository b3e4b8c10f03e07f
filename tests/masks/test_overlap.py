"""The class table counts every pixel that counts, once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE
from maskwright.masks.overlap import class_table


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
