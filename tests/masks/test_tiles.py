"""Tiles cover every pixel, and blending what was cut gives it back, up to the very rim."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import PlanError
from maskwright.masks.tiles import blend, even_tile, tiles


@st.composite
def layouts(draw):
    """The size of an image, the size of a tile, and an overlap smaller than the tile."""
    tile_hw = draw(st.tuples(st.integers(1, 16), st.integers(1, 16)))
    size_hw = draw(st.tuples(st.integers(1, 50), st.integers(1, 50)))
    return size_hw, tile_hw, draw(st.integers(0, min(tile_hw) - 1))


def whole(strips) -> np.ndarray:
    return np.concatenate([strip for _, strip in strips], axis=1)


def test_tiles_by_hand():
    boxes = [tile.box_xyxy for tile in tiles((4, 7), (4, 4), 1)]
    assert boxes == [(0, 0, 4, 4), (3, 0, 7, 4)]


def test_tiles_are_evenly_spread_and_overlap_at_least_as_asked():
    starts = [tile.box_xyxy[0] for tile in tiles((4, 100), (40, 40), 10)]
    assert starts == [0, 30, 60]
    starts = [tile.box_xyxy[0] for tile in tiles((4, 101), (40, 40), 10)]
    assert starts == [0, 20, 41, 61]


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 8), (8, 8)])
def test_an_image_not_larger_than_a_tile_is_one_tile_of_its_own_size(size_hw):
    (tile,) = tiles(size_hw, (8, 8), 4)
    assert tile.box_xyxy == (0, 0, size_hw[1], size_hw[0])
    assert tile.row_shares.tolist() == [1] * size_hw[0]


@given(layouts())
def test_every_tile_lies_inside_and_its_shares_are_above_zero_and_add_up_to_one(layout):
    size_hw, tile_hw, overlap = layout
    shares = np.zeros(size_hw)
    for tile in tiles(size_hw, tile_hw, overlap):
        x0, y0, x1, y1 = tile.box_xyxy
        assert (y1 - y0, x1 - x0) == (min(tile_hw[0], size_hw[0]), min(tile_hw[1], size_hw[1]))
        share = np.outer(tile.row_shares, tile.column_shares)
        assert share.min() > 0
        shares[tile.rows, tile.columns] += share
    np.testing.assert_allclose(shares, 1, atol=1e-6)


@given(layouts())
def test_neighbours_share_at_least_the_overlap(layout):
    size_hw, tile_hw, overlap = layout
    starts = sorted({tile.box_xyxy[0] for tile in tiles(size_hw, tile_hw, overlap)})
    assert all(tile_hw[1] - step >= overlap for step in np.diff(starts))


@given(layouts(), st.integers(1, 3))
def test_blending_what_was_cut_gives_it_back(layout, channels):
    """Tiles that change nothing leave the image as it was, up to its very rim."""
    size_hw, tile_hw, overlap = layout
    image = np.random.default_rng(0).normal(size=(channels, *size_hw)).astype(np.float32)
    strips = list(blend(((tile, image[:, tile.rows, tile.columns]) for tile in tiles(size_hw, tile_hw, overlap)), size_hw))
    np.testing.assert_allclose(whole(strips), image, atol=1e-6)
    tops = [top for top, _ in strips]
    assert tops == np.cumsum([0] + [strip.shape[1] for _, strip in strips[:-1]]).tolist()


def test_a_pixel_without_neighbouring_tile_is_given_back_to_the_bit():
    image = np.random.default_rng(0).normal(size=(1, 20, 20)).astype(np.float32)
    made = whole(blend(((tile, image[:, tile.rows, tile.columns]) for tile in tiles((20, 20), (8, 8), 2)), (20, 20)))
    corner = np.s_[:, :4, :4]
    np.testing.assert_array_equal(made[corner], image[corner])


def test_between_two_tiles_that_disagree_the_step_is_smooth():
    layout = tiles((1, 48), (32, 32), 16)
    outputs = ((tile, np.full((1, 1, 32), i, np.float32)) for i, tile in enumerate(layout))
    row = whole(blend(outputs, (1, 48)))[0, 0]
    assert row[0] == 0
    assert row[-1] == 1
    assert (np.diff(row) >= 0).all()
    assert np.diff(row).max() < 0.11
    np.testing.assert_allclose(row + row[::-1], 1, atol=1e-6)


def test_a_strip_leaves_before_the_second_row_of_tiles_below_it_is_asked_for():
    """What bounds the memory: never more than one row of tiles is held."""
    asked = []

    def outputs():
        for tile in tiles((400, 40), (40, 40), 8):
            asked.append(tile.box_xyxy[1])
            yield tile, np.zeros((1, 40, 40), np.float32)

    for top, strip in blend(outputs(), (400, 40)):
        assert strip.shape[1] <= 40
        assert asked[-1] <= top + 40


def test_a_strip_that_has_left_is_not_written_to_afterwards():
    image = np.random.default_rng(0).normal(size=(2, 60, 30)).astype(np.float32)
    strips, copies = [], []
    for _, strip in blend(((tile, image[:, tile.rows, tile.columns]) for tile in tiles((60, 30), (20, 20), 12)), (60, 30)):
        strips.append(strip)
        copies.append(strip.copy())
    for strip, copy in zip(strips, copies, strict=True):
        np.testing.assert_array_equal(strip, copy)


def test_missing_tiles_are_a_fault_and_no_dark_spot():
    layout = tiles((20, 20), (8, 8), 2)
    for missing in range(len(layout)):
        outputs = [(tile, np.ones((1, 8, 8), np.float32)) for i, tile in enumerate(layout) if i != missing]
        with pytest.raises(ValueError, match=r"Tiles are missing|out of order"):
            list(blend(outputs, (20, 20)))
    with pytest.raises(ValueError, match="Tiles are missing"):
        list(blend([], (20, 20)))


def test_tiles_out_of_order_are_a_fault():
    outputs = [(tile, np.ones((1, 8, 8), np.float32)) for tile in reversed(tiles((20, 8), (8, 8), 2))]
    with pytest.raises(ValueError, match="out of order"):
        list(blend(outputs, (20, 8)))


@pytest.mark.parametrize(("tile_hw", "overlap"), [((8, 8), 8), ((8, 4), 4), ((8, 8), -1), ((0, 8), 0)])
def test_tiles_that_cannot_advance_are_refused(tile_hw, overlap):
    with pytest.raises(PlanError, match="cannot cover an image"):
        tiles((20, 20), tile_hw, overlap)


@pytest.mark.parametrize(("length", "tile"), [(8, 1024), (128, 1024), (1024, 1024), (2048, 768), (1025, 592)])
def test_tiles_are_no_larger_than_their_number_asks(length, tile):
    """Also where the whole axis is shorter than the overlap, which is one tile as long as the axis."""
    assert even_tile(length, 1024, 128, 16) == tile
    assert len(tiles((length, 64), (tile, 1024), 128)) == len(tiles((length, 64), (1024, 1024), 128))


@pytest.mark.parametrize("first_row", [1, 7, 12, 30, 59])
def test_blending_from_a_row_on_gives_the_rest_to_the_last_bit(first_row):
    """Tiles that end above the row may be left out or not."""
    rng = np.random.default_rng(0)
    cut = tiles((60, 30), (20, 20), 12)
    outputs = [(tile, rng.random((2, 20, 20)).astype(np.float32)) for tile in cut]
    whole_of_it = np.concatenate([strip for _, strip in blend(outputs, (60, 30))], axis=1)
    for those in (outputs, [pair for pair in outputs if pair[0].rows.stop > first_row]):
        strips = list(blend(those, (60, 30), first_row=first_row))
        assert strips[0][0] == first_row
        assert np.array_equal(np.concatenate([strip for _, strip in strips], axis=1), whole_of_it[:, first_row:])
