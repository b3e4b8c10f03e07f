import pytest
import torch

from maskwright.models.unet import UNetConfig
from maskwright.nn.receptive_field import ReceptiveField, encoder_decoder


@pytest.mark.parametrize(
    ("levels", "convs", "upsampling", "size", "reach"),
    [
        (1, 1, "transposed", 3, 1),
        (1, 3, "bilinear", 7, 3),
        # Output pixel 0: 3x3 asks for pixels -1 to 1 of the upsampled map, so -1 to 0 of the bridge; its 3x3 for -2 to 1, the
        # pooling for -4 to 3, the encoder's 3x3 for -5 to 4.
        (2, 1, "transposed", 10, 5),
        # Pixel shuffle: its own 3x3 asks for one bridge pixel more at either end, so two image pixels.
        (2, 1, "shuffle", 14, 7),
    ],
)
def test_by_hand(levels, convs, upsampling, size, reach):
    assert encoder_decoder(levels, convs=convs, upsampling=upsampling) == ReceptiveField(size, reach)


@pytest.mark.parametrize("upsampling", ["transposed", "bilinear", "nearest", "shuffle"])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("levels", "convs"), [(1, 2), (2, 1), (3, 1), (3, 2), (4, 2)])
def test_the_gradient_reaches_just_as_far(upsampling, padding, levels, convs):
    config = UNetConfig(widths=(1,) * levels, convs_per_level=convs, norm="none", upsampling=upsampling, padding=padding)
    network = config.build(channels=1, classes=1).double()
    for weights in network.parameters():
        torch.nn.init.constant_(weights, 0.1)
    network.pool = torch.nn.AvgPool2d(2)  # a maximum would hand the gradient to one pixel only
    image = torch.ones(1, 1, 160, 160, dtype=torch.double, requires_grad=True)
    logits, size, reach = network(image), 0, 0
    for pixel in range(80, 80 + config.stride):
        (gradient,) = torch.autograd.grad(logits[0, 0, 80, pixel], image, retain_graph=True)
        touched = gradient[0, 0].abs().sum(dim=0).nonzero().flatten().tolist()
        size = max(size, touched[-1] - touched[0] + 1)
        reach = max(reach, pixel - touched[0], touched[-1] - pixel)
    assert config.receptive_field == ReceptiveField(size, reach)
