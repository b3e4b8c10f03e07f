import pytest
import torch

from maskwright.base.errors import PlanError
from maskwright.masks.centers import EXTRA_OUTPUTS
from maskwright.models import PanopticDeepLabConfig

TINY = {"encoder": "resnet18", "width": 16, "thing_width": 8, "low_level_width": 8}


@pytest.mark.parametrize("size_hw", [(64, 64), (33, 70), (1, 1)])
@torch.no_grad()
def test_it_gives_classes_centres_and_offsets_of_every_pixel(size_hw):
    torch.manual_seed(0)
    network = PanopticDeepLabConfig(**TINY).build(channels=2, classes=4).eval()
    assert network(torch.randn(2, 2, *size_hw)).shape == (2, 4 + EXTRA_OUTPUTS, *size_hw)


def test_both_branches_share_the_encoder_and_nothing_else():
    network = PanopticDeepLabConfig(**TINY).build(channels=1, classes=3).eval()
    names = {name.split(".")[0] for name, _ in network.named_parameters()}
    assert names == {"encoder", "classes", "things"}
    torch.nn.init.ones_(network.things.head.weight)
    network(torch.randn(1, 1, 32, 32))[:, -EXTRA_OUTPUTS:].sum().backward()
    assert not any(p.grad.any() for p in network.classes.parameters())
    assert any(p.grad.any() for p in network.encoder.parameters())


def test_it_starts_without_centres():
    """Random ones would cost 200 times their square."""
    network = PanopticDeepLabConfig(**TINY).build(channels=1, classes=3).eval()
    with torch.no_grad():
        assert not network(torch.randn(1, 1, 32, 32))[:, -EXTRA_OUTPUTS:].any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"encoder": "resnet"}, "The encoder of a DeepLab cannot be 'resnet'"),
        ({"output_stride": 32}, "output stride of a DeepLab is 16"),
        ({"thing_width": 0}, "branch for things of a Panoptic-DeepLab has a positive width"),
    ],
)
def test_what_cannot_be_built_is_refused(wrong, message):
    with pytest.raises(PlanError, match=message):
        PanopticDeepLabConfig(**wrong)
    with pytest.raises(PlanError, match="at least 1 channel and 1 class"):
        PanopticDeepLabConfig().build(channels=3, classes=0)
