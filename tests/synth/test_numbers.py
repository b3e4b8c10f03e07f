"""Numbers of recipes: bounds by name, and draws that keep to them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import DataError
from maskwright.synth.cells import Cells
from maskwright.synth.numbers import log_uniform, uniform, whole


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"covered_share": (0.1, 1.5)}, r"covered_share = \(0.1, 1.5\); it must be from 0 to 1"),
        ({"radius_px": (9.0, 4.0)}, "the lower of two first"),
        ({"radius_spread": -0.1}, "a number of 0 or more"),
        ({"photons": (1.0, float("inf"))}, "a number of 0 or more"),
        ({"size_hw": (16, 256)}, "height and width of 32 to 8192 pixels"),
    ],
)
def test_impossible_numbers_are_named(change, words):
    with pytest.raises(DataError, match=words):
        Cells(**change)


def test_a_wide_image_is_no_range():
    """Height above width does not rise, and is a size all the same."""
    assert Cells(size_hw=(96, 64)).size_hw == (96, 64)


NUMBERS = st.just(0.0) | st.floats(1e-3, 100)


@given(st.integers(0, 1000), NUMBERS, NUMBERS)
def test_draws_lie_between_their_bounds(seed, one, other):
    rng = np.random.default_rng(seed)
    bounds = min(one, other), max(one, other)
    for draw in (uniform, log_uniform):
        assert bounds[0] - 1e-6 <= draw(rng, bounds) <= bounds[1] + 1e-6
    assert round(bounds[0]) <= whole(rng, bounds) <= round(bounds[1])


def test_whole_numbers_reach_both_bounds():
    rng = np.random.default_rng(0)
    assert {whole(rng, (1, 3)) for _ in range(60)} == {1, 2, 3}
