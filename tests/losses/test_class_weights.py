import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import PlanError
from maskwright.losses import inverse_frequency_weights


def test_by_hand():
    """300 and 100 pixels weigh 1 to 3, and their mean over pixels, (300 w + 100 * 3 w) / 400, is 1: w = 2/3."""
    assert inverse_frequency_weights([300, 100]) == pytest.approx((2 / 3, 2))


def test_a_rare_class_weighs_no_more_than_the_cap_and_a_missing_one_as_much():
    common, rare, missing = inverse_frequency_weights([1_000_000, 10, 0], cap=20.0)
    assert rare / common == pytest.approx(20)
    assert missing == rare


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any), st.floats(1, 100))
def test_the_average_pixel_weighs_one_and_the_rarer_never_less(pixels, cap):
    weights = inverse_frequency_weights(pixels, cap=cap)
    assert sum(p * w for p, w in zip(pixels, weights, strict=True)) / sum(pixels) == pytest.approx(1)
    assert max(weights) / min(weights) <= cap * (1 + 1e-9)
    ordered = [weight for _, weight in sorted(zip(pixels, weights, strict=True))]
    assert ordered == sorted(ordered, reverse=True)


@pytest.mark.parametrize(
    ("pixels", "cap", "words"), [([], 10.0, "no pixel"), ([0, 0], 10.0, "no pixel"), ([1, 2], 0.5, "not 0.5")]
)
def test_what_has_no_weights_is_said(pixels, cap, words):
    with pytest.raises(PlanError, match=words):
        inverse_frequency_weights(pixels, cap=cap)
