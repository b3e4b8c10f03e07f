"""Focal loss: cross-entropy that dwells on the pixels the network gets wrong (arXiv:1708.02002)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from maskwright.losses.probabilities import IGNORE_TARGET, log_probabilities
from maskwright.nn.ranks import totals


class FocalLoss(nn.Module):
    """The mean over the pixels that count of -alpha (1 - p)^gamma log p, p being the true class's probability.

    `alpha` is one weight per class, or None. With `gamma=0` and no alpha this is cross-entropy; with alpha the sum is divided
    by the number of pixels, not by their weights, as in the paper. Where every pixel is ignored the loss is 0 and its gradient
    too.
    """

    alpha: Tensor | None

    def __init__(self, alpha: Sequence[float] | None = None, *, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("alpha", None if alpha is None else torch.tensor(alpha), persistent=False)

    def forward(self, logits: Float[Tensor, "b k h w"], target: Int64[Tensor, "b h w"]) -> Float[Tensor, ""]:
        """The loss of logits against class ids."""
        return self.of_log_probabilities(log_probabilities(logits), target)

    def of_log_probabilities(self, log_p: Float[Tensor, "b k h w"], target: Int64[Tensor, "b h w"]) -> Float[Tensor, ""]:
        """The loss where the log-probabilities are known already."""
        alpha = None if self.alpha is None else self.alpha.to(log_p.dtype)
        entropy = F.nll_loss(log_p, target, alpha, ignore_index=IGNORE_TARGET, reduction="none")
        log_true = log_p.gather(1, target.clamp(min=0)[:, None])[:, 0]
        # 1 - p, exact for p near 1, and never 0, where a power below 1 has an infinite slope.
        doubt = -torch.expm1(log_true).clamp(max=-torch.finfo(log_p.dtype).tiny)
        total, counted = totals((doubt**self.gamma * entropy).sum(), (target != IGNORE_TARGET).sum())
        return total / counted.clamp(min=1)
