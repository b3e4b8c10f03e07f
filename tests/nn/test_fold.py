import pytest
import torch
from torch import nn

from maskwright.models.unet import UNetConfig
from maskwright.nn.encoders import ENCODERS, build_encoder
from maskwright.nn.fold import fold_batch_norm


def trained(config: UNetConfig) -> nn.Module:
    torch.manual_seed(1)
    return seen_something(config.build(channels=2, classes=3))


def seen_something(network: nn.Module) -> nn.Module:
    """The network with batch norms that are no identities, as after a training."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return network


def test_the_folded_network_predicts_the_same_without_any_batch_norm():
    network = trained(UNetConfig(widths=(4, 8, 16), norm="batch"))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    folded, image = fold_batch_norm(network), torch.randn(2, 2, 21, 30)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    torch.testing.assert_close(folded(image), network.eval()(image), rtol=1e-5, atol=1e-5)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_what_it_gives_is_a_network_without_normalisation():
    config = UNetConfig(widths=(4, 8), norm="batch")
    folded, image = fold_batch_norm(trained(config)), torch.randn(1, 2, 8, 8)
    plain = UNetConfig(widths=(4, 8), norm="none").build(channels=2, classes=3)
    plain.load_state_dict(folded.state_dict())
    assert torch.equal(plain(image), folded(image))


def test_other_normalisations_stay():
    network = UNetConfig(widths=(4, 8), norm="group").build(channels=1, classes=2)
    image = torch.randn(1, 1, 8, 8)
    assert torch.equal(fold_batch_norm(network)(image), network(image))


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders_fold_completely(name):
    """The names of their layers are those of well-known files, so they are attributes and no neighbours in a sequence."""
    encoder = seen_something(build_encoder(name, channels=3, output_stride=16))
    folded, image = fold_batch_norm(encoder), torch.randn(1, 3, 32, 64)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    with torch.no_grad():
        for ours, theirs in zip(folded(image), encoder.eval()(image), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * theirs.std().item())


class Shares(nn.Module):
    """A network that uses what lies between its convolution and its batch norm, and so names no pair."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)

    def forward(self, x):
        x = self.conv1(x)
        return x * self.bn1(x)


def test_what_nobody_named_stays():
    network, image = seen_something(Shares()), torch.randn(1, 2, 4, 4)
    assert torch.equal(fold_batch_norm(network)(image), network.eval()(image))
