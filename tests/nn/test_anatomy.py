"""Layers of networks: shapes, weights, multiplications and receptive fields, by hand and against gradients."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from maskwright.base.errors import MaskwrightError
from maskwright.models.unet import UNetConfig
from maskwright.nn.anatomy import anatomy, field_box
from maskwright.nn.layer import IMAGE


def vgg16(*, pools: int) -> nn.Sequential:
    """The convolutions of VGG16 (arXiv:1409.1556), one channel each, up to the last of its poolings but those asked for."""
    layers: list[nn.Module] = []
    for convs in (2, 2, 3, 3, 3):
        layers += [nn.Conv2d(1, 1, 3, padding=1) for _ in range(convs)]
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers[: None if pools == 5 else -1])


@pytest.mark.parametrize(
    ("network", "field", "stride"),
    [
        (nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1) for _ in range(3))), 7, 1),
        (nn.Sequential(nn.Conv2d(1, 1, 3, dilation=2)), 5, 1),
        (nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3, dilation=2), nn.Conv2d(1, 1, 3, dilation=4)), 15, 1),
        (nn.Sequential(nn.Conv2d(1, 1, 7, stride=2, padding=3), nn.MaxPool2d(3, 2, 1)), 11, 4),
        (nn.Sequential(nn.MaxPool2d(2), nn.ConvTranspose2d(1, 1, 2, stride=2)), 2, 1),
        (nn.Sequential(nn.MaxPool2d(2), nn.Upsample(scale_factor=2, mode="bilinear")), 4, 1),
        (nn.Sequential(nn.MaxPool2d(4), nn.Upsample(scale_factor=4, mode="nearest")), 4, 1),
        (nn.Sequential(nn.Conv2d(1, 4, 2, stride=2), nn.PixelShuffle(2)), 2, 1),
        (vgg16(pools=4), 196, 16),  # conv5_3
        (vgg16(pools=5), 212, 32),  # pool5
    ],
)
def test_fields_known_by_hand(network, field, stride):
    """However small the image: the field is that of an image large enough."""
    last = anatomy(network, channels=1, size_hw=(64, 96))[-1]
    assert last.field_hw == (field, field)
    assert last.stride == stride


def test_a_field_that_grows_with_the_image_is_that_of_its_size():
    network = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.Upsample(size=(4, 4)), nn.Conv2d(1, 1, 3, padding=1))
    first, fixed, last = anatomy(network, channels=1, size_hw=(64, 64))
    assert (first.field_hw, fixed.field_hw) == ((3, 3), (3, 3))
    assert last.field_hw == (35, 35)  # three of the four pixels, 16 apart, and one more on either side


def test_a_kernel_may_be_wider_than_high():
    (layer,) = anatomy(nn.Sequential(nn.Conv2d(1, 1, (1, 5), padding=(0, 2))), channels=1, size_hw=(8, 8))
    assert layer.field_hw == (1, 5)
    assert layer.kind == "conv 1x5"


@pytest.mark.parametrize("upsampling", ["transposed", "bilinear"])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("levels", "convs"), [(1, 2), (2, 1), (3, 2), (5, 2)])
def test_a_unet_by_intervals_and_by_its_layers_sees_the_same(upsampling, padding, levels, convs):
    config = UNetConfig(widths=(1,) * levels, convs_per_level=convs, norm="none", upsampling=upsampling, padding=padding)
    layers = anatomy(config.build(channels=1, classes=1), channels=1, size_hw=(70, 64))
    assert layers[-1].field_hw == (config.receptive_field.size,) * 2
    assert layers[-1].shape_out == (1, 70, 64)
    assert max(layer.stride or 0 for layer in layers) == config.stride


def test_every_number_of_a_small_network():
    network = nn.Sequential(
        nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2), nn.BatchNorm2d(8), nn.ConvTranspose2d(8, 5, 2, 2)
    )
    conv, norm, up = anatomy(network, channels=4, size_hw=(10, 12))
    assert (conv.name, conv.kind, conv.inputs) == ("0", "conv 3x3 stride 2 2 groups", (IMAGE,))
    assert (conv.shape_in, conv.shape_out) == ((4, 10, 12), (8, 5, 6))
    assert conv.weights == 8 * 2 * 9 + 8
    assert conv.macs == 8 * 2 * 9 * 5 * 6
    assert (norm.kind, norm.weights, norm.macs, norm.inputs) == ("batch norm", 16, 0, (0,))
    assert (up.kind, up.shape_out, up.stride) == ("transposed conv 2x2 stride 2", (5, 10, 12), 1)
    assert up.macs == 8 * 5 * 4 * 5 * 6  # each of the 5 x 6 pixels below is multiplied with all weights


def test_the_standard_unet():
    """7.8 M weights and 96 GFLOP, two for each multiplication, at 512x512."""
    network = UNetConfig().build(channels=3, classes=2)
    layers = anatomy(network, channels=3, size_hw=(512, 512))
    assert sum(layer.weights for layer in layers) == sum(weights.numel() for weights in network.parameters())
    assert sum(layer.macs for layer in layers) == pytest.approx(48e9, rel=0.02)
    assert [block for block in dict.fromkeys(layer.block for layer in layers) if ":" not in block] == [
        "encoder.0", "pool", "encoder.1", "encoder.2", "encoder.3", "bridge",
        "ups.0", "decoder.0", "ups.1", "decoder.1", "ups.2", "decoder.2", "ups.3", "decoder.3", "head",
    ]  # fmt: skip
    joins = [layer for layer in layers if layer.operation == "cat"]
    assert [tuple(layers[place].block for place in join.inputs) for join in joins] == [
        ("encoder.3", "ups.0"), ("encoder.2", "ups.1"), ("encoder.1", "ups.2"), ("encoder.0", "ups.3"),
    ]  # fmt: skip


class Attention(nn.Module):
    """A 3x3 convolution beside the mean of all pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x):
        return torch.cat([self.conv(x), F.interpolate(F.adaptive_avg_pool2d(x, 1), size=x.shape[2:], mode="bilinear")], dim=1)


def test_a_mean_over_the_whole_image_is_told_apart():
    layers = anatomy(Attention(), channels=1, size_hw=(9, 9))
    conv, mean, wide, join = layers
    assert (conv.field_hw, conv.sees_all) == ((3, 3), False)
    assert (mean.field_hw, mean.sees_all, mean.stride, mean.shape_out) == ((0, 0), True, None, (1, 1, 1))
    assert (wide.stride, wide.shape_out) == (None, (1, 9, 9))
    assert (join.field_hw, join.sees_all, join.stride) == ((3, 3), True, 1)


def pieces() -> st.SearchStrategy[list[nn.Module]]:
    """A few layers in a row that keep a map of one channel."""
    convs = st.builds(
        lambda kernel, stride, dilation, padding: nn.Conv2d(1, 1, kernel, stride, padding, dilation),
        st.tuples(st.integers(1, 3), st.integers(1, 3)), st.integers(1, 2), st.integers(1, 2), st.integers(0, 2),
    )  # fmt: skip
    transposed = st.builds(
        lambda kernel, stride, padding: nn.ConvTranspose2d(1, 1, kernel + padding, stride, padding, dilation=2),
        st.integers(1, 3), st.integers(1, 3), st.integers(0, 1),
    )  # fmt: skip
    others = st.sampled_from([
        nn.AvgPool2d(2), nn.AvgPool2d(3, 2, 1), nn.ReflectionPad2d((1, 2, 0, 3)), nn.ReplicationPad2d((2, 0, 3, 1)),
        nn.ZeroPad2d((1, 0, 2, 1)), nn.Upsample(scale_factor=2, mode="bilinear"), nn.Upsample(scale_factor=1.5),
        nn.Upsample(size=(11, 17), mode="bilinear", align_corners=True), nn.ReLU(), nn.Identity(),
    ])  # fmt: skip
    return st.lists(convs | transposed | others, min_size=1, max_size=4)


@given(pieces())
@settings(max_examples=60)
def test_the_gradient_of_the_centre_reaches_just_as_far(layers):
    """Positive weights, so that nothing cancels: what has a gradient is what the pixel depends on."""
    network = nn.Sequential(*layers).double()
    for weights in network.parameters():
        nn.init.uniform_(weights, 0.5, 1.0)
    image = torch.ones(1, 1, 24, 21, dtype=torch.double, requires_grad=True)
    output = network(image)
    _, _, height, width = output.shape
    (gradient,) = torch.autograd.grad(output[0, 0, height // 2, width // 2], image)
    rows, columns = (gradient[0, 0].sum(dim=axis).nonzero().flatten().tolist() for axis in (1, 0))
    box, sees_all = field_box(network, channels=1, size_hw=(24, 21))
    assert not sees_all
    if rows:
        assert box == (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)


def test_a_block_changes_the_resolution_once_and_joins_nothing():
    down = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Conv2d(2, 2, 3, stride=2, padding=1), nn.ReLU())
    twice = nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2))
    layers = anatomy(nn.Sequential(down, twice), channels=1, size_hw=(16, 16))
    assert [layer.block for layer in layers] == ["0", "0", "0", "1.0", "1.1"]


def test_what_moves_pixels_in_an_unknown_way_is_named():
    class Turned(nn.Module):
        def forward(self, x):
            return x.transpose(2, 3).flip(3)

    with pytest.raises(MaskwrightError, match=r"'transpose'.*cannot be inspected"):
        anatomy(nn.Sequential(Turned()), channels=1, size_hw=(8, 8))


def test_the_network_itself_stays_as_it_was():
    network = UNetConfig(widths=(2, 4)).build(channels=1, classes=2)
    anatomy(network, channels=1, size_hw=(16, 16))
    assert network.training
    assert all(weights.device.type == "cpu" for weights in network.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
