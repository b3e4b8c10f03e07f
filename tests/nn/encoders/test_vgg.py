import torch
from torch import nn

from maskwright.nn.encoders.vgg import VGG16


def test_the_layers_have_the_numbers_that_torchvision_gives_them():
    """torchvision's poolings are layers 4, 9, 16, 23 and 30; convolutions come two or three between them."""
    layers = VGG16(channels=3).features
    convs = [number for number, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
    assert convs == [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    assert len(layers) == 31


def test_the_last_map_is_the_pooled_map_before_it():
    *_, last, pooled = VGG16(channels=1)(torch.randn(1, 1, 32, 32))
    assert torch.equal(pooled, nn.functional.max_pool2d(last, 2))
    assert last.min() == 0  # after its ReLU
