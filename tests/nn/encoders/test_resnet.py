import torch
import torch.nn.functional as F

from maskwright.nn.encoders.resnet import BasicBlock, Bottleneck, ResNet


def test_the_stride_of_a_bottleneck_lies_in_its_3x3_convolution():
    block = Bottleneck(8, 4, stride=2, first_dilation=1, dilation=1)
    assert [conv.stride for conv in (block.conv1, block.conv2, block.conv3)] == [(1, 1), (2, 2), (1, 1)]
    assert block(torch.zeros(1, 8, 6, 6)).shape == (1, 16, 3, 3)


def test_fresh_blocks_start_as_their_shortcuts():
    image = torch.randn(2, 64, 8, 8)
    first, second = ResNet(18, channels=3).layer1
    assert torch.equal(first(image), F.relu(image))
    assert torch.equal(second(image), F.relu(image))


def test_first_blocks_look_where_the_strided_ones_looked():
    """In a stage whose stride became dilation, only what comes after the layer that had the stride lies further apart."""
    first, second = ResNet(18, channels=3, output_stride=16).layer4
    assert isinstance(first, BasicBlock)
    dilations = [conv.dilation for block in (first, second) for conv in (block.conv1, block.conv2)]
    assert dilations == [(1, 1), (2, 2), (2, 2), (2, 2)]
    assert ResNet(50, channels=3, output_stride=8).layer4[0].conv2.dilation == (2, 2)
    assert ResNet(50, channels=3, output_stride=8).layer4[1].conv2.dilation == (4, 4)
