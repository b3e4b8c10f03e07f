import torch
from torch import nn

from maskwright.nn.pyramid import FeaturePyramid


def plain(widths: tuple[int, ...]) -> FeaturePyramid:
    """One channel, where every 1x1 convolution copies and every 3x3 convolution too."""
    pyramid = FeaturePyramid(widths, 1)
    for conv in pyramid.inner_blocks:
        nn.init.ones_(conv.weight)
    for conv in pyramid.layer_blocks:
        nn.init.dirac_(conv.weight)
    return pyramid


def test_each_map_holds_those_coarser_than_it():
    fine, coarse = torch.zeros(1, 1, 4, 6), torch.zeros(1, 1, 2, 3)
    fine[0, 0, 1, 1], coarse[0, 0, 1, 2] = 1, 10
    levels = plain((1, 1))([fine, coarse])
    assert [tuple(level.shape[-2:]) for level in levels] == [(4, 6), (2, 3), (1, 2)]
    expected = torch.zeros(4, 6)
    expected[1, 1], expected[2:, 4:] = 1, 10
    assert torch.equal(levels[0][0, 0], expected)
    assert torch.equal(levels[1], coarse)
    assert levels[2].tolist() == [[[[0, 0]]]]


def test_maps_of_any_width_come_out_in_one():
    maps = [torch.rand(2, 3, 16, 8), torch.rand(2, 5, 8, 4), torch.rand(2, 9, 4, 2)]
    levels = FeaturePyramid((3, 5, 9), 7)(maps)
    assert [tuple(level.shape) for level in levels] == [(2, 7, 16, 8), (2, 7, 8, 4), (2, 7, 4, 2), (2, 7, 2, 1)]
