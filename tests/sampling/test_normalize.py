"""Normalised intensities: hand-computed cases, then every image that could divide by zero."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from maskwright.base.errors import DataError, PlanError
from maskwright.sampling.normalize import LIMIT, Normalization

KINDS = (
    Normalization(),
    Normalization(kind="zscore"),
    Normalization(kind="none"),
    Normalization(kind="fixed", mean=(3.0,), std=(2.0,)),
)


def test_percentiles_become_minus_one_and_one():
    """101 values from 0 to 100: the percentiles 10 and 90 are 10 and 90, the middle 50 becomes 0."""
    image = np.arange(101, dtype=np.uint8).reshape(1, 101, 1)
    values = Normalization(low=10, high=90).apply(image)
    assert values.shape == (1, 1, 101)
    np.testing.assert_allclose(values[0, 0, [0, 10, 50, 90, 100]], [-1.25, -1, 0, 1, 1.25])


def test_zscore_has_mean_zero_and_deviation_one_in_each_channel():
    image = np.random.default_rng(0).integers(0, 65535, (20, 30, 3)).astype(np.uint16)
    values = Normalization(kind="zscore").apply(image)
    np.testing.assert_allclose(values.mean(axis=(1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(values.std(axis=(1, 2)), 1, atol=1e-6)


def test_fixed_uses_the_given_numbers():
    image = np.array([[[10, 20]]], np.uint8)
    values = Normalization(kind="fixed", mean=(8.0, 26.0), std=(2.0, 3.0)).apply(image)
    assert values.ravel().tolist() == [1.0, -2.0]


def test_few_bright_pixels_on_black_are_no_constant_image():
    """Both percentiles are 0; the extremes take their place."""
    image = np.zeros((50, 50, 1), np.uint16)
    image[7, 7] = 4000
    values = Normalization().apply(image)
    assert (values.min(), values.max()) == (-1, 1)


def test_a_cut_is_normalised_as_in_the_whole_image():
    image = np.random.default_rng(1).normal(5, 3, (40, 30, 2)).astype(np.float32)
    scale = Normalization().scale(image)
    assert np.array_equal(scale.apply(image[10:20, 5:9]), scale.apply(image)[:, 10:20, 5:9])


def test_statistics_of_a_large_image_are_those_of_its_pixels():
    """2000x3000 pixels are more than are looked at; the result moves by less than a thousandth."""
    image = np.random.default_rng(2).normal(0, 1, (2000, 3000, 1)).astype(np.float32)
    scale = Normalization(kind="zscore").scale(image)
    assert scale.offset[0] == pytest.approx(0, abs=5e-3)
    assert scale.factor[0] == pytest.approx(1, abs=5e-3)


@pytest.mark.parametrize("normalization", KINDS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_missing_values_become_the_median_of_the_others(normalization, bad):
    image = np.array([1, 2, 4, bad, 5], np.float32).reshape(1, 5, 1)
    values = normalization.apply(image).ravel()
    expected = normalization.scale(image).apply(np.full((1, 1, 1), 3, np.float32)).item()
    assert values[3] == expected
    assert np.isfinite(values).all()


@pytest.mark.parametrize("kind", ["percentile", "zscore"])
@pytest.mark.parametrize("value", [0, 7, 65535])
def test_a_constant_image_becomes_zeros(kind, value):
    assert not Normalization(kind=kind).apply(np.full((4, 3, 2), value, np.uint16)).any()


@pytest.mark.parametrize("normalization", KINDS)
def test_an_image_without_one_finite_value_is_finite_afterwards(normalization):
    assert np.isfinite(normalization.apply(np.full((4, 3, 1), np.nan, np.float32))).all()


@given(hnp.arrays(np.float32, (5, 4, 1), elements=st.floats(width=32)), st.sampled_from(KINDS))
def test_whatever_float_image_comes_the_result_is_finite_and_bounded(image, normalization):
    values = normalization.apply(image)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= LIMIT


@given(hnp.arrays(st.sampled_from([np.uint8, np.uint16]), (4, 6, 2)))
def test_brightness_and_contrast_of_the_camera_do_not_matter(image):
    """An image and the same image 3 times brighter with an offset look alike."""
    brighter = image.astype(np.float32) * 3 + 50
    np.testing.assert_allclose(Normalization().apply(image), Normalization().apply(brighter), atol=1e-3)


def test_it_goes_through_json():
    normalization = Normalization(kind="fixed", mean=(1.5, 2.0), std=(3.0, 4.0))
    value = json.loads(json.dumps(dataclasses.asdict(normalization)))
    assert Normalization(**{**value, "mean": tuple(value["mean"]), "std": tuple(value["std"])}) == normalization


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"kind": "magic"}, "percentile, zscore, fixed, none"),
        ({"low": 60, "high": 40}, "60"),
        ({"kind": "fixed", "mean": (1.0,), "std": ()}, "1 and 0"),
    ],
)
def test_wrong_settings_are_refused(options, word):
    with pytest.raises(PlanError, match=word):
        Normalization(**options)


def test_fixed_numbers_for_other_channels_are_refused():
    with pytest.raises(DataError, match="3 channels, the normalisation 1"):
        Normalization(kind="fixed", mean=(1.0,), std=(1.0,)).apply(np.zeros((2, 2, 3), np.uint8))
