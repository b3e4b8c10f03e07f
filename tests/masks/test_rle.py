"""Run lengths: by hand, there and back, and bit for bit those of pycocotools."""

import numpy as np
import pycocotools.mask as reference
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from maskwright.base.errors import MaskValueError
from maskwright.masks.region import Region
from maskwright.masks.rle import area, counts_of, decode, encode, from_text, region_of, to_text

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools

MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12))


def test_runs_go_down_the_columns_and_begin_with_zeros():
    """A 3x3 image with a column of ones and one pixel more; one that begins with ones has a first run of 0."""
    assert encode(np.array([[0, 1, 0], [0, 1, 0], [0, 1, 1]], bool)) == (3, 3, 2, 1)
    assert encode(np.array([[1, 0], [1, 0]], bool)) == (0, 2, 2)


def test_columns_that_are_full_are_one_run():
    assert encode(np.ones((4, 5), bool)) == (0, 20)
    assert encode(np.zeros((4, 5), bool)) == (20,)


def test_a_text_that_coco_wrote():
    """The first run lengths of a crowd in COCO, and a number that needs two characters."""
    assert to_text((0, 1, 31)) == "01o0"
    assert from_text("01o0") == (0, 1, 31)
    assert to_text(()) == ""
    assert from_text("") == ()


@given(MASKS)
def test_all_of_it_is_pycocotools(mask):
    expected = reference.encode(np.asfortranarray(mask.astype(np.uint8)))
    size, counts = mask.shape, encode(mask)
    assert to_text(counts) == expected["counts"].decode()
    assert from_text(expected["counts"].decode()) == counts
    np.testing.assert_array_equal(decode(counts, size), mask)
    uncompressed = reference.frPyObjects({"size": list(size), "counts": list(counts)}, *size)
    assert uncompressed["counts"] == expected["counts"]
    region = region_of(counts, size)
    x0, y0, x1, y1 = region.box_xyxy
    assert [x0, y0, x1 - x0, y1 - y0] == reference.toBbox(expected).tolist()
    assert region.area == area(counts, size) == reference.area(expected)


@given(st.lists(st.integers(0, 2**31 - 1), max_size=30))
def test_any_numbers_come_back_from_their_text(counts):
    """Differences of runs may be negative and as large as an image."""
    assert from_text(to_text(counts)) == tuple(counts)


@given(MASKS, st.integers(0, 3), st.integers(0, 3))
def test_a_region_has_the_runs_of_its_mask(mask, down, right):
    region = Region((right, down, right + mask.shape[1], down + mask.shape[0]), mask)
    assert counts_of(region, (9, 8)) == encode(region.mask((9, 8)))


def test_runs_without_pixels_in_between_are_read():
    """Programs that cut masks into pieces write them."""
    np.testing.assert_array_equal(decode((1, 1, 0, 1, 1), (2, 2)), [[False, True], [True, False]])


@pytest.mark.parametrize("counts", [(3, 3), (3, 3, 4), (), (20, -11), (10**30,)])
def test_runs_that_do_not_add_up_are_refused(counts):
    with pytest.raises(MaskValueError, match=r"add up to|cannot be in"):
        decode(counts, (3, 3))


@pytest.mark.parametrize("text", ["P", "\x00", "é", "01o", "o" * 14 + "0"])
def test_damaged_texts_are_refused(text):
    with pytest.raises(MaskValueError, match="damaged"):
        from_text(text)
