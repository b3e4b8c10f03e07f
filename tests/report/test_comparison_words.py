"""What a difference and its interval are called."""

import math

import pytest

from maskwright.metrics.paired import PairedScore
from maskwright.report import comparison_words as words
from maskwright.report.comparison import ComparedImage


def paired(difference, low, high, better=0.9):
    return PairedScore(
        metric="dice", subject="cell", value=0.8, low=0.7, high=0.9,
        difference=difference, difference_low=low, difference_high=high, better=better,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("score", "verdict", "interval"),
    [
        (paired(0.05, 0.01, 0.09), "better", "+0.010 to +0.090"),
        (paired(-0.05, -0.09, -0.01), "worse", "-0.090 to -0.010"),
        (paired(0.05, -0.01, 0.09), "not told apart", "-0.010 to +0.090"),
        (paired(0.05, 0.0, 0.09), "not told apart", "0 to +0.090"),
        (paired(0.0, 0.0, 0.0, 0.0), "the same", "0 to 0"),
        (paired(0.05, math.nan, math.nan, math.nan), "", ""),
    ],
)
def test_only_an_interval_without_0_decides(score, verdict, interval):
    assert words.verdict(score) == verdict
    assert words.difference_interval(score) == interval
    assert words.better_in(score) == ("" if verdict in ("", "the same") else "90.0 %")


def test_a_sentence_for_every_run(make_comparison):
    first, better, same = words.sentences(make_comparison({"a": 0.5, "b": 0.6, "c": 0.5}))
    assert first.startswith("a has a Dice of 'cell' of 0.")
    assert first.endswith("on 12 common images.")
    assert better.endswith("): better.")
    assert same.endswith(": the same.")


def test_one_image_and_nothing_to_measure_are_said(make_comparison):
    *_, alone = words.sentences(make_comparison({"a": 0.5, "b": 0.6}, images=1))
    assert alone.endswith("one image cannot tell.")
    nothing = paired(math.nan, math.nan, math.nan)
    comparison = make_comparison({"a": 0.5, "b": 0.6})
    object.__setattr__(comparison.runs[1], "scores", (nothing,))
    assert words.sentences(comparison)[1] == "b: nothing can be measured."


def test_steps_of_a_training_that_was_stopped(make_comparison):
    run = make_comparison({"a": 0.5}).runs[0]
    assert words.steps(run) == "20"
    object.__setattr__(run, "planned", 50)
    assert words.steps(run) == "20 of 50"
    object.__setattr__(run, "steps", None)
    assert words.steps(run) == "n/a"


def test_how_far_apart_the_runs_are_on_an_image():
    assert ComparedImage(id="x", values=[0.25, math.nan, 0.75]).spread == 0.5
    assert ComparedImage(id="x", values=[math.nan, math.nan]).spread == 0
