"""The loss of networks that draw maps of objects: classes as planned, outlines and depths by cross-entropy."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from maskwright.losses.compound import CompoundLoss
from maskwright.losses.probabilities import IGNORE_TARGET
from maskwright.masks.object_maps import CLASS, DEPTH, DEPTH_STEPS, OUTLINE
from maskwright.nn.ranks import totals

EXTRA_OUTPUTS = 2  # beside the classes: outline and depth, in this order
CONTACT = 10.0  # times as much a pixel counts where objects touch: few pixels, on which it hangs whether two are told apart
CONTACT_PX = 2  # pixels around an outline's pixel in which there is no background, where objects touch
DEPTH_WEIGHT = 2.0  # of the depths, from which objects grow


class ObjectLoss(nn.Module):
    """The terms of `classes` on the first outputs; binary cross-entropy of the last two, whose depths are targets from 0 to 1.

    A depth is learned as a probability is, which StarDist does too (arXiv:1806.03535, section 2.1). Where objects touch, the
    last two count `CONTACT` times as much, as the U-Net paper weights borders between cells (arXiv:1505.04597, section 3).
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
        weight = counted * (1 + (CONTACT - 1) * _contacts(target))
        outline, depth = logits[:, -2].float(), logits[:, -1].float()
        return self.classes.terms(logits[:, :-EXTRA_OUTPUTS], target[:, CLASS]) | {
            "outline": _cross_entropy(outline, target[:, OUTLINE].float(), weight, counted),
            "depth": DEPTH_WEIGHT * _cross_entropy(depth, target[:, DEPTH].float() / DEPTH_STEPS, weight, counted),
        }


def _contacts(target: Int64[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
    """1 where objects touch, and on the pixels beside; 0 elsewhere."""
    background = _spread((target[:, CLASS] == 0).float(), CONTACT_PX)
    return _spread((target[:, OUTLINE] == 1) * (1 - background), 1)


def _spread(marks: Float[Tensor, "b h w"], pixels: int) -> Float[Tensor, "b h w"]:
    return F.max_pool2d(marks, 2 * pixels + 1, stride=1, padding=pixels)


def _cross_entropy(
    logits: Float[Tensor, "b h w"],
    target: Float[Tensor, "b h w"],
    weight: Float[Tensor, "b h w"],
    counted: Bool[Tensor, "b h w"],
) -> Float[Tensor, ""]:
    """The weighted sum over the number of pixels that count; 0 where there are none."""
    losses = F.binary_cross_entropy_with_logits(logits, target.clamp(0, 1), reduction="none")
    total, pixels = totals((losses * weight).sum(), counted.sum())
    return total / pixels.clamp(min=1)
