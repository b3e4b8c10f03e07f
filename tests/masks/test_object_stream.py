"""Objects found strip by strip: those of the whole image, pixel by pixel, wherever strips end and work is taken up again."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from maskwright.masks.classes import Classes
from maskwright.masks.object_maps import Finding, ObjectMaps, find_objects, instances_of
from maskwright.masks.object_stream import Carry, ObjectStream


def maps_of(seed, size_hw, fill=0.3):
    """Maps as a network draws them: blobs of two classes with ragged depths; the larger `fill`, the more they touch."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=(4, *size_hw)), (0, 2.5, 2.5)) * 6
    fore = 1 / (1 + np.exp(-4 * (smooth[0] + fill - 0.5)))
    second = fore / (1 + np.exp(-smooth[1]))
    outline, depth = (1 / (1 + np.exp(-layer)) for layer in smooth[2:])
    return np.stack([1 - fore, fore - second, second, outline * 0.3, depth]).astype(np.float32)


def streamed(maps, heights, finding, carry=None, held_bytes=2**29):
    """All that comes out of strips of these heights, over and over."""
    height, width = maps.shape[1:]
    stream = ObjectStream((height, width), finding, carry or Carry.at_start(width), held_bytes)
    top, i, found = stream.carry.first_row, 0, []
    while top < height:
        bottom = min(top + heights[i % len(heights)], height)
        found += stream.add(maps[:, top:bottom])
        top, i = bottom, i + 1
    return found


def same_objects(one, other):
    """Whether two label images show the same objects under other numbers."""
    if not np.array_equal(one > 0, other > 0):
        return False
    pairs = np.unique(np.stack([one[one > 0], other[one > 0]]), axis=1)
    return len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    heights=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    fill=st.sampled_from([0.1, 0.4, 0.8]),
    size_hw=st.sampled_from([(1, 9), (70, 40), (120, 33)]),
)
def test_strips_of_any_height_lead_to_the_objects_of_the_whole(seed, heights, fill, size_hw):
    maps, finding = maps_of(seed, size_hw, fill), Finding(sure=0.6)
    named = ObjectMaps(maps[:3], maps[-2], maps[-1])
    expected = find_objects(named, finding)
    found = streamed(maps, heights, finding)
    labels = np.concatenate([part.labels for part in found])
    assert same_objects(labels, expected)
    assert sorted(np.unique(labels[labels > 0]).tolist()) == list(range(1, expected.max() + 1))
    objects = np.concatenate([part.objects for part in found])
    objects = objects[objects[:, 0].argsort()]
    classes = instances_of(expected, named, Classes.named("background", "one", "two"))
    order = np.array([expected[labels == number][0] for number in objects[:, 0].astype(int)], int) - 1
    means = objects[:, 2:] / objects[:, 1:2]
    assert np.array_equal(means.argmax(axis=1) + 1, classes.class_ids[order])
    assert np.array_equal(means.max(axis=1, initial=0), classes.scores[order])


@pytest.mark.parametrize("held_bytes", [2**29, 20_000])
def test_taken_up_again_after_any_strip_it_goes_on_to_the_same(held_bytes):
    maps, finding = maps_of(3, (200, 40), 0.6), Finding()
    found = streamed(maps, [25], finding, held_bytes=held_bytes)
    whole = np.concatenate([part.labels for part in found])
    for part in found[:-1]:
        first = part.carry.first_row
        stream = ObjectStream((200, 40), finding, part.carry, held_bytes)
        bounds = [first, *(row for row in range(25, 200, 25) if row > first), 200]
        again = [each for a, b in itertools.pairwise(bounds) for each in stream.add(maps[:, a:b])]
        assert np.array_equal(np.concatenate([each.labels for each in again]), whole[part.carry.top :])


def test_what_is_too_tall_to_be_held_is_grown_in_pieces_and_keeps_its_number():
    """A column of foreground from top to bottom with a seed all along is one object, held or not."""
    maps = np.zeros((4, 400, 20), np.float32)
    maps[0] = 1
    maps[1, :, 5:12], maps[0, :, 5:12], maps[3, :, 7:10] = 1, 0, 1
    found = streamed(maps, [50], Finding(), held_bytes=30_000)
    labels = np.concatenate([part.labels for part in found])
    assert np.array_equal(labels, (maps[1] > 0).astype(np.int32))
    objects = np.concatenate([part.objects for part in found])
    assert len(objects) > 1
    assert objects[:, 1].sum() == 400 * 7
    assert max(part.labels.shape[0] for part in found) < 300


def test_touching_objects_over_many_rows_are_nearly_those_of_the_whole():
    maps, finding = maps_of(5, (1500, 60), 1.2), Finding(seed=0.6)
    expected = find_objects(ObjectMaps(maps[:3], maps[-2], maps[-1]), finding)
    labels = np.concatenate([part.labels for part in streamed(maps, [60], finding, held_bytes=300 * 60 * 5 * 4)])
    assert np.array_equal(labels > 0, expected > 0) or np.mean((labels > 0) != (expected > 0)) < 1e-3
    pairs, counts = np.unique(np.stack([labels.ravel(), expected.ravel()]), axis=1, return_counts=True)
    best = {}
    for (_, own), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        best[own] = max(best.get(own, 0), count)
    assert sum(best.values()) / labels.size > 0.98
