"""Batches: the same whenever and wherever they are made, even over images, balanced over classes."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import DataError, PlanError
from maskwright.losses import IGNORE_TARGET
from maskwright.masks.classes import IGNORE
from maskwright.sampling.augment import Augmentation, Change
from maskwright.sampling.batches import Batches, cut, prefetch
from maskwright.sampling.normalize import Normalization
from maskwright.sampling.samples import PreparedSamples

EVERYTHING = Augmentation(flip_x=0.5, flip_y=0.5, transpose=0.5, warp=1, elastic=1, intensity=1)
SHAPES = replace(EVERYTHING, intensity=0)


def same(one, other):
    return torch.equal(one.image, other.image) and torch.equal(one.target, other.target) and one.ids == other.ids


@pytest.fixture(scope="module")
def batches(discs, prepared):
    return Batches(prepared(discs), crop_hw=(48, 40), batch=4, augmentation=EVERYTHING, seed=11)


def test_without_augmentation_a_crop_as_large_as_the_image_is_the_image(discs, prepared):
    batches = Batches(prepared(discs), crop_hw=(96, 80), batch=5, augmentation=Augmentation.off(), foreground_share=0.0)
    batch = batches.at(0)
    assert sorted(batch.ids) == [disc.id for disc in discs]
    for image, target, name in zip(batch.image, batch.target, batch.ids, strict=True):
        disc = next(disc for disc in discs if disc.id == name)
        assert np.array_equal(image[0].numpy(), disc.image[:, :, 0] / np.float32(100))
        assert np.array_equal(target.numpy(), disc.segmentation.ids)


def test_a_step_is_bit_for_bit_the_same_again_elsewhere_and_in_another_order(batches, discs, prepared):
    first = batches.at(7)
    fresh = Batches(prepared(discs, memory_gb=0), crop_hw=(48, 40), batch=4, augmentation=EVERYTHING, seed=11)
    backwards = {step: fresh.at(step) for step in (9, 8, 7, 0)}
    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(batches.at, 7).result()
    assert same(first, batches.at(7))
    assert same(first, backwards[7])
    assert same(first, elsewhere)
    assert not same(first, batches.at(8))


def test_the_number_of_threads_changes_no_bit(discs, prepared):
    """Crops large enough that torch would share them out among threads."""
    batches = Batches(prepared(discs), crop_hw=(400, 400), batch=4, augmentation=EVERYTHING)
    before, made = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            made.append(batches.at(0))
    finally:
        torch.set_num_threads(before)
    assert same(made[0], made[1])
    assert same(made[0], made[2])


def test_shares_of_a_batch_are_its_crops_dealt_out(discs, prepared, batches):
    whole = batches.at(3)
    samples = prepared(discs)
    shares = [
        Batches(samples, crop_hw=(48, 40), batch=4, augmentation=EVERYTHING, seed=11, share=(number, 2)).at(3)
        for number in (0, 1)
    ]
    for number, share in enumerate(shares):
        assert share.ids == whole.ids[number::2]
        assert torch.equal(share.image, whole.image[number::2])
        assert torch.equal(share.target, whole.target[number::2])


def test_another_seed_gives_other_batches(batches, discs, prepared):
    other = Batches(prepared(discs), crop_hw=(48, 40), batch=4, augmentation=EVERYTHING, seed=12)
    assert not torch.equal(batches.at(0).image, other.at(0).image)


def test_the_random_state_of_torch_and_numpy_is_left_alone(batches):
    torch.manual_seed(5)
    state, legacy = torch.get_rng_state(), np.random.get_state()[1].copy()
    batches.at(3)
    assert torch.equal(state, torch.get_rng_state())
    assert np.array_equal(legacy, np.random.get_state()[1])


@given(st.integers(0, 100_000))
def test_image_and_mask_are_warped_alike(discs, prepared, step):
    """The image is the mask, times a constant: it stays so but for pixels on the disc's outline."""
    batch = Batches(prepared(discs), crop_hw=(64, 56), batch=2, augmentation=SHAPES).at(step)
    image, mask = batch.image[:, 0], batch.target
    assert (image[mask == 1] > 0.249).all()  # the nearest of four pixels has a weight of at least a quarter
    assert (image[mask == 0] < 0.751).all()
    assert ((image > 0.01) & (image < 0.99)).float().mean() < 0.15


def test_uniform_draws_show_every_image_equally_often(discs, prepared):
    batches = Batches(prepared(discs), crop_hw=(16, 16), batch=4, augmentation=Augmentation.off(), foreground_share=0.0)
    counts = Counter(name for step in range(10) for name in batches.at(step).ids)
    assert set(counts.values()) == {8}
    orders = [sum((batches.at(step).ids for step in range(first, first + 5)), ()) for first in (0, 5)]
    assert orders[0] != orders[1]


def test_balanced_draws_between_them_leave_the_epochs_whole(labelled, prepared):
    """Only uniform draws show the six empty images: 70 of them are ten epochs of seven."""
    empty = [labelled(f"empty{i}", np.zeros((9, 9))) for i in range(6)]
    samples = prepared([*empty, labelled("cells", np.ones((9, 9)))])
    batches = Batches(samples, crop_hw=(8, 8), batch=14, augmentation=Augmentation.off(), foreground_share=0.5)
    counts = Counter(name for step in range(10) for name in batches.at(step).ids)
    assert counts == {**{sample.id: 10 for sample in empty}, "cells": 80}


def test_a_rare_class_is_seen_as_often_as_a_common_one(labelled, prepared):
    """One image of ten shows class 2, on one pixel: half of the balanced crops hold that pixel."""
    common = np.zeros((100, 100))
    common[:, 30:] = 1
    rare = common.copy()
    rare[90, 4] = 2
    samples = prepared([labelled(f"common{i}", common) for i in range(9)] + [labelled("rare", rare)])
    off = Augmentation.off()
    batches = Batches(samples, crop_hw=(20, 20), batch=8, augmentation=off, foreground_share=1.0)
    crops = torch.cat([batches.at(step).target for step in range(50)])
    holds = (crops == 2).any(dim=(1, 2)).float().mean().item()
    assert holds == pytest.approx(0.5, abs=0.08)
    assert ((crops == 1) | (crops == 2)).any(dim=(1, 2)).all()


def test_the_foreground_share_is_kept_within_every_batch(labelled, prepared):
    """A speck that uniform crops all but never meet: 3 of 4 crops hold it, in each batch."""
    ids = np.zeros((2000, 2000))
    ids[1000, 1000] = 1
    batches = Batches(
        prepared([labelled("speck", ids)]), crop_hw=(8, 8), batch=8, augmentation=Augmentation.off(), foreground_share=0.75
    )
    for step in range(4):
        assert (batches.at(step).target == 1).any(dim=(1, 2)).sum() == 6


@pytest.mark.parametrize("background", [0, None])
def test_background_is_no_class_to_look_for_unless_there_is_none(labelled, prepared, background):
    """Class 1 lies in 5 of 4000 rows: without a background, half of the crops are drawn around class 0 and miss it."""
    ids = np.zeros((4000, 10))
    ids[:5] = 1
    samples = prepared([labelled("tall", ids)])
    batches = Batches(
        samples, crop_hw=(4, 4), batch=400, augmentation=Augmentation.off(), foreground_share=1.0, background=background
    )
    share = (batches.at(0).target == 1).any(dim=(1, 2)).float().mean().item()
    assert share == pytest.approx(1 if background == 0 else 0.5, abs=0.08)


def test_masks_without_foreground_and_masks_that_are_all_ignored_can_be_drawn(labelled, prepared):
    samples = prepared([labelled("empty", np.zeros((9, 9))), labelled("ignored", np.full((9, 9), IGNORE))])
    batch = Batches(samples, crop_hw=(8, 8), batch=2, augmentation=EVERYTHING, foreground_share=1.0).at(0)
    values = {name: set(target.unique().tolist()) for name, target in zip(batch.ids, batch.target, strict=True)}
    assert values == {"empty": {0}, "ignored": {IGNORE_TARGET}}


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 7), (9, 2), (3, 500), (20, 30)])
@pytest.mark.parametrize("augmentation", [Augmentation.off(), EVERYTHING])
def test_images_smaller_than_the_crop_are_padded_and_the_padding_is_ignored(labelled, prepared, size_hw, augmentation):
    samples = prepared([labelled("small", np.ones(size_hw))])
    batch = Batches(samples, crop_hw=(24, 32), batch=6, augmentation=augmentation).at(0)
    assert batch.image.shape == (6, 1, 24, 32)
    assert torch.isfinite(batch.image).all()
    assert set(batch.target.unique().tolist()) <= {1, IGNORE_TARGET}
    if augmentation == Augmentation.off():
        real = min(size_hw[0], 24) * min(size_hw[1], 32)
        assert ((batch.target == 1).sum(dim=(1, 2)) == real).all()


def test_a_turned_crop_inside_a_large_image_has_no_empty_corners(labelled, prepared):
    """Brightness grows with the row, so a mirrored or empty corner would break the plane that a turned crop must be."""
    ramp = np.arange(200, dtype=np.uint8).repeat(200).reshape(200, 200, 1)
    sample = prepared([labelled("ramp", np.zeros((200, 200)), ramp)])[0]
    image, target = cut(sample, (80, 80), (40, 40), Change(angle=0.7, zoom=0.8))
    np.testing.assert_allclose(np.diff(image[0], axis=0), np.cos(0.7) / 0.8 / 100, atol=1e-5)
    assert (target == 0).all()


def test_beyond_the_rim_of_a_large_enough_image_mask_and_image_are_mirrored(labelled, prepared):
    """At half the size, rows -15, -13, ... 45 of 31 are read: of the square in rows 0 to 3 those at -3, -1, 1 and 3."""
    ids = np.zeros((31, 31))
    ids[:4, :4] = 1
    sample = prepared([labelled("corner", ids)])[0]
    image, target = cut(sample, (0, 0), (31, 31), Change(zoom=0.5))
    square = np.zeros((31, 31))
    square[6:10, 6:10] = 1
    assert np.array_equal(target, square)
    np.testing.assert_allclose(image[0], square, atol=1e-4)


def test_a_colour_crop_of_a_non_square_size_is_transposed_to_the_asked_size(labelled, prepared):
    image = np.random.default_rng(0).integers(0, 255, (60, 70, 3)).astype(np.uint8)
    samples = prepared([labelled("colour", np.zeros((60, 70)), image)])
    transposing = replace(Augmentation.off(), transpose=1.0)
    batch = Batches(samples, crop_hw=(20, 50), batch=3, augmentation=transposing).at(0)
    assert batch.image.shape == (3, 3, 20, 50)
    assert batch.target.shape == (3, 20, 50)


@pytest.mark.parametrize("workers", [1, 3])
def test_prefetched_batches_are_the_same_in_the_same_order(batches, workers):
    with closing(prefetch(batches, range(2, 9), workers=workers)) as fetched:
        for step, batch in enumerate(fetched, start=2):
            assert same(batch, batches.at(step))
    assert step == 8


def test_closing_early_ends_the_threads(batches):
    fetched = prefetch(batches, range(10**6), workers=2)
    next(fetched)
    assert any(thread.name.startswith("batches") for thread in threading.enumerate())
    fetched.close()
    assert not any(thread.name.startswith("batches") for thread in threading.enumerate())


def test_an_error_in_the_background_is_raised_in_the_caller_and_names_the_image(discs, prepared):
    data = list(discs)
    samples = prepared(data, memory_gb=0)
    batches = Batches(samples, crop_hw=(48, 40), batch=4, augmentation=EVERYTHING)
    data[2] = replace(discs[2], segmentation=None)
    with pytest.raises(DataError, match="disc2: no mask"):
        list(prefetch(batches, range(20)))
    assert not any(thread.name.startswith("batches") for thread in threading.enumerate())


def test_no_images_and_impossible_sizes_are_refused(discs, prepared):
    with pytest.raises(DataError, match="no images"):
        Batches(PreparedSamples([], Normalization(), lambda mask: mask.ids), crop_hw=(8, 8), batch=1, augmentation=EVERYTHING)
    for options in ({"batch": 0}, {"crop_hw": (0, 8)}, {"foreground_share": 1.5}):
        with pytest.raises(PlanError, match="cannot be drawn"):
            Batches(prepared(discs), **{"crop_hw": (8, 8), "batch": 1, "augmentation": EVERYTHING, **options})
