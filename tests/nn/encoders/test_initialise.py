import pytest
import torch
from torch import nn

from maskwright.nn.encoders.initialise import initialise_for_gradients


@pytest.mark.parametrize(
    ("conv", "outgoing"),
    [
        (nn.Conv2d(16, 64, 3), 64 * 9),
        (nn.Conv2d(64, 128, 1), 128),
        (nn.Conv2d(512, 512, 5, groups=512), 25),  # each incoming value reaches one map alone
    ],
)
def test_the_variance_is_two_by_what_each_value_reaches(conv, outgoing):
    torch.manual_seed(0)
    initialise_for_gradients(conv)
    assert conv.weight.var().item() == pytest.approx(2 / outgoing, rel=0.05)
    assert not conv.bias.any()


def test_gradients_keep_their_size_through_a_depthwise_network():
    torch.manual_seed(0)
    layers = [layer for _ in range(8) for layer in (nn.Conv2d(32, 32, 3, groups=32, padding=1, bias=False), nn.ReLU())]
    network = nn.Sequential(*layers)
    initialise_for_gradients(network)
    image = torch.randn(4, 32, 32, 32, requires_grad=True)
    outside = network(image)
    outside.backward(torch.randn_like(outside))
    assert 0.1 < image.grad.std() < 10
