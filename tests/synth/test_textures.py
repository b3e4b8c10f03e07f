"""Smooth random fields: of mean 0 and variance 1, as smooth as was asked."""

import numpy as np
import pytest

from maskwright.synth.textures import FINE, fractal, noise, rounded, slope, vignette


@pytest.mark.parametrize("scale", [1.0, 3.0, 8.0, (1.0, 6.0), (6.0, 1.0)])
def test_noise_has_mean_0_and_variance_1(scale):
    field = noise(np.random.default_rng(0), (400, 300), scale)
    assert field.shape == (400, 300)
    assert abs(field.mean()) < 0.1
    assert field.std() == pytest.approx(1, abs=0.1)


def test_coarser_noise_changes_less_from_pixel_to_pixel():
    steps = [np.abs(np.diff(noise(np.random.default_rng(1), (200, 200), scale), axis=0)).mean() for scale in (1, 4, 16, 64)]
    assert steps == sorted(steps, reverse=True)


def test_noise_that_is_stretched_changes_along_one_axis_only():
    field = noise(np.random.default_rng(1), (200, 200), (1.0, 50.0))
    assert np.abs(np.diff(field, axis=1)).mean() < 0.1 * np.abs(np.diff(field, axis=0)).mean()


def test_fractal_noise_has_variance_1():
    assert fractal(np.random.default_rng(2), (300, 300), 20.0).std() == pytest.approx(1, abs=0.15)


def test_fields_are_rounded_so_that_last_bits_decide_nothing():
    field = noise(np.random.default_rng(3), (50, 50), 5.0)
    np.testing.assert_array_equal(field * FINE, np.rint(field * FINE))
    np.testing.assert_array_equal(rounded(field + 1e-12), field)


def test_light_falls_off_to_the_corners():
    light = vignette((5, 5), 0.4)
    assert light[2, 2] == 1
    assert light[0, 0] == pytest.approx(0.6)
    assert light[0, 2] == pytest.approx(0.8)


def test_a_slope_is_a_plane_between_minus_1_and_1():
    plane = slope(np.random.default_rng(4), (20, 30))
    assert np.abs(plane).max() <= 1
    np.testing.assert_allclose(np.diff(plane, 2, axis=0), 0, atol=4 / FINE)
    np.testing.assert_allclose(np.diff(plane, 2, axis=1), 0, atol=4 / FINE)
