"""Networks as stages: which layers go together, and who takes whose map."""

import torch
from torch import nn

from maskwright.models import EncoderUNetConfig, model_config
from maskwright.models.unet import UNetConfig
from maskwright.nn.anatomy import anatomy
from maskwright.nn.stages import Stage, stages


def stages_of(network: nn.Module, *, channels: int = 3, size_hw: tuple[int, int] = (64, 96)) -> tuple[Stage, ...]:
    return stages(anatomy(network, channels=channels, size_hw=size_hw))


def test_the_stages_of_a_unet():
    found = stages_of(UNetConfig(widths=(4, 8, 16)).build(channels=3, classes=2))
    assert [(stage.name, stage.sources, stage.parts, stage.shape, stage.stride) for stage in found] == [
        ("image", (), (), (3, 64, 96), 1),
        ("encoder.0", (0,), (), (4, 64, 96), 1),
        ("encoder.1", (1,), (), (8, 32, 48), 2),
        ("bridge", (2,), (), (16, 16, 24), 4),
        ("decoder.0", (3, 2), (8, 8), (8, 32, 48), 2),
        ("decoder.1", (4, 1), (4, 4), (4, 64, 96), 1),
        ("head", (5,), (), (2, 64, 96), 1),
    ]


def test_a_border_before_the_network_belongs_to_the_image():
    found = stages_of(UNetConfig(widths=(4, 8), padding="valid", norm="none").build(channels=3, classes=2))
    assert [layer.kind for layer in found[0].layers] == ["mirrored border"]
    assert found[0].shape == (3, 64, 96)
    assert found[-1].shape == (2, 64, 96)
    assert [stage.stride for stage in found] == [1, 1, 2, 1, 1]


def test_every_layer_is_in_one_stage():
    for name, encoder in (("unet", "resnet50"), ("fcn-8s", "vgg16"), ("deeplabv3+", "efficientnet-lite0")):
        layers = anatomy(model_config(name, encoder).build(channels=3, classes=5), channels=3, size_hw=(64, 64))
        gathered = [layer for stage in stages(layers) for layer in stage.layers]
        assert sorted(gathered, key=layers.index) == list(layers)
        assert len(gathered) == len(layers)


def test_an_encoder_has_a_stage_a_resolution():
    found = stages_of(EncoderUNetConfig(encoder="resnet34").build(channels=3, classes=2))
    names = ["encoder.conv1", "encoder.layer1", "encoder.layer2", "encoder.layer3", "encoder.layer4"]
    assert [stage.name for stage in found[1:6]] == names
    assert [stage.stride for stage in found[1:6]] == [2, 4, 8, 16, 32]
    assert found[6].sources == (5, 4)


def test_scores_of_an_fcn_are_stages_and_are_added():
    found = stages_of(model_config("fcn-16s", "vgg16").build(channels=3, classes=5))
    (joint,) = (stage for stage in found if stage.parts)
    assert joint.parts == (5, 5)
    assert joint.stride == 16
    assert {found[source].shape for source in joint.sources} == {(5, 2, 3), (5, 4, 6)}
    assert found[-1].stride == 1


def test_branches_of_a_deeplab_start_from_one_map_and_meet_in_one():
    found = stages_of(model_config("deeplabv3", "resnet18").build(channels=3, classes=5))
    (joint,) = (stage for stage in found if len(stage.parts) == 5)
    branches = [found[source] for source in joint.sources]
    assert len({stage.sources for stage in branches}) == 1
    assert sorted(stage.dilation for stage in branches) == [1, 1, 6, 12, 18]
    assert sum(stage.stride is None for stage in branches) == 1
    dilated = next(stage for stage in found if stage.name == "encoder.layer4")
    assert (dilated.dilation, dilated.stride) == (2, 16)


class Residual(nn.Module):
    """Two convolutions beside a shortcut, all written into one function."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.second = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        y = torch.relu(self.first(x))
        return self.second(y) + y


def test_a_shortcut_within_a_stage_is_no_joint():
    found = stages_of(nn.Sequential(Residual(), nn.MaxPool2d(2), nn.Conv2d(3, 3, 1)))
    assert [(stage.name, stage.parts, stage.shape[0]) for stage in found] == [("image", (), 3), ("0", (), 3), ("2", (), 3)]
