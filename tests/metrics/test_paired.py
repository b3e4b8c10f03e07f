"""Differences of predictions of the same images, and their paired intervals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.masks.classes import Classes
from maskwright.metrics.counts import Counts
from maskwright.metrics.paired import paired_scores
from maskwright.metrics.scores import bootstrap_weights
from maskwright.metrics.semantic import score

CELLS = Classes.named("background", "cell")

# Two images of 10 pixels, 4 of them cell. Tables of (ground truth, prediction): [[bg, cell, none], [bg, cell, none]].
FIRST = np.array([[[6, 0, 0], [2, 2, 0]], [[5, 1, 0], [1, 3, 0]]])
SECOND = np.array([[[6, 0, 0], [1, 3, 0]], [[6, 0, 0], [1, 3, 0]]])


def cell_dice(tables_of_predictions, **options):
    rows = paired_scores([Counts.of(tables) for tables in tables_of_predictions], CELLS, background=0, **options)
    return [next(row for row in of if (row.metric, row.subject) == ("dice", "cell")) for of in rows]


def test_the_difference_of_two_images_by_hand():
    """Pooled Dice of cell: first 2*5/(8+6) = 5/7, second 2*6/(8+6) = 6/7.

    Of two images there are three resamples: the first twice (4/6 against 6/7), the second twice (6/8 against 6/7), or both.
    """
    first, second = cell_dice([FIRST, SECOND])
    assert first.value == pytest.approx(5 / 7)
    assert second.value == pytest.approx(6 / 7)
    assert second.difference == pytest.approx(1 / 7)
    assert second.difference_low == pytest.approx(6 / 7 - 6 / 8)
    assert second.difference_high == pytest.approx(6 / 7 - 4 / 6)
    assert (second.low, second.high) == pytest.approx((6 / 7, 6 / 7))
    assert second.better == 1
    assert (first.difference, first.difference_low, first.difference_high, first.better) == (0, 0, 0, 0)


def test_the_share_of_better_resamples_by_hand():
    """Better on the first image by as much as worse on the second: better only where the first is drawn twice."""
    swapped = FIRST[::-1]
    share = cell_dice([swapped, FIRST])[1].better  # FIRST is worse on image 0 (2/3 against 3/4), better on image 1
    twice = np.mean(bootstrap_weights(2)[:, 1] == 2)
    assert 0.2 < twice < 0.3
    assert share == twice


def test_the_values_and_intervals_are_those_of_the_scores():
    """A comparison shows for each prediction what scoring it alone shows."""
    rng = np.random.default_rng(0)
    tables = rng.integers(0, 20, (12, 2, 3))
    scores = score(list(tables), [str(n) for n in range(12)], CELLS, background=0)
    (rows,) = paired_scores([Counts.of(tables)], CELLS, background=0)
    assert [(row.metric, row.subject, row.value, row.low, row.high) for row in rows] == [
        (row.metric, row.subject, row.value, row.low, row.high) for row in scores.rows
    ]


@settings(max_examples=10)
@given(st.integers(0, 1000), st.integers(2, 15))
def test_equal_predictions_differ_by_exactly_nothing(seed, images):
    tables = np.random.default_rng(seed).integers(1, 50, (images, 2, 3))
    second = cell_dice([tables, tables.copy()], draws=50)[1]
    assert (second.difference, second.difference_low, second.difference_high, second.better) == (0, 0, 0, 0)


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_what_makes_images_hard_for_both_falls_out_of_the_difference(seed):
    """Images of very different difficulty, a second prediction slightly better on each: the paired interval is far narrower
    than that of two scores whose images were drawn independently, and does not hold 0."""
    rng = np.random.default_rng(seed)
    found = rng.integers(200, 900, 20)  # of 1000 cell pixels in each image
    gained = rng.integers(40, 60, 20)

    def tables(hits):
        return np.array([[[5000, 0, 0], [1000 - n, n, 0]] for n in hits])

    first, second = cell_dice([tables(found), tables(found + gained)], draws=300)
    paired = second.difference_high - second.difference_low
    independent = math.hypot(first.high - first.low, second.high - second.low)
    assert paired < 0.5 * independent
    assert 0 < second.difference_low <= second.difference <= second.difference_high


def test_the_same_again_is_the_same_and_swapping_turns_the_sign():
    rng = np.random.default_rng(1)
    tables = rng.integers(1, 50, (2, 9, 2, 3))
    there, back = cell_dice(tables)[1], cell_dice(tables[::-1])[1]
    assert cell_dice(tables)[1] == there
    assert back.difference == -there.difference
    assert (back.difference_low, back.difference_high) == pytest.approx((-there.difference_high, -there.difference_low))


def test_one_image_has_a_difference_but_no_interval():
    second = cell_dice([FIRST[:1], SECOND[:1]])[1]
    assert second.difference == pytest.approx(6 / 7 - 2 / 3)
    assert all(math.isnan(value) for value in (second.low, second.difference_low, second.difference_high, second.better))


def test_a_class_that_is_nowhere_cannot_be_compared():
    empty = np.array([[[9, 0, 0], [0, 0, 0]]] * 3)
    second = cell_dice([empty, empty])[1]
    assert all(math.isnan(value) for value in (second.value, second.difference, second.difference_low, second.better))


def test_counts_of_images_come_back_from_json_values():
    counts = Counts.of(FIRST)
    back = Counts.of_images([counts.of_image(0), counts.of_image(1)])
    assert counts.of_image(0) == {"hits": [6, 2], "truth": [6, 4], "predicted": [8, 2]}
    assert np.array_equal(back.hits, counts.hits)
    assert np.array_equal(back.truth, counts.truth)
    assert np.array_equal(back.predicted, counts.predicted)
