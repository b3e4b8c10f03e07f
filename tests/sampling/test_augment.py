"""Augmentation: known changes by hand, image and mask alike, exact where nothing is resampled."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import PlanError
from maskwright.sampling.augment import Augmentation, Change, mirrored, resample

TARGET = np.arange(6).reshape(2, 3)
IMAGE = TARGET[None].astype(np.float32)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(), [[0, 1, 2], [3, 4, 5]]),
        (Change(flip_x=True), [[2, 1, 0], [5, 4, 3]]),
        (Change(flip_y=True), [[3, 4, 5], [0, 1, 2]]),
        (Change(transpose=True), [[0, 3], [1, 4], [2, 5]]),
        (Change(flip_y=True, transpose=True), [[3, 0], [4, 1], [5, 2]]),
    ],
)
def test_flips_move_image_and_target_alike(change, expected):
    image, target = change.move(IMAGE, TARGET)
    assert target.tolist() == expected
    assert image[0].tolist() == expected


def test_no_change_reads_every_pixel_where_it_is():
    places = Change().source_yx((2, 3))
    assert places[0].tolist() == [[-0.5] * 3, [0.5] * 3]
    assert places[1].tolist() == [[-1, 0, 1]] * 2


def test_a_quarter_turn_reads_rows_as_columns():
    """y = (-1, 0, 1) is read at x = (1, 0, -1): the picture turns clockwise by 90 degrees."""
    places = Change(angle=math.pi / 2).source_yx((3, 3))
    np.testing.assert_allclose(places[0], [[-1, 0, 1]] * 3, atol=1e-6)
    np.testing.assert_allclose(places[1].T, [[1, 0, -1]] * 3, atol=1e-6)


def test_zooming_in_reads_closer_to_the_centre():
    np.testing.assert_allclose(Change(zoom=2.0).source_yx((5, 5)), Change().source_yx((5, 5)) / 2)


def test_equal_displacements_move_everything_by_that_much():
    nodes = np.stack([np.full((6, 6), 3), np.full((6, 6), -2)]).astype(np.float32)
    moved = Change(nodes=nodes).source_yx((200, 250)) - Change().source_yx((200, 250))
    np.testing.assert_allclose(moved[0], 3, atol=1e-4)
    np.testing.assert_allclose(moved[1], -2, atol=1e-4)


def test_displacements_are_torch_bicubic_between_nodes():
    """Nodes at every 8th pixel, inside their range: F.interpolate with aligned corners gives the same field."""
    nodes = np.random.default_rng(0).normal(0, 5, (2, 9, 9)).astype(np.float32)
    side = 8 * 8 + 1  # from the first node to the last
    field = Change(nodes=nodes, spacing_px=8.0).source_yx((side, side)) - Change().source_yx((side, side))
    reference = F.interpolate(torch.from_numpy(nodes)[None], (side, side), mode="bicubic", align_corners=True)[0].numpy()
    inner = slice(8, -8)  # torch repeats the rim's nodes; here crops never reach them
    np.testing.assert_allclose(field[:, inner, inner], reference[:, inner, inner], atol=1e-3)


@pytest.mark.parametrize("transpose", [0.0, 1.0])
@pytest.mark.parametrize("crop_hw", [(1, 1), (31, 64), (256, 200), (600, 129)])
def test_drawn_nodes_reach_two_beyond_every_pixel(crop_hw, transpose):
    """Bicubic interpolation needs two nodes on either side: weights then sum to 1 and the field does not fade at the rim."""
    change = Augmentation(warp=0.0, elastic=1.0, transpose=transpose).draw(np.random.default_rng(0), crop_hw, 1)
    assert change.nodes is not None
    cut_hw = crop_hw[::-1] if transpose else crop_hw
    ones = replace(change, nodes=np.ones_like(change.nodes))
    np.testing.assert_allclose(ones.source_yx(cut_hw) - Change().source_yx(cut_hw), 1, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "expected"), [(1, [0, 0, 0, 0, 0, 0, 0]), (2, [1, 0, 1, 0, 1, 0, 1]), (4, [3, 2, 1, 0, 1, 2, 3])]
)
def test_mirrored_places_do_not_repeat_the_rim(size, expected):
    places = mirrored(np.arange(-3, 4), size)
    assert np.arange(size)[places].tolist() == expected


@given(st.integers(2, 30), st.integers(-70, 70), st.integers(1, 60))
def test_mirrored_agrees_with_numpy(size, start, count):
    values = np.arange(size)
    padded = np.pad(values, 200, mode="reflect")
    assert np.array_equal(values[mirrored(np.arange(start, start + count), size)], padded[200 + start : 200 + start + count])


def test_resampling_is_bilinear_for_the_image_and_nearest_for_the_target():
    image = np.array([[[0, 10], [20, 30]]], np.float32)
    places = np.array([[[0.25, 0.75]], [[0.5, 1.0]]], np.float32)  # y, x of two pixels
    values, ids = resample(image, np.array([[0, 65534], [7, -1]]), places)
    np.testing.assert_allclose(values, [[[10, 25]]], atol=1e-5)
    assert ids.tolist() == [[0, -1]]


def test_large_ids_stay_exact_under_every_warp():
    ids = np.random.default_rng(0).choice([0, 1, 40_001, 65_533, 65_534, -1], (64, 64))
    change = Augmentation(warp=1, elastic=1).draw(np.random.default_rng(1), (40, 40), 1)
    places = np.clip(change.source_yx((40, 40)) + 32, 0, 63)
    _, warped = resample(np.zeros((1, 64, 64), np.float32), ids, places)
    assert set(np.unique(warped).tolist()) <= set(np.unique(ids).tolist())


def test_brightness_is_added_and_contrast_turns_around_the_mean():
    image = np.array([[[-1, 1]], [[1, 3]]], np.float32)
    assert Change(offset=(0.5, -0.5)).shade(image).tolist() == [[[-0.5, 1.5]], [[0.5, 2.5]]]
    assert Change(contrast=2.0).shade(image).tolist() == [[[-3, 1]], [[1, 5]]]


def test_gamma_keeps_the_darkest_and_brightest():
    shaded = Change(gamma=2.0).shade(np.array([[[0, 2, 4]]], np.float32))
    np.testing.assert_allclose(shaded, [[[0, 1, 4]]])


def test_blur_keeps_the_sum_and_noise_has_its_deviation():
    image = np.zeros((2, 41, 41), np.float32)
    image[:, 20, 20] = 1
    blurred = Change(blur_px=1.2).shade(image)
    np.testing.assert_allclose(blurred.sum(axis=(1, 2)), 1, rtol=1e-5)
    assert blurred.max() < 0.15
    noisy = Change(noise=0.1, noise_seed=3).shade(np.zeros((1, 200, 200), np.float32))
    assert noisy.std() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize("value", [0.0, -1.0, 10.0])
def test_a_constant_image_stays_finite_under_every_intensity(value):
    change = Augmentation(intensity=1).draw(np.random.default_rng(0), (16, 16), 3)
    assert np.isfinite(change.shade(np.full((3, 16, 16), value, np.float32))).all()


def test_off_changes_nothing_and_probability_one_changes_everything():
    rng = np.random.default_rng(0)
    for _ in range(20):
        still = Augmentation.off().draw(rng, (32, 32), 3)
        assert not still.warps
        assert np.array_equal(still.shade(IMAGE), IMAGE)
        assert np.array_equal(still.move(IMAGE, TARGET)[1], TARGET)
        full = Augmentation(flip_x=1, flip_y=1, transpose=1, warp=1, elastic=1, intensity=1).draw(rng, (32, 32), 3)
        assert full.flip_x and full.flip_y and full.transpose  # noqa: PT018
        assert full.nodes is not None
        assert 1 not in (full.zoom, full.contrast, full.gamma)
        assert 0 not in (full.angle, full.blur_px, full.noise, len(full.offset))


def test_draws_stay_within_their_bounds_and_hit_their_probabilities():
    rng = np.random.default_rng(1)
    changes = [
        Augmentation(flip_x=0.25, scale=(0.5, 2.0), rotate_degrees=30, warp=1).draw(rng, (64, 64), 1) for _ in range(2000)
    ]
    assert np.mean([change.flip_x for change in changes]) == pytest.approx(0.25, abs=0.04)
    zooms = np.array([change.zoom for change in changes])
    assert zooms.min() >= 0.5
    assert zooms.max() <= 2
    assert np.mean(zooms < 1) == pytest.approx(0.5, abs=0.05)  # as often smaller as larger
    assert max(abs(change.angle) for change in changes) <= math.radians(30)
    nodes = np.concatenate([change.nodes.ravel() for change in changes if change.nodes is not None])
    assert nodes.std() == pytest.approx(10, rel=0.02)


def test_switching_one_change_off_moves_no_other():
    with_flip = Augmentation(flip_x=1, warp=1, elastic=1).draw(np.random.default_rng(4), (64, 64), 1)
    without = Augmentation(flip_x=0, warp=1, elastic=0).draw(np.random.default_rng(4), (64, 64), 1)
    assert (with_flip.angle, with_flip.zoom, with_flip.noise_seed) == (without.angle, without.zoom, without.noise_seed)


def test_gray_images_get_no_colour_shift_and_colours_get_their_own():
    gray = Augmentation(intensity=1, brightness=0).draw(np.random.default_rng(0), (8, 8), 1)
    colors = Augmentation(intensity=1, brightness=0).draw(np.random.default_rng(0), (8, 8), 3)
    assert gray.offset == (0.0,)
    assert len(set(colors.offset)) == 3


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"flip_x": 1.5}, "flip_x"),
        ({"scale": (1.2, 0.8)}, "scale"),
        ({"gamma": (0.0, 1.0)}, "gamma"),
        ({"noise": -0.1}, "noise"),
        ({"rotate_degrees": math.nan}, "rotate_degrees"),
        ({"elastic_spacing_px": 0.5}, "elastic_spacing_px"),
    ],
)
def test_wrong_settings_name_the_field(options, word):
    with pytest.raises(PlanError, match=f"augmentation.{word}"):
        Augmentation(**options)
