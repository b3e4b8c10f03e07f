import pytest
import torch
from torch import nn

from maskwright.nn.upsample import upsample


@pytest.mark.parametrize("kind", ["transposed", "bilinear"])
def test_it_doubles_the_resolution_and_sets_the_channels(kind):
    assert upsample(kind, 6, 4)(torch.rand(2, 6, 3, 5)).shape == (2, 4, 6, 10)


def test_each_pixel_of_a_transposed_convolution_becomes_a_square_of_its_own():
    up = upsample("transposed", 1, 1)
    with torch.no_grad():
        up.weight.copy_(torch.tensor([[1.0, 2], [3, 4]]))
        up.bias.zero_()
    assert up(torch.tensor([[[[1.0, 10]]]]))[0, 0].tolist() == [[1, 2, 10, 20], [3, 4, 30, 40]]


def test_bilinear_by_hand():
    up = upsample("bilinear", 1, 1)
    nn.init.constant_(up[0].weight, 2)
    nn.init.constant_(up[0].bias, 1)
    torch.testing.assert_close(up(torch.tensor([[[[0.0, 4]]]]))[0, 0], torch.tensor([[1.0, 3, 7, 9]] * 2))


def test_the_convolution_may_come_before_the_interpolation():
    up, maps = upsample("bilinear", 3, 2), torch.rand(1, 3, 5, 4)
    torch.testing.assert_close(up(maps), up[0](up[1](maps)))
