"""Counts of pixels and their ratios."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.metrics.counts import Counts, mean, ratio

TABLES = arrays(np.int64, (3, 2, 3), elements=st.integers(0, 20))


def test_a_published_confusion_matrix_gives_its_true_scores():
    """A retinal-vessel paper's 'Jaccard 0.956' was its accuracy (facts of the field, section 3)."""
    counts = Counts.of(np.array([[[3895256, 65238, 0], [134513, 443136, 0]]]))
    assert counts.accuracy[0] == pytest.approx(0.956, abs=5e-4)
    assert counts.iou[0, 1] == pytest.approx(0.6893, abs=5e-5)
    assert counts.dice[0, 1] == pytest.approx(0.8161, abs=5e-5)


def test_pixels_that_were_not_predicted_are_wrong():
    counts = Counts.of(np.array([[[2, 0, 0], [0, 3, 5]]]))
    assert counts.accuracy.tolist() == [0.5]
    assert counts.iou.tolist() == [[1, 3 / 8]]
    assert counts.dice.tolist() == [[1, 6 / 11]]


def test_what_is_nowhere_cannot_be_measured():
    counts = Counts.of(np.zeros((1, 2, 3), np.int64))
    assert np.isnan(counts.accuracy).all()
    assert np.isnan(counts.dice).all()
    assert np.isnan(counts.iou).all()


@given(TABLES)
def test_dice_and_iou_are_functions_of_each_other(tables):
    counts = Counts.of(tables)
    np.testing.assert_allclose(counts.dice, 2 * counts.iou / (1 + counts.iou))


@given(TABLES, arrays(np.float64, (2, 3), elements=st.sampled_from([0.0, 1.0, 2.0])))
def test_pooling_counts_images_as_often_as_they_are_weighted(tables, weights):
    pooled = Counts.of(tables).pooled(weights)
    summed = Counts.of(np.einsum("mn,nij->mij", weights, tables).astype(np.int64))
    np.testing.assert_array_equal(pooled.hits, summed.hits)
    np.testing.assert_array_equal(pooled.truth, summed.truth)
    np.testing.assert_array_equal(pooled.predicted, summed.predicted)


def test_a_mean_is_over_what_can_be_measured():
    values = np.array([[1, np.nan, 0], [np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(mean(values), [0.5, np.nan])


def test_a_ratio_to_nothing_is_nan_and_no_warning():
    np.testing.assert_array_equal(ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])), [0.5, np.nan])
