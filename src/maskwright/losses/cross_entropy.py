"""Pixel-wise cross-entropy, plain or with a weight per class."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from maskwright.losses.probabilities import IGNORE_TARGET, log_probabilities
from maskwright.nn.ranks import totals


class CrossEntropyLoss(nn.Module):
    """The mean of -log p(true class) over the pixels that count; with weights, the weighted mean, as torch has it.

    Where every pixel is ignored the loss is 0 and its gradient too.
    """

    weights: Tensor | None

    def __init__(self, weights: Sequence[float] | None = None) -> None:
        super().__init__()
        self.register_buffer("weights", None if weights is None else torch.tensor(weights), persistent=False)

    def forward(self, logits: Float[Tensor, "b k h w"], target: Int64[Tensor, "b h w"]) -> Float[Tensor, ""]:
        """The loss of logits against class ids."""
        return self.of_log_probabilities(log_probabilities(logits), target)

    def of_log_probabilities(self, log_p: Float[Tensor, "b k h w"], target: Int64[Tensor, "b h w"]) -> Float[Tensor, ""]:
        """The loss where the log-probabilities are known already."""
        weights = None if self.weights is None else self.weights.to(log_p.dtype)
        total = F.nll_loss(log_p, target, weights, ignore_index=IGNORE_TARGET, reduction="sum")
        counted = (target != IGNORE_TARGET).sum() if weights is None else _weight_of(target, weights)
        total, counted = totals(total, counted)
        return total / torch.where(counted > 0, counted, 1)


def _weight_of(target: Int64[Tensor, "b h w"], weights: Float[Tensor, " k"]) -> Float[Tensor, ""]:
    pixels = torch.bincount(target.flatten() - IGNORE_TARGET, minlength=len(weights) + 1)[1:]
    return (pixels * weights).sum()
