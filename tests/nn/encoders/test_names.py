import torch

from maskwright.nn.encoders import ENCODERS, build_encoder
from maskwright.nn.encoders.names import CLASSIFIERS, in_our_names

ANY = torch.zeros(1)


def test_timm_names_of_an_efficientnet():
    given = {
        "conv_stem.weight": "_conv_stem.weight",
        "bn1.running_mean": "_bn0.running_mean",
        "blocks.0.0.conv_dw.weight": "_blocks.0._depthwise_conv.weight",
        "blocks.0.0.conv_pw.weight": "_blocks.0._project_conv.weight",
        "blocks.0.0.bn2.bias": "_blocks.0._bn2.bias",
        "blocks.1.1.conv_pw.weight": "_blocks.2._expand_conv.weight",
        "blocks.5.3.bn1.weight": "_blocks.14._bn0.weight",
        "blocks.6.0.conv_pwl.weight": "_blocks.15._project_conv.weight",
    }
    assert list(in_our_names("efficientnet-lite0", dict.fromkeys(given, ANY))) == list(given.values())


def test_classifiers_are_left_out_and_strangers_stay():
    given = dict.fromkeys(("fc.weight", "fc.bias", "layer1.0.conv1.weight", "fcx.weight", "head.weight"), ANY)
    assert list(in_our_names("resnet18", given)) == ["layer1.0.conv1.weight", "fcx.weight", "head.weight"]


def test_our_own_names_stay_as_they_are():
    """So that what one encoder saved, another one loads."""
    assert set(CLASSIFIERS) == set(ENCODERS)
    for name in ("plain", "vgg16", "resnet18", "resnet50", "efficientnet-lite0"):
        ours = build_encoder(name, channels=1).state_dict()
        assert list(in_our_names(name, ours)) == list(ours)
