"""Maps of objects: by hand, and objects found again in the maps that they were turned into."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.segmentation import watershed

from maskwright.base.errors import PlanError
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.convert import instances_from_labels, instances_to_labels
from maskwright.masks.object_maps import (
    CLASS,
    DEPTH,
    DEPTH_STEPS,
    OUTLINE,
    SMOOTH_PX,
    Finding,
    ObjectMaps,
    find_objects,
    instances_of,
    to_maps,
)
from maskwright.masks.types import Instances

CELLS = Classes.named("background", "cell")
KINDS = Classes.named("background", "round", "square")


def maps_of(layers, classes):
    """The maps of a network that makes no mistake."""
    ids = layers[CLASS].astype(int)
    one_hot = np.stack([(ids == class_id).astype(np.float32) for class_id in range(len(classes))])
    return ObjectMaps(one_hot, layers[OUTLINE].astype(np.float32), layers[DEPTH].astype(np.float32) / DEPTH_STEPS)


def test_one_square_by_hand():
    labels = np.zeros((7, 7), np.int32)
    labels[1:6, 1:6] = 1
    layers = to_maps(instances_from_labels(labels, CELLS))
    assert np.array_equal(layers[CLASS], labels)
    assert layers[DEPTH][1:6, 1:6].tolist() == [
        [333, 333, 333, 333, 333],
        [333, 667, 667, 667, 333],
        [333, 667, 1000, 667, 333],
        [333, 667, 667, 667, 333],
        [333, 333, 333, 333, 333],
    ]
    assert layers[DEPTH].sum() == layers[DEPTH][1:6, 1:6].sum()
    assert layers[OUTLINE][3].tolist() == [1, 1, 0, 0, 0, 1, 1]  # both sides of the border


def test_an_object_cut_by_the_rim_goes_on_beyond_it():
    labels = np.zeros((4, 6), np.int32)
    labels[:, :3] = 1
    layers = to_maps(instances_from_labels(labels, CELLS))
    assert layers[DEPTH][0].tolist() == [1000, 667, 333, 0, 0, 0]
    whole = to_maps(instances_from_labels(np.ones((4, 6), np.int32), CELLS))
    assert (whole[DEPTH] == DEPTH_STEPS).all()
    assert not whole[OUTLINE].any()


def test_a_large_object_is_equally_deep_everywhere_but_near_its_outside():
    labels = np.zeros((40, 40), np.int32)
    labels[2:38, 2:38] = 1
    depth = to_maps(instances_from_labels(labels, CELLS))[DEPTH]
    assert depth[20, 2:10].tolist() == [167, 333, 500, 667, 833, 1000, 1000, 1000]
    assert (depth[7:33, 7:33] == DEPTH_STEPS).all()


def test_ragged_depths_give_one_seed():
    rng = np.random.default_rng(0)
    cell = np.ones((40, 40), np.float32)
    ragged = rng.uniform(0.3, 0.7, (40, 40)).astype(np.float32)
    nothing = np.zeros((40, 40), np.float32)
    assert ndimage.label(ragged >= 0.4)[1] > 1
    assert find_objects(ObjectMaps(np.stack([1 - cell, cell]), nothing, ragged), Finding(seed=0.4)).max() == 1


def test_touching_objects_meet_at_depth_0_and_are_found_apart():
    labels = np.zeros((12, 24), np.int32)
    labels[2:10, 2:12], labels[2:10, 12:22] = 1, 2
    layers = to_maps(instances_from_labels(labels, CELLS))
    assert (layers[OUTLINE][2:10, 11:13] == 1).all()
    assert np.array_equal(find_objects(maps_of(layers, CELLS), Finding()), labels)


@given(seed=st.integers(0, 10_000), count=st.integers(0, 12))
@settings(max_examples=25, derandomize=True, deadline=None)
def test_discs_that_touch_are_found_again(seed, count):
    """Discs that lie over one another at most a little; what is found covers each of them nearly whole."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((96, 96), np.int32)
    y, x = np.mgrid[:96, :96]
    for number in range(1, count + 1):
        (cy, cx), radius = rng.uniform(0, 96, 2), rng.uniform(4, 12)
        disc = (y - cy) ** 2 + (x - cx) ** 2 <= radius**2
        if not (labels[disc] > 0).any() and disc.sum() > 30:
            labels[disc] = number
    truth = instances_from_labels(labels, CELLS)
    found = find_objects(maps_of(to_maps(truth), CELLS), Finding())
    assert found.max() == len(truth)
    for region in truth.regions:
        mask = region.mask((96, 96))
        number = np.bincount(found[mask]).argmax()
        assert number > 0
        assert np.count_nonzero(mask & (found == number)) / np.count_nonzero(mask | (found == number)) > 0.9


def test_foreground_without_a_seed_is_an_object_all_the_same_and_specks_are_none():
    classes = np.zeros((2, 10, 10), np.float32)
    classes[1, 2:5, 2:6] = 1.0
    classes[1, 8, 8] = 1.0
    classes[0] = 1 - classes[1]
    flat = ObjectMaps(classes, np.zeros((10, 10), np.float32), np.zeros((10, 10), np.float32))
    found = find_objects(flat, Finding(smallest=2))
    expected = np.zeros((10, 10), np.int32)
    expected[2:5, 2:6] = 1
    assert np.array_equal(found, expected)
    assert find_objects(flat, Finding(smallest=1)).max() == 2


def test_doubtful_objects_are_left_out():
    """Two squares whose pixels belong to an object with probability 0.6 and 0.9."""
    classes = np.zeros((2, 8, 16), np.float32)
    classes[1, 2:6, 2:6], classes[1, 2:6, 10:14] = 0.6, 0.9
    classes[0] = 1 - classes[1]
    nothing = np.zeros((8, 16), np.float32)
    maps = ObjectMaps(classes, nothing, nothing)
    assert [find_objects(maps, Finding(sure=sure)).max() for sure in (0.0, 0.59, 0.61, 0.91)] == [2, 2, 1, 0]
    assert (find_objects(maps, Finding(sure=0.7))[2:6, 10:14] == 1).all()


def test_an_object_has_the_class_of_most_of_its_probability():
    labels = np.zeros((4, 8), np.int32)
    labels[1:3, 1:3], labels[1:3, 5:7] = 1, 2
    classes = np.zeros((3, 4, 8), np.float32)
    classes[1, labels == 1], classes[2, labels == 1] = 0.25, 0.75
    classes[1, labels == 2], classes[2, labels == 2] = 0.875, 0.125
    nothing = np.zeros((4, 8), np.float32)
    found = instances_of(labels, ObjectMaps(classes, nothing, nothing), KINDS)
    assert found.class_ids.tolist() == [2, 1]
    assert found.scores.tolist() == [0.75, 0.875]
    assert np.array_equal(instances_to_labels(found), labels)


def test_nothing_is_found_in_nothing():
    nothing = ObjectMaps(np.zeros((2, 5, 5), np.float32), *np.zeros((2, 5, 5), np.float32))
    labels = find_objects(nothing, Finding())
    assert not labels.any()
    assert len(instances_of(labels, nothing, CELLS)) == 0


def test_ignored_pixels_stay_so():
    ignored = np.zeros((3, 3), bool)
    ignored[0, 0] = True
    empty = Instances((3, 3), (), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool), CELLS, ignored)
    assert to_maps(empty)[CLASS].tolist() == [[IGNORE, 0, 0], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("values", [{"foreground": 0.0}, {"seed": 1.0}, {"smallest": 0}, {"sure": 1.0}])
def test_thresholds_that_find_nothing_or_all_are_refused(values):
    with pytest.raises(PlanError, match="between 0 and 1"):
        Finding(**values)


@settings(max_examples=8)
@given(st.integers(0, 1000), st.sampled_from([0.3, 0.5, 0.9]), st.sampled_from([0.3, 0.6]))
def test_objects_are_those_of_one_watershed_over_everything(seed, foreground, depth):
    """Parts of one seed or none need no watershed; that they are left out of it changes nothing."""
    rng = np.random.default_rng(seed)
    cell, outline, deep = (
        np.clip(ndimage.gaussian_filter(rng.normal(0, 3, (40, 50)), 2) + 0.4, 0, 1).astype(np.float32) for _ in range(3)
    )
    found = find_objects(ObjectMaps(np.stack([1 - cell, cell]), outline, deep), Finding(foreground=foreground, seed=depth))
    inside = cell >= foreground
    smooth = ndimage.gaussian_filter(deep * (1 - outline), SMOOTH_PX, mode="nearest", truncate=3)
    seeds, count = ndimage.label(inside & (smooth >= depth))
    parts, _ = ndimage.label(inside)
    seedless = inside & ~np.isin(parts, parts[seeds > 0])
    seeds[seedless] = parts[seedless] + count
    expected = watershed(-smooth, seeds, mask=inside)
    kept = np.isin(expected, np.flatnonzero(np.bincount(expected.ravel()) >= 8)) & (expected > 0)
    assert np.array_equal(found > 0, kept)
    assert len(np.unique(np.stack([found[kept], expected[kept]]), axis=1).T) == found.max() == len(np.unique(expected[kept]))
