import numpy as np
import pytest
import torch
from torch import nn

from maskwright.models.unet import UNetConfig
from maskwright.nn.anatomy import field_box
from maskwright.nn.effective_field import effective_field, side_that_holds


def row_of_means(convs: int) -> nn.Sequential:
    """3x3 means one after another, whose field is that of a sum of as many draws from -1, 0 and 1, both ways."""
    network = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(convs)))
    for weights in network.parameters():
        nn.init.constant_(weights, 1 / 9)
    return network


def test_one_mean_counts_its_nine_pixels_alike():
    shares = effective_field(row_of_means(1), torch.zeros(1, 1, 5, 7))
    expected = np.zeros((5, 7))
    expected[1:4, 2:5] = 1 / 9
    np.testing.assert_allclose(shares, expected, atol=1e-7)


def test_of_two_means_the_centre_counts_most():
    """1 2 3 2 1 both ways: of 81 parts the centre has 9."""
    shares = effective_field(row_of_means(2), torch.zeros(1, 1, 9, 9))
    line = np.array([0, 0, 1, 2, 3, 2, 1, 0, 0]) / 9
    np.testing.assert_allclose(shares, np.outer(line, line), atol=1e-7)
    assert side_that_holds(shares, 9 / 81) == 1
    assert side_that_holds(shares, 49 / 81) == 3
    assert side_that_holds(shares, 50 / 81) == 5
    assert side_that_holds(shares, 1.0) == 5


def test_the_effective_field_grows_like_a_root_and_is_a_small_part_of_the_theoretical():
    """The result of arXiv:1701.04128: deviations add up as variances, so 4 times the layers see twice as far."""
    sides = [side_that_holds(effective_field(row_of_means(convs), torch.zeros(1, 1, 99, 99)), 0.9) for convs in (10, 40)]
    assert sides[1] / sides[0] == pytest.approx(2, rel=0.1)
    assert sides[1] < 0.4 * (2 * 40 + 1)


def test_a_unet_counts_nothing_outside_its_theoretical_field():
    rng = np.random.default_rng(3)
    torch.manual_seed(3)
    network = UNetConfig(widths=(4, 8, 8)).build(channels=2, classes=3)
    shares = effective_field(network, torch.from_numpy(rng.normal(size=(1, 2, 96, 112)).astype(np.float32)))
    (top, left, bottom, right), _ = field_box(network, channels=2, size_hw=(96, 112))
    inside = np.zeros((96, 112), bool)
    inside[top:bottom, left:right] = True
    assert shares.sum() == pytest.approx(1, abs=1e-5)
    assert not shares[~inside].any()
    assert shares[inside].any()
    assert network.training
    assert all(weights.requires_grad for weights in network.parameters())


def test_a_network_that_is_shut_counts_nothing():
    network = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.ReLU())
    nn.init.constant_(network[0].bias, -9)
    shares = effective_field(network, torch.zeros(1, 1, 8, 8))
    assert not shares.any()
    assert side_that_holds(shares, 0.9) == 0
