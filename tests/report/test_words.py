"""Numbers and names as they are written."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.metrics.scores import Score
from maskwright.report import words

ROW = Score(metric="dice", subject="cell", value=0.9, low=0.85, high=0.95, baseline=0.0, rule="r", images=3)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (0.91349, "0.913"),
        (-0.5, "-0.500"),
        (12.34, "12.3"),
        (1234.5, "1.23e+03"),
        (math.nan, "n/a"),
        (None, "n/a"),
    ],
)
def test_numbers(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0 %"), (1.0, "100.0 %"), (0.00001, "< 0.1 %"), (0.99999, "> 99.9 %"), (0.5, "50.0 %")],
)
def test_a_share_is_never_rounded_to_none_or_all(value, text):
    assert words.share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (None, "none"),
        (0.001, "0.001"),
        ([1, [2, 3]], "1, 2, 3"),
        ({"ce": 1.0}, "ce 1"),
        ("adamw", "adamw"),
        ([], ""),
    ],
)
def test_amounts(value, text):
    assert words.amount(value) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (119.0, "119 s"), (412.0, "7 min"), (9000.0, "2.5 h")])
def test_durations(seconds, text):
    assert words.duration(seconds) == text


def test_intervals_say_why_there_is_none():
    assert words.interval_of(ROW) == "0.850 to 0.950"
    none = replace(ROW, low=math.nan, high=math.nan)
    assert words.interval_of(none) == "n/a"
    assert words.interval_of(replace(none, images=1)) == "needs 2 images"


def test_titles():
    assert [words.title_of(metric) for metric in ("dice", "iou", "iou per image", "pixel accuracy", "")] == [
        "Dice", "IoU", "IoU per image", "Pixel accuracy", "",
    ]  # fmt: skip


@given(st.text(), st.integers(1, 60))
def test_a_shortened_name_keeps_its_ends(name, length):
    short = words.shortened(name, length)
    assert len(short) <= length
    assert short == name if len(name) <= length else "…" in short
    assert name.startswith(short.split("…")[0])


@given(st.text(st.characters()))
def test_printable_text_can_be_written(text):
    """Characters of file names in another encoding come as lone surrogates."""
    assert words.printable(text + "\udce9").encode("utf-8")
    assert words.printable(text) == text or any("\ud800" <= letter <= "\udfff" for letter in text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, "+0.012"), (-0.5, "-0.500"), (0.0, "0"), (-0.0, "0"), (-0.0001, "+0.000"), (math.nan, "n/a")],
)
def test_differences_have_a_sign(value, text):
    assert words.signed(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"), (713, "713"), (1000, "1.0 k"), (9_949, "9.9 k"), (9_960, "10 k"), (12_345, "12 k"), (999_499, "999 k"),
        (999_500, "1.0 M"), (1_940_000, "1.9 M"), (134_000_000, "134 M"), (None, "n/a"),
    ],
)  # fmt: skip
def test_large_counts_in_few_digits(count, text):
    assert words.rounded(count) == text
