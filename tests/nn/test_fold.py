import torch
from torch import nn

from maskwright.models.unet import UNetConfig
from maskwright.nn.fold import fold_batch_norm


def trained(config: UNetConfig) -> nn.Module:
    """A network whose batch norms have seen something."""
    torch.manual_seed(1)
    network = config.build(channels=2, classes=3)
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
