import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from maskwright.nn.aspp import ASPP, PooledBatchNorm, convolution


def linear(layer: nn.Sequential) -> nn.Module:
    """The convolution alone, without normalisation and ReLU."""
    return layer[:-2]


def test_a_3x3_kernel_of_dilation_2_covers_5x5_pixels_with_9_weights():
    conv = linear(convolution(1, 1, rate=2))
    assert sum(weights.numel() for weights in conv.parameters()) == 9
    image = torch.zeros(1, 1, 11, 11, requires_grad=True)
    conv(image)[0, 0, 5, 5].backward()
    seen = image.grad[0, 0].nonzero().tolist()
    assert seen == [[y, x] for y in (3, 5, 7) for x in (3, 5, 7)]  # rows and columns 3 to 7 are 5x5 pixels


@given(rate=st.integers(1, 5), kernel=st.sampled_from([1, 3, 5]), size_hw=st.tuples(st.integers(1, 12), st.integers(1, 12)))
def test_it_is_the_convolution_whose_kernel_is_spread_by_zeros(rate, kernel, size_hw):
    conv, maps = linear(convolution(2, 3, kernel=kernel, rate=rate)), torch.rand(1, 2, *size_hw)
    side = 1 + rate * (kernel - 1)
    spread = torch.zeros(3, 2, side, side)
    spread[..., ::rate, ::rate] = conv[0].weight.detach()
    torch.testing.assert_close(conv(maps), F.conv2d(maps, spread, padding=side // 2))


@given(rate=st.integers(1, 4), size_hw=st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_it_is_what_numpy_says_a_dilated_convolution_is(rate, size_hw):
    conv, maps = linear(convolution(2, 3, rate=rate)), torch.rand(1, 2, *size_hw)
    weights, (height, width) = conv[0].weight.detach().numpy(), size_hw
    padded = np.pad(maps[0].numpy(), ((0, 0), (rate, rate), (rate, rate)))
    expected = np.zeros((3, height, width), np.float32)
    for i in range(3):
        for j in range(3):
            moved = padded[:, i * rate : i * rate + height, j * rate : j * rate + width]
            expected += np.einsum("oc,chw->ohw", weights[..., i, j], moved)
    np.testing.assert_allclose(conv(maps)[0].detach(), expected, rtol=1e-5, atol=1e-5)


@given(rate=st.integers(1, 4), inside=st.integers(1, 4), outside=st.integers(1, 4))
def test_a_separable_convolution_is_one_whose_weights_are_products(rate, inside, outside):
    conv, maps = linear(convolution(inside, outside, rate=rate, separable=True)), torch.rand(2, inside, 7, 8)
    depthwise, pointwise = (layer.weight.detach() for layer in conv)
    assert depthwise.numel() + pointwise.numel() == inside * 9 + inside * outside
    whole = pointwise * depthwise[:, 0]  # (outside, inside, 1, 1) by (inside, 3, 3)
    torch.testing.assert_close(conv(maps), F.conv2d(maps, whole, padding=rate, dilation=rate), rtol=1e-4, atol=1e-5)


def test_a_convolution_ends_in_batch_norm_and_relu_and_has_no_bias():
    layer, maps = convolution(3, 4), torch.randn(2, 3, 8, 8)
    assert set(layer.state_dict()) == {"0.weight"} | {f"1.{name}" for name in nn.BatchNorm2d(4).state_dict()}
    expected = F.relu(F.batch_norm(layer[0](maps), None, None, training=True))
    torch.testing.assert_close(layer(maps), expected)


def simple_aspp(*, rates=(1, 2, 3), separable=False) -> ASPP:
    """Of 2 to 4 channels, in evaluation mode, with all weights 1 and normalisations that (nearly) do nothing."""
    aspp = ASPP(2, 4, rates=rates, separable=separable)
    for module in aspp.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.ones_(module.weight)
    return aspp.eval()


@pytest.mark.parametrize("separable", [False, True])
def test_on_a_constant_map_every_branch_counts_its_weights(separable):
    """Away from the border, a map of ones gives 2 through 1x1, 2 * 9 through each 3x3, and 2 through the mean."""
    aspp = simple_aspp(separable=separable)
    joined = aspp(torch.ones(1, 2, 16, 16))
    assert joined.shape == (1, 4, 16, 16)
    expected = 4 * (2 + 3 * 2 * 9 + 2)  # projected by ones over four channels a branch
    torch.testing.assert_close(joined[..., 3:-3, 3:-3], torch.full((1, 4, 10, 10), float(expected)), rtol=1e-4, atol=0)
    assert float(joined[0, 0, 0, 0].detach()) == pytest.approx(4 * (2 + 3 * 2 * 4 + 2), rel=1e-4)  # a corner sees 2x2 of 3x3


def test_a_rate_beyond_the_map_leaves_the_middle_weight_alone():
    aspp = simple_aspp(rates=(16, 99))
    torch.testing.assert_close(aspp(torch.ones(1, 2, 16, 16)), torch.full((1, 4, 16, 16), 4 * 8.0), rtol=1e-4, atol=0)


def test_image_pooling_is_the_same_at_every_pixel_and_follows_the_mean():
    """With the other branches cut off in the projection, the output is one value a channel, whatever the map."""
    aspp, maps = simple_aspp(), torch.rand(2, 2, 5, 7)
    nn.init.zeros_(aspp.project[0].weight[:, :16].detach())
    joined = aspp(maps)
    expected = 4 * maps.mean(dim=(2, 3)).sum(dim=1)[:, None, None, None].expand(2, 4, 5, 7)
    torch.testing.assert_close(joined, expected, rtol=1e-4, atol=0)


def test_each_rate_looks_as_far_as_it_says():
    aspp = simple_aspp(rates=(2, 5))
    nn.init.zeros_(aspp.project[0].weight[:, 12:].detach())  # image pooling would see everything
    maps = torch.ones(1, 2, 21, 21, requires_grad=True)
    aspp(maps)[0, 0, 10, 10].backward()
    rows = maps.grad[0, 0].nonzero()[:, 0].unique().tolist()
    assert rows == [5, 8, 10, 12, 15]


def test_dropout_comes_after_the_projection_in_training_only():
    aspp, maps = ASPP(2, 64, rates=(1,), dropout=0.5), torch.rand(2, 2, 8, 8)
    hidden = aspp.project(torch.cat([aspp.point(maps), aspp.atrous[0](maps), aspp.pooled(maps).expand(-1, -1, 8, 8)], dim=1))
    dropped = aspp(maps)
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], 2 * hidden[kept])
    assert 0.1 < float((~kept & (hidden > 0)).sum() / (hidden > 0).sum()) < 0.9
    aspp.eval()
    assert torch.equal(aspp(maps), aspp(maps))


def learned_norm() -> PooledBatchNorm:
    norm = PooledBatchNorm(3)
    for values in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(values)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    return norm


def test_one_image_alone_is_normalised_by_what_was_learned_and_teaches_nothing():
    norm, values = learned_norm(), torch.randn(1, 3, 1, 1)
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    with pytest.raises(ValueError, match="more than 1 value"):
        nn.BatchNorm2d(3)(values)
    in_training = norm(values)
    for name, value in norm.state_dict().items():
        assert torch.equal(value, before[name])
    assert torch.equal(in_training, norm.eval()(values))


def test_several_images_are_normalised_as_torch_does_it():
    norm, torchs, values = learned_norm(), nn.BatchNorm2d(3), torch.randn(4, 3, 1, 1)
    torchs.load_state_dict(norm.state_dict())
    for _ in range(2):
        assert torch.equal(norm(values), torchs(values))
    assert torch.equal(norm.running_var, torchs.running_var)
    assert torch.equal(norm.eval()(values), torchs.eval()(values))


@pytest.mark.parametrize("separable", [False, True])
def test_one_image_alone_can_be_trained_on(separable):
    aspp = ASPP(3, 4, rates=(6, 12, 18), separable=separable)
    aspp(torch.rand(1, 3, 2, 2)).sum().backward()
    assert all(weights.grad is not None and weights.grad.isfinite().all() for weights in aspp.parameters())


def test_channels_last_stays_what_it_is():
    """Else every later layer would copy its maps from one layout into the other."""
    aspp = ASPP(8, 16, rates=(1, 2)).to(memory_format=torch.channels_last)
    joined = aspp(torch.rand(2, 8, 6, 5).to(memory_format=torch.channels_last))
    assert joined.is_contiguous(memory_format=torch.channels_last)
