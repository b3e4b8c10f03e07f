"""Names of pretrained weights as torchvision, timm and the EfficientNet port have them, brought to those of our encoders."""

import re
from collections.abc import Mapping

from torch import Tensor

from maskwright.nn.encoders.encoder import EncoderName

# What stands after the last map, by the beginnings of its names. In timm's EfficientNet, "bn2." belongs to the 1280 channels.
CLASSIFIERS: dict[EncoderName, tuple[str, ...]] = {
    "plain": (),
    "vgg16": ("classifier.", "pre_logits.", "head."),
    "resnet18": ("fc.",),
    "resnet34": ("fc.",),
    "resnet50": ("fc.",),
    "resnet101": ("fc.",),
    "efficientnet-lite0": ("_conv_head.", "_bn1.", "_fc.", "conv_head.", "bn2.", "classifier."),
}

# timm counts an EfficientNet's blocks within each stage; the first stage's block has no convolution that widens.
TIMM_STAGES = (1, 2, 2, 3, 3, 4, 1)
TIMM_STEM = {"conv_stem": "_conv_stem", "bn1": "_bn0"}
TIMM_FIRST = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
TIMM_OTHERS = {
    "conv_pw": "_expand_conv",
    "bn1": "_bn0",
    "conv_dw": "_depthwise_conv",
    "bn2": "_bn1",
    "conv_pwl": "_project_conv",
    "bn3": "_bn2",
}


def in_our_names(name: EncoderName, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without those of the classifier, under our encoder's names; names that nobody knows stay as they are."""
    features = {key: tensor for key, tensor in tensors.items() if not key.startswith(CLASSIFIERS[name])}
    if name == "efficientnet-lite0":
        return {_from_timm(key): tensor for key, tensor in features.items()}
    return features


def _from_timm(key: str) -> str:
    """timm's `blocks.2.1.conv_pw.weight` is `_blocks.4._expand_conv.weight`."""
    in_block = re.fullmatch(r"blocks\.(\d)\.(\d)\.(\w+)\.(\w+)", key)
    if in_block is None:
        layer, _, rest = key.partition(".")
        return f"{TIMM_STEM.get(layer, layer)}.{rest}"
    stage, number, layer, rest = int(in_block[1]), int(in_block[2]), in_block[3], in_block[4]
    renamed = (TIMM_OTHERS if stage else TIMM_FIRST).get(layer, layer)
    return f"_blocks.{sum(TIMM_STAGES[:stage]) + number}.{renamed}.{rest}"
