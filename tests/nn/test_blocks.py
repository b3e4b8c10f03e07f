import pytest
import torch
from torch import nn

from maskwright.nn.blocks import ConvBlock, InstanceNorm, center_crop, he_initialise, normalisation


def test_a_block_of_ones_counts_what_its_kernels_cover():
    block = ConvBlock(1, 1, convs=1)
    nn.init.ones_(block[0].weight)
    nn.init.zeros_(block[0].bias)
    counted = block(torch.ones(1, 1, 3, 3))
    assert counted[0, 0].tolist() == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]


def test_unpadded_convolutions_take_one_pixel_off_each_side():
    assert ConvBlock(2, 3, convs=2, padding="valid")(torch.ones(1, 2, 7, 9)).shape == (1, 3, 3, 5)


@pytest.mark.parametrize(("norm", "bias"), [("none", True), ("batch", False), ("instance", False), ("group", False)])
def test_only_a_convolution_without_normalisation_has_a_bias(norm, bias):
    block = ConvBlock(2, 6, convs=2, norm=norm)
    assert [module.bias is not None for module in block.modules() if isinstance(module, nn.Conv2d)] == [bias, bias]


def test_a_group_norm_takes_any_width():
    assert [normalisation("group", width).num_groups for width in (1, 6, 12, 32)] == [1, 2, 4, 8]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_instance_norm_is_torchs_own(layout):
    ours, theirs = InstanceNorm(5).double(), nn.InstanceNorm2d(5, affine=True).double()
    nn.init.normal_(ours.weight)
    nn.init.normal_(ours.bias)
    theirs.load_state_dict(ours.state_dict())
    maps = [torch.linspace(-3, 8, 3 * 5 * 4 * 6).double().view(3, 5, 4, 6).sin().to(memory_format=layout) for _ in range(2)]
    for one in maps:
        one.requires_grad_()
    a, b = ours(maps[0]), theirs(maps[1])
    torch.testing.assert_close(a, b)
    assert a.is_contiguous(memory_format=layout)
    (a**3).sum().backward()
    (b**3).sum().backward()
    torch.testing.assert_close(maps[0].grad, maps[1].grad)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)


def test_instance_norm_does_the_same_in_evaluation():
    norm, maps = InstanceNorm(2), torch.rand(2, 2, 3, 3)
    assert torch.equal(norm(maps), norm.eval()(maps))


def test_he_initialisation_keeps_the_variance_through_a_deep_block():
    torch.manual_seed(0)
    block = ConvBlock(64, 64, convs=8)
    he_initialise(block)
    after = block(torch.randn(1, 64, 32, 32)).detach()[..., 8:-8, 8:-8]  # away from the zero padding
    assert 0.5 < float(after.square().mean()) < 2  # torch's own initialisation ends at 1e-5
    assert all(module.bias.eq(0).all() for module in block if isinstance(module, nn.Conv2d))


def test_the_variance_survives_an_upsampling_that_no_relu_follows():
    torch.manual_seed(0)
    up = nn.ConvTranspose2d(256, 128, 2, stride=2)
    he_initialise(up)
    assert 0.9 < float(up(torch.randn(1, 256, 8, 8)).detach().var()) < 1.1


def test_center_crop_by_hand():
    maps = torch.arange(25).view(1, 1, 5, 5).float()
    assert center_crop(maps, (1, 3))[0, 0].tolist() == [[11, 12, 13]]
    assert torch.equal(center_crop(maps, (5, 5)), maps)
