import pytest
import torch
from torch import nn

from maskwright.nn.encoders.efficientnet_lite import Conv, EfficientNetLite0


def sums(size: int, **options: int | bool) -> list[list[float]]:
    """How many pixels of an image of ones each value of a convolution sees."""
    conv = Conv(1, 1, 3, **options)
    nn.init.ones_(conv.weight)
    return conv(torch.ones(1, 1, size, size))[0, 0].tolist()


def test_a_strided_convolution_is_padded_at_the_right_and_bottom():
    """TensorFlow's "same": on an even side the odd pixel of padding comes last. PyTorch's networks have 4, 6, 6, 9 here."""
    assert sums(4, stride=2, halves=True) == [[9, 6], [6, 4]]


def test_without_its_stride_it_looks_at_the_same_pixels():
    seen = sums(4, halves=True)
    assert seen == [[9, 9, 6, 3], [9, 9, 6, 3], [6, 6, 4, 2], [3, 3, 2, 1]]
    assert [row[::2] for row in seen[::2]] == sums(4, stride=2, halves=True)


def test_other_convolutions_are_padded_evenly():
    assert sums(2) == [[4, 4], [4, 4]]
    assert Conv(1, 1, 5, dilation=2).padding == (4, 4)


@pytest.mark.parametrize(("kernel", "before"), [(3, 0), (5, 1)])
def test_padding_grows_with_dilation(kernel, before):
    conv = Conv(1, 1, kernel, dilation=2, halves=True)
    assert conv.border == (2 * before, 2 * (kernel - 1 - before)) * 2


@pytest.mark.parametrize("autocast", [False, True])
def test_gradients_of_depthwise_convolutions_are_exact_in_bfloat16(autocast):
    """They are worked out in float32, which is faster there; prediction stays in bfloat16."""
    torch.manual_seed(0)
    conv = Conv(8, 8, 5, groups=8)
    image = torch.randn(1, 8, 16, 16).bfloat16()
    (expected,) = torch.autograd.grad(conv(image.float()).sum(), conv.weight)
    conv = conv if autocast else conv.bfloat16()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        maps = conv(image)
        assert maps.dtype == torch.bfloat16
        (gradient,) = torch.autograd.grad(maps.float().sum(), conv.weight)
    assert torch.equal(gradient, expected.to(gradient.dtype))


def test_blocks_add_their_input_where_shapes_agree_in_the_original():
    """Sixteen blocks; the first of a stage changes width, or had the stride."""
    for output_stride in (32, 8):
        blocks = EfficientNetLite0(channels=3, output_stride=output_stride)._blocks
        assert [n for n, block in enumerate(blocks) if block.adds] == [2, 4, 6, 7, 9, 10, 12, 13, 14]
