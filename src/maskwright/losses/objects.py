"""The loss of networks that draw maps of objects: classes as planned, outlines and depths by cross-entropy."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from maskwright.losses.compound import CompoundLoss
from maskwright.losses.probabilities import IGNORE_TARGET
from maskwright.masks.object_maps import CLASS, DEPTH, DEPTH_STEPS, OUTLINE

EXTRA_OUTPUTS = 2  # beside the classes: outline and depth, in this order


class ObjectLoss(nn.Module):
    """The terms of `classes` on the first outputs; binary cross-entropy of the last two, whose depths are targets from 0 to 1.

    A depth is learned as a probability is, which StarDist does too (arXiv:1806.03535, section 2.1).
    """

    def __init__(self, classes: CompoundLoss) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, logits: Float[Tensor, "b k h w"], target: Int64[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
        """The loss of logits against the layers of `masks.object_maps.to_maps`."""
        return torch.stack(list(self.terms(logits, target).values())).sum()

    def terms(self, logits: Float[Tensor, "b k h w"], target: Int64[Tensor, "b 3 h w"]) -> dict[str, Float[Tensor, ""]]:
        """Each term by its name, weight included."""
        counted = target[:, CLASS] != IGNORE_TARGET
        outline, depth = logits[:, -2].float(), logits[:, -1].float()
        return self.classes.terms(logits[:, :-EXTRA_OUTPUTS], target[:, CLASS]) | {
            "outline": _cross_entropy(outline, target[:, OUTLINE].float(), counted),
            "depth": _cross_entropy(depth, target[:, DEPTH].float() / DEPTH_STEPS, counted),
        }


def _cross_entropy(
    logits: Float[Tensor, "b h w"], target: Float[Tensor, "b h w"], counted: Bool[Tensor, "b h w"]
) -> Float[Tensor, ""]:
    """The mean over the pixels that count; 0 where there are none."""
    losses = F.binary_cross_entropy_with_logits(logits, target.clamp(0, 1), reduction="none")
    return (losses * counted).sum() / counted.sum().clamp(min=1)
