"""Objects cut out and turned: nothing of them is lost."""

import numpy as np
import pytest

from maskwright.masks.region import Region
from maskwright.synth.cutouts import MARGIN, cut_out, light_of, noise_of, turned


def disc(size=41, radius=9):
    y, x = np.mgrid[:size, :size] - size // 2
    return y * y + x * x <= radius * radius


def cutout(mask=None, level=0.8, ground=0.2):
    mask = disc() if mask is None else mask
    light = np.where(mask, level, ground)[..., None].repeat(3, axis=2)
    return cut_out(light, Region.of_mask(mask), 1, mask, 0.0)


def test_a_cutout_knows_its_surroundings():
    cut = cutout()
    np.testing.assert_allclose(cut.around, 0.2, atol=1e-6)
    np.testing.assert_allclose(cut.colors[cut.pixels], 0.8)
    assert cut.pixels.shape == (19 + 2 * MARGIN, 19 + 2 * MARGIN)


def test_neighbours_are_no_surroundings():
    """A bright neighbour touches the disc; the ground around both is what counts."""
    mask, neighbour = disc(), np.roll(disc(), 19, axis=1)
    light = np.where(mask | neighbour, 0.9, 0.1)[..., None]
    np.testing.assert_allclose(cut_out(light, Region.of_mask(mask), 1, mask | neighbour, 0.0).around, 0.1, atol=1e-6)


def test_quarter_turns_are_exact():
    mask = np.zeros((20, 20), bool)
    mask[5:8, 4:14] = True
    cut = cutout(mask)
    once = turned(cut, angle=np.pi / 2, scale=1.0, mirrored=False)
    np.testing.assert_array_equal(once.pixels, np.rot90(cut.pixels))
    np.testing.assert_array_equal(once.colors, np.rot90(cut.colors))


@pytest.mark.parametrize("scale", [0.5, 0.8, 1.0, 1.7])
@pytest.mark.parametrize("angle", [0.0, 0.4, 2.0])
def test_areas_follow_the_scale(scale, angle):
    cut = cutout()
    made = turned(cut, angle=angle, scale=scale, mirrored=True)
    assert made.area == pytest.approx(cut.area * scale**2, rel=0.06)
    edges = np.concatenate([made.pixels[0], made.pixels[-1], made.pixels[:, 0], made.pixels[:, -1]])
    assert not edges.any()


def test_noise_is_measured_beside_structure():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:128, :128] / 128
    light = (0.3 + 0.4 * y * x)[..., None] + rng.normal(0, 0.03, (128, 128, 1))
    assert noise_of(light) == pytest.approx(0.03, rel=0.1)


def test_light_is_1_at_white():
    assert light_of(np.array([[[0, 255]]], np.uint8)).tolist() == [[[0.0, 1.0]]]
    assert light_of(np.array([[[65535]]], np.uint16)).max() == 1.0
