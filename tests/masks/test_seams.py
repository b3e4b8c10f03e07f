"""One ring for several: filled, it is the same mask, by our rule and by pycocotools'."""

import numpy as np
import pycocotools.mask as reference
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from maskwright.masks.polygons import fill, outline
from maskwright.masks.seams import one_ring

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools


def square(x, y):
    return np.array([[x, y], [x + 2, y], [x + 2, y + 2], [x, y + 2]], np.float64)


def test_the_seam_joins_the_nearest_corners_and_is_walked_there_and_back():
    ring, length = one_ring([square(0, 0), square(5, 0)])
    assert length == 3
    assert ring.tolist() == [[0, 0], [2, 0], [5, 0], [7, 0], [7, 2], [5, 2], [5, 0], [2, 0], [2, 2], [0, 2]]


def test_one_ring_stays_as_it_is_and_rings_that_touch_need_no_seam():
    ring, length = one_ring([square(1, 1)])
    assert (ring.tolist(), length) == (square(1, 1).tolist(), 0)
    assert one_ring([square(0, 0), square(2, 2)])[1] == 0


@given(arrays(bool, (6, 8)))
def test_any_mask_comes_back_from_one_ring(mask):
    rings = outline(mask)
    if rings:
        ring, _ = one_ring(rings)
        np.testing.assert_array_equal(fill([ring], (6, 8)), mask)
        theirs = reference.decode(reference.frPyObjects([ring.ravel().tolist()], 6, 8))[:, :, 0]
        np.testing.assert_array_equal(theirs.astype(bool), mask)
