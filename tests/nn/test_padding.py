"""Padding mirrors or repeats, and what is traced of it pads images of any size."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from maskwright.nn.padding import bordered, pad_to_multiple


def test_a_row_is_mirrored_without_its_last_pixel():
    image = torch.tensor([[[[1.0, 2, 3, 4, 5], [6, 7, 8, 9, 10]]]])
    assert bordered(image, (0, 2, 0, 1))[0, 0].tolist() == [
        [1, 2, 3, 4, 5, 4, 3], [6, 7, 8, 9, 10, 9, 8], [1, 2, 3, 4, 5, 4, 3]
    ]  # fmt: skip


def test_where_a_border_is_as_wide_as_the_image_pixels_are_repeated():
    image = torch.tensor([[[[1.0, 2, 3], [4, 5, 6]]]])
    assert bordered(image, (0, 1, 0, 2))[0, 0].tolist() == [[1, 2, 3, 3], [4, 5, 6, 6], [4, 5, 6, 6], [4, 5, 6, 6]]


@given(height=st.integers(1, 70), width=st.integers(1, 70), multiple=st.sampled_from([1, 2, 16, 32]))
def test_sides_become_multiples_and_at_least_two_of_them(height, width, multiple):
    padded = pad_to_multiple(torch.zeros(1, 1, height, width), multiple)
    for side, given_side in zip(padded.shape[-2:], (height, width), strict=True):
        assert side % multiple == 0
        assert 0 <= side - max(given_side, 2 * multiple) < multiple


class Bordered(torch.nn.Module):
    def forward(self, image):
        return bordered(pad_to_multiple(image, 16), (3, 1, 0, 30))


@pytest.fixture(scope="module")
def traced():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(Bordered(), (torch.zeros(1, 1, 20, 40),), check_trace=False)


@given(height=st.integers(1, 70), width=st.integers(1, 70))
def test_what_is_traced_on_one_size_pads_every_size(traced, height, width):
    image = torch.arange(2.0 * height * width).view(2, 1, height, width)
    assert torch.equal(traced(image), Bordered()(image))


def test_a_mirror_is_torchs_own():
    image = torch.rand(1, 2, 9, 7)
    assert torch.equal(bordered(image, (2, 3, 4, 5)), F.pad(image, (2, 3, 4, 5), mode="reflect"))
