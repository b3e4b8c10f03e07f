"""Gray and RGB brought together: nothing is lost one way, luma the other, and other pairs are refused."""

import numpy as np
import pytest

from maskwright.base.errors import DataError
from maskwright.data.channels import common_channels, mixture_words, with_channels


def test_only_a_mixture_of_gray_and_rgb_has_a_rule() -> None:
    assert common_channels([1, 3, 1]) == 3
    assert common_channels([3, 3]) is None
    assert common_channels([1, 3, 4]) is None
    assert mixture_words([1, 3, 1]) == "2 gray and 1 RGB images: the gray ones are read as RGB with three equal channels"


def test_gray_is_repeated_and_comes_back_exactly() -> None:
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    rgb = with_channels(gray, 3, name="x")
    assert rgb.shape == (16, 16, 3)
    assert (rgb == gray).all()
    assert np.array_equal(with_channels(rgb, 1, name="x"), gray)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_rgb_becomes_its_luma_in_its_own_type(kind: type) -> None:
    image = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], kind)
    gray = with_channels(image, 1, name="x")
    assert gray.dtype == kind
    assert gray[0, :, 0] == pytest.approx([76.245, 149.685, 29.07], abs=0.5)


def test_other_numbers_of_channels_are_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"slide\.tif: the image has 5 channels, 3 are needed"):
        with_channels(np.zeros((2, 2, 5), np.uint8), 3, name="slide.tif")
