"""Masks as spans, against NumPy's masks; the runs in their boxes, against cases that were counted by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from maskwright.base.errors import MaskValueError
from maskwright.masks import box_runs, rle
from maskwright.masks.region import Region
from maskwright.masks.spans import Spans

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "runs.json").read_text())

masks = arrays.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def spans_of(mask: np.ndarray) -> Spans:
    region = Region.of_mask(mask)
    if not region.area:
        return Spans.empty(mask.shape[1])
    return Spans.of_runs(region.box_xyxy, box_runs.text_of(region), mask.shape)


def mask_of(spans: Spans, size_hw: tuple[int, int]) -> np.ndarray:
    return box_runs.region_of(*spans.runs()).mask(size_hw) if spans else np.zeros(size_hw, bool)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_the_cases_that_all_programs_read_alike(case):
    rows = np.array([[pixel == "#" for pixel in row] for row in case["rows"]])
    x0, y0 = case["box"][:2]
    region = Region(tuple(case["box"]), rows)
    assert list(rle.from_text(case["text"])) == case["runs"]
    assert box_runs.text_of(region) == case["text"]
    assert (box_runs.region_of(tuple(case["box"]), case["text"]).pixels == rows).all()
    size_hw = (y0 + rows.shape[0] + 1, x0 + rows.shape[1] + 2)
    spans = Spans.of_runs(tuple(case["box"]), case["runs"], size_hw)
    assert spans.area == rows.sum()
    assert (mask_of(spans, size_hw) == region.mask(size_hw)).all()


@given(masks)
def test_a_mask_comes_back_with_its_box_and_its_area(mask):
    spans = spans_of(mask)
    assert (mask_of(spans, mask.shape) == mask).all()
    assert spans.area == mask.sum()
    assert spans.box_xyxy == Region.of_mask(mask).box_xyxy
    if spans:
        assert spans.runs() == (Region.of_mask(mask).box_xyxy, box_runs.text_of(Region.of_mask(mask)))


@given(st.tuples(st.integers(1, 7), st.integers(1, 7)).flatmap(lambda size: st.tuples(*[arrays.arrays(bool, size)] * 2)))
def test_unions_differences_and_intersections_are_those_of_numpy(pair):
    a, b = pair
    for made, expected in (
        (spans_of(a) | spans_of(b), a | b),
        (spans_of(a) & spans_of(b), a & b),
        (spans_of(a) - spans_of(b), a & ~b),
    ):
        assert (mask_of(made, a.shape) == expected).all()
        assert (np.diff(made.turns) > 0).all()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_runs_of_no_pixel_change_nothing(counts):
    total = sum(counts)
    if total:
        expected = np.repeat(np.arange(len(counts)) % 2 == 1, counts)[None]
        spans = Spans.of_runs((0, 0, total, 1), counts, (1, total))
        assert (mask_of(spans, (1, total)) == expected).all()


@pytest.mark.parametrize(
    ("box", "runs", "words"),
    [
        ((0, 0, 2, 2), [0, 5], "the box \\[0, 0, 2, 2\\], which has 2 x 2 = 4"),
        ((0, 0, 2, 2), [5, -1], "which has 2 x 2 = 4"),
        ((0, 0, 2, 2), [], "which has 2 x 2 = 4"),
        ((1, 1, 1, 4), [0], "holds no pixel"),
        ((2, 0, 1, 4), [0], "holds no pixel"),
        ((-1, 0, 1, 1), [0, 2], "outside of the image"),
        ((0, 0, 9, 1), [0, 9], "outside of the image"),
        ((0, 0, 2, 2), "\x7f", "damaged"),
    ],
)
def test_runs_that_do_not_fit_are_refused_in_words(box, runs, words):
    with pytest.raises(MaskValueError, match=words):
        Spans.of_runs(box, runs, (5, 5))


def test_a_region_of_400_million_pixels_costs_its_runs():
    """20,000 x 20,000 pixels, all set: two turns, whatever is done with them."""
    everything = Spans.of_runs((0, 0, 20_000, 20_000), [0, 400_000_000], (20_000, 20_000))
    hole = Spans.of_runs((5, 5, 10, 10), [0, 25], (20_000, 20_000))
    assert len(everything.turns) == 2
    assert (everything - hole).area == 400_000_000 - 25
    assert len(((everything - hole) | hole).turns) == 2
