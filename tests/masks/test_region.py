"""A region is a mask whose cost follows the object."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.base.errors import MaskValueError
from maskwright.masks.region import Region

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
