"""Pasting: labels follow the pixels, what is hidden is left out, and noise and brightness are those of the ground."""

from dataclasses import replace

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Panoptic, Segment
from maskwright.synth.copy_paste import Background, CopyPaste, paste, unlabelled
from maskwright.synth.cutouts import cut_out, light_of, noise_of

CLASSES = Classes.named("background", "ball", things=("ball",))
PLAIN = CopyPaste(scale=(1, 1), turn_degrees=0, flip_share=0, noise_share=0, blend_px=(0, 0))


def ball(radius=6, level=0.8, ground=0.2, channels=1):
    y, x = np.mgrid[:31, :31] - 15
    mask = y * y + x * x <= radius * radius
    light = np.where(mask, level, ground)[..., None].repeat(channels, axis=2)
    return cut_out(light, Region.of_mask(mask), 1, mask, 0.0)


def flat(level=0.2, size_hw=(96, 96), dtype=np.uint8, channels=1):
    image = np.full((*size_hw, channels), round(level * np.iinfo(dtype).max), dtype)
    return Background(image, unlabelled(size_hw, CLASSES))


def test_what_is_labelled_is_what_was_pasted():
    made = paste(replace(PLAIN, count=(4, 4)), np.random.default_rng(0), flat(), [ball()])
    ids = made.scene.panoptic.segment_ids
    np.testing.assert_array_equal(made.scene.image[..., 0] > 128, ids > 1)
    assert len(made.scene.panoptic.segments) == 1 + made.pasted
    assert {one.class_id for one in made.scene.panoptic.segments[1:]} == {1}


def test_objects_that_others_hide_are_not_pasted():
    """40 balls on a small image: what is pasted is seen by at least a third, and the rest is counted."""
    recipe = replace(PLAIN, count=(40, 40), seen_share=0.34)
    made = paste(recipe, np.random.default_rng(1), flat(size_hw=(48, 48)), [ball()])
    assert made.hidden > 0
    assert made.pasted + made.hidden == 40
    assert len(made.scene.panoptic.segments) == 1 + made.pasted


def test_what_is_left_of_a_covered_object_is_void():
    """A labelled ball whose middle is pasted over remains as a rim that belongs to no object."""
    y, x = np.mgrid[:32, :32] - 15.5
    ids = np.where(y * y + x * x <= 49, 2, 1).astype(np.int32)
    before = Panoptic(ids, (Segment(1, 0), Segment(2, 1)), CLASSES)
    background = Background(np.where(ids == 2, 200, 40).astype(np.uint8)[..., None], before)
    for seed in range(40):
        made = paste(replace(PLAIN, count=(2, 2)), np.random.default_rng(seed), background, [ball()])
        left = made.scene.panoptic.segment_ids
        if made.covered:
            assert (left == 0).any()
            assert not (left == 2).any()
            break
        assert np.count_nonzero(left == 2) >= 0.35 * np.count_nonzero(ids == 2)
    assert made.covered == 1


def test_brightness_follows_the_ground_within_bounds():
    bright = {}
    for follow in (0.0, 0.05, 0.5):
        made = paste(replace(PLAIN, count=(1, 1), follow=follow), np.random.default_rng(3), flat(0.35), [ball()])
        bright[follow] = made.scene.image.max() / 255
    assert bright[0.0] == pytest.approx(0.8, abs=0.01)
    assert bright[0.05] == pytest.approx(0.85, abs=0.01)
    assert bright[0.5] == pytest.approx(0.95, abs=0.01)


def test_objects_come_to_ground_like_their_own():
    """Of a ball from a dark image and one from a bright image, a dark ground gets the first."""
    dark, bright = ball(level=0.5, ground=0.1), ball(level=0.4, ground=0.9)
    for seed in range(5):
        made = paste(replace(PLAIN, count=(3, 3)), np.random.default_rng(seed), flat(0.1), [bright, dark])
        assert made.scene.image[made.scene.panoptic.segment_ids > 1].min() > 100


def test_pasted_objects_get_the_grain_of_their_ground():
    rng = np.random.default_rng(0)
    image = np.clip(rng.normal(80, 12, (96, 96, 1)), 0, 255).astype(np.uint8)
    background = Background(image, unlabelled((96, 96), CLASSES))
    noise = {}
    for share in (0.0, 1.0):
        recipe = replace(PLAIN, count=(1, 1), noise_share=share)
        made = paste(recipe, np.random.default_rng(8), background, [ball(radius=14)])
        pixels = made.scene.image[..., 0].astype(float)[made.scene.panoptic.segment_ids == 2]
        noise[share] = pixels.std()
    assert noise[0.0] < 1
    assert noise[1.0] == pytest.approx(12, rel=0.35)
    assert noise_of(light_of(image)) == pytest.approx(12 / 255, rel=0.1)


def test_sixteen_bits_and_colours_stay():
    made = paste(PLAIN, np.random.default_rng(0), flat(dtype=np.uint16, channels=3), [ball(channels=3)])
    assert made.scene.image.dtype == np.uint16
    assert made.scene.image.shape == (96, 96, 3)
    assert made.scene.image.max() > 50000


def test_an_image_without_objects_is_void_where_every_class_is_a_thing():
    things = Classes.named("cat", "dog", things=("cat", "dog"))
    assert unlabelled((4, 5), things).segments == ()
    assert unlabelled((4, 5), CLASSES).segments == (Segment(1, 0),)
