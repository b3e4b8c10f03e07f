"""Objects of tiles brought together: whole, once, and as at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.tiles import tiles
from maskwright.masks.types import Instances
from maskwright.masks.whole_objects import whole_objects

CLASSES = Classes.named("background", "cat", "dog")
SIZE = (60, 100)


def instances(rows, size_hw=SIZE):
    """Of (box, class id, score)."""
    return Instances(
        size_hw,
        tuple(Region(box, np.ones((box[3] - box[1], box[2] - box[0]), bool)) for box, _, _ in rows),
        np.array([class_id for _, class_id, _ in rows], np.int64),
        np.array([score for _, _, score in rows], np.float64),
        np.zeros(len(rows), bool),
        CLASSES,
    )


def seen_by(tile, rows):
    """What a network without fault says of a tile: each object as far as it lies there, a cut one less surely."""
    left, top, right, bottom = tile.box_xyxy
    seen = []
    for (x0, y0, x1, y1), class_id, score in rows:
        a, b, c, d = max(x0, left), max(y0, top), min(x1, right), min(y1, bottom)
        if a < c and b < d:
            share = (c - a) * (d - b) / ((x1 - x0) * (y1 - y0))
            seen.append(((a - left, b - top, c - left, d - top), class_id, score * (0.5 + 0.5 * share)))
    return tile, instances(seen, (bottom - top, right - left))


def described(found):
    rows = zip((region.box_xyxy for region in found.regions), found.class_ids.tolist(), found.scores.tolist(), strict=True)
    return [(box, class_id, round(score, 6)) for box, class_id, score in rows]


def in_tiles(rows, tile_hw=(60, 60), overlap=20):
    return whole_objects([seen_by(tile, rows) for tile in tiles(SIZE, tile_hw, overlap)], SIZE, CLASSES)


def test_a_cut_object_gives_way_to_the_whole_one():
    rows = [((30, 10, 48, 20), 1, 0.9), ((52, 30, 70, 50), 2, 0.8), ((0, 0, 5, 5), 1, 0.7)]
    assert described(in_tiles(rows)) == rows


def test_one_tile_is_taken_as_it_is():
    """Doubles within a tile are the network's own affair."""
    rows = [((10, 10, 20, 20), 1, 0.9), ((11, 10, 21, 20), 1, 0.8)]
    assert described(in_tiles(rows, (60, 100), 0)) == rows


def test_objects_of_two_classes_in_one_place_both_stay():
    rows = [((42, 10, 58, 20), 1, 0.9), ((42, 10, 58, 20), 2, 0.8)]
    assert described(in_tiles(rows)) == rows


def test_neighbours_that_touch_at_a_tile_border_stay_apart():
    rows = [((45, 10, 60, 20), 1, 0.9), ((60, 10, 75, 20), 1, 0.8)]
    assert described(in_tiles(rows)) == rows


def test_what_no_tile_sees_whole_is_put_together():
    (found,) = described(in_tiles([((5, 20, 95, 40), 1, 0.8)]))
    assert found[:2] == ((5, 20, 95, 40), 1)


def test_a_piece_of_another_class_goes_too():
    """A tile that sees little of an object takes it for something else."""
    first, second = tiles(SIZE, (60, 60), 20)
    whole = instances([((5, 10, 30, 20), 1, 0.9)], (60, 60))  # 45 to 70 in the image
    piece = instances([((46, 10, 60, 20), 2, 0.95)], (60, 60))
    found = whole_objects([(first, piece), (second, whole)], SIZE, CLASSES)
    assert described(found) == [((45, 10, 70, 20), 1, 0.9)]


def test_a_mask_that_differs_a_little_is_a_double():
    first, second = tiles(SIZE, (60, 60), 20)
    left = instances([((42, 10, 57, 20), 1, 0.8)], (60, 60))
    right = instances([((1, 10, 18, 21), 1, 0.9)], (60, 60))  # 41 to 58 in the image
    assert len(whole_objects([(first, left), (second, right)], SIZE, CLASSES)) == 1


def test_no_tile_says_anything():
    assert len(in_tiles([])) == 0


@pytest.mark.parametrize("overlap", [16, 24])
@given(st.data())
@settings(derandomize=True, max_examples=40, deadline=None)
def test_in_tiles_as_at_once(overlap, data):
    """Objects that overlap little and are no larger than the overlap of the tiles."""
    rows, taken = [], np.zeros(SIZE, bool)
    for number in range(data.draw(st.integers(0, 12))):
        x, y = data.draw(st.integers(0, 95)), data.draw(st.integers(0, 55))
        box = (x, y, min(x + data.draw(st.integers(3, 16)), 100), min(y + data.draw(st.integers(3, 16)), 60))
        if not taken[box[1] : box[3], box[0] : box[2]].any():
            taken[box[1] : box[3], box[0] : box[2]] = True
            rows.append((box, data.draw(st.sampled_from([1, 2])), round(0.9 - 0.01 * number, 6)))
    assert described(in_tiles(rows, (48, 48), overlap)) == rows
