"""A region is a mask whose cost follows the object."""

import numpy as np
import pycocotools.mask as reference
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.base.errors import MaskValueError
from maskwright.masks import region as region_module
from maskwright.masks.region import Region, iou

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools

masks = arrays(bool, st.tuples(st.integers(1, 8), st.integers(1, 8)))


def test_the_box_is_tight_and_half_open():
    mask = np.zeros((6, 8), bool)
    mask[2:4, 3] = True
    mask[3, 5] = True
    region = Region.of_mask(mask)
    assert region.box_xyxy == (3, 2, 6, 4)
    assert region.pixels.tolist() == [[True, False, False], [True, False, True]]
    assert region.area == 3


def test_an_empty_mask_has_an_empty_box():
    region = Region.of_mask(np.zeros((3, 4), bool))
    assert region.box_xyxy == (0, 0, 0, 0)
    assert region.area == 0
    assert not region.mask((3, 4)).any()


@given(masks)
def test_a_mask_comes_back_from_its_region(mask):
    region = Region.of_mask(mask)
    np.testing.assert_array_equal(region.mask(mask.shape), mask)
    assert region.area == mask.sum()


@given(masks, st.integers(-10, 10), st.integers(-10, 10))
def test_what_lies_outside_the_image_is_cut_off(pixels, x, y):
    height, width = pixels.shape
    large = np.zeros((40, 40), bool)
    large[y + 15 : y + 15 + height, x + 15 : x + 15 + width] = pixels
    region = Region((x, y, x + width, y + height), pixels)
    np.testing.assert_array_equal(region.mask((5, 6)), large[15:20, 15:21])


@pytest.mark.parametrize("pixels", [np.zeros((2, 3), bool), np.zeros((3, 2), np.uint8)])
def test_pixels_must_be_boolean_and_of_the_size_of_the_box(pixels):
    with pytest.raises(MaskValueError, match=r"boolean array of its box's size \(3, 2\)"):
        Region((0, 0, 2, 3), pixels)


def test_pixels_are_not_written_to_afterwards():
    region = Region.of_mask(np.ones((2, 2), bool))
    with pytest.raises(ValueError, match="read-only"):
        region.pixels[0, 0] = False


def test_a_window_is_seen_from_its_corner():
    region = Region((2, 1, 5, 3), np.array([[1, 1, 0], [0, 1, 1]], bool))
    window = region.window((3, 2, 9, 9))
    assert window.box_xyxy == (0, 0, 2, 1)
    assert window.pixels.tolist() == [[True, True]]
    assert region.window((5, 0, 9, 9)).area == 0


def test_iou_by_hand():
    """Two of four pixels in common; over the area of the first where the second is a crowd; 0 where nothing meets."""
    a = Region((0, 0, 3, 1), np.ones((1, 3), bool))
    b = Region((1, 0, 4, 1), np.ones((1, 3), bool))
    empty = Region((0, 0, 0, 0), np.zeros((0, 0), bool))
    assert iou([a], [b, b, empty], np.array([False, True, False])).tolist() == [[2 / 4, 2 / 3, 0]]
    assert iou([empty], [empty]).tolist() == [[0]]
    assert iou([], [a]).shape == (0, 1)


@given(arrays(bool, st.tuples(st.integers(0, 5), st.just(6), st.just(7))), arrays(bool, (4, 6, 7)), arrays(bool, 4))
def test_iou_is_that_of_pycocotools(a, b, is_crowd):
    """To the last bit, crowds and empty masks included."""
    packed = [[reference.encode(np.asfortranarray(mask.astype(np.uint8))) for mask in masks] for masks in (a, b)]
    found = iou([Region.of_mask(mask) for mask in a], [Region.of_mask(mask) for mask in b], is_crowd)
    if len(a):
        np.testing.assert_array_equal(found, reference.iou(*packed, is_crowd.tolist()))


def test_many_regions_are_compared_in_parts(monkeypatch):
    pixels = [Region((x, 0, x + 2, 1), np.ones((1, 2), bool)) for x in range(5)]
    whole = iou(pixels, pixels)
    monkeypatch.setattr(region_module, "BOX_PAIRS", 7)
    np.testing.assert_array_equal(iou(pixels, pixels), whole)
    assert whole[0].tolist() == [1, 1 / 3, 0, 0, 0]
