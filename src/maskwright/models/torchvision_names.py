"""torchvision's Mask R-CNN from a file, brought to the names of ours."""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from maskwright.nn.encoders.weights import read_state_dict
from maskwright.nn.fit import fit_weights

# torchvision's names as patterns, those of its older files among them, and ours.
NAMES = {
    r"backbone\.body\.": "encoder.",
    r"backbone\.fpn\.(inner_blocks|layer_blocks)\.(\d)\.(?:0\.)?": r"pyramid.\1.\2.",
    r"rpn\.head\.conv\.(?:0\.0\.)?": "proposal_head.conv.",
    r"rpn\.head\.cls_logits\.": "proposal_head.objectness.",
    r"rpn\.head\.bbox_pred\.": "proposal_head.codes.",
    r"roi_heads\.box_head\.fc6\.": "box_head.first.",
    r"roi_heads\.box_head\.fc7\.": "box_head.second.",
    r"roi_heads\.box_predictor\.cls_score\.": "box_head.classes.",
    r"roi_heads\.box_predictor\.bbox_pred\.": "box_head.codes.",
    r"roi_heads\.mask_head\.(\d)\.0\.": r"mask_head.convs.\1.",
    r"roi_heads\.mask_head\.mask_fcn1\.": "mask_head.convs.0.",
    r"roi_heads\.mask_head\.mask_fcn2\.": "mask_head.convs.1.",
    r"roi_heads\.mask_head\.mask_fcn3\.": "mask_head.convs.2.",
    r"roi_heads\.mask_head\.mask_fcn4\.": "mask_head.convs.3.",
    r"roi_heads\.mask_predictor\.conv5_mask\.": "mask_head.up.",
    r"roi_heads\.mask_predictor\.mask_fcn_logits\.": "mask_head.logits.",
}


def load_torchvision(network: nn.Module, path: Path) -> None:
    """Load a state dict of `maskrcnn_resnet50_fpn` into a Mask R-CNN on the encoder "resnet50" with `aligned=False`.

    `classes` must be those of the file, 91 for torchvision's own. Raises `WeightsError` listing what does not fit. What it
    expects of an image is `nn.encoders.weights.TORCHVISION_MEAN` and `TORCHVISION_STD`.
    """
    tensors = in_our_names(read_state_dict(path))
    counts = {name: value for name, value in network.state_dict().items() if name.endswith(".num_batches_tracked")}
    fit_weights(network, counts | tensors, path)  # torchvision's frozen norms have no count


def in_our_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under our names; a name that is unknown stays as it is."""
    return {_renamed(name): tensor for name, tensor in tensors.items()}


def _renamed(name: str) -> str:
    for pattern, ours in NAMES.items():
        renamed, found = re.subn(f"^{pattern}", ours, name)
        if found:
            return renamed
    return name
