"""Soft Dice loss: one minus the overlap of probabilities and ground truth, class by class."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from maskwright.losses.probabilities import IGNORE_TARGET, log_probabilities
from maskwright.nn.ranks import totals


class DiceLoss(nn.Module):
    """The mean over classes of 1 - (2 I + s) / (P + G + s): I, P, G sum p * g, p, g over the pixels that count.

    `pooled` sums over the whole batch, otherwise over each image. `squared` sums p squared in P (arXiv:1606.04797); `jaccard`
    puts 2 (P + G - I) for P + G. Class 0 is left out unless `background`. Values agree with
    MONAI's `DiceLoss` (smooth_nr = smooth_dr = s), but for a class without ground truth: there 1 - s / (P + s) has next to no
    gradient, so the class's term is its mean probability instead, with the same pull on every false positive. Where every pixel
    is ignored the loss is 0 and its gradient too.
    """

    def __init__(
        self,
        *,
        background: bool = False,
        pooled: bool = True,
        squared: bool = False,
        jaccard: bool = False,
        smooth: float = 1e-5,
    ) -> None:
        super().__init__()
        self.background = background
        self.pooled = pooled
        self.squared = squared
        self.jaccard = jaccard
        self.smooth = smooth

    def forward(self, logits: Float[Tensor, "b k h w"], target: Int64[Tensor, "b h w"]) -> Float[Tensor, ""]:
        """The loss of logits against class ids."""
        return self.of_log_probabilities(log_probabilities(logits), target)

    def of_log_probabilities(self, log_p: Float[Tensor, "b k h w"], target: Int64[Tensor, "b h w"]) -> Float[Tensor, ""]:
        """The loss where the log-probabilities are known already."""
        first = 0 if self.background else 1
        p = log_p[:, first:].exp()
        target = target[:, None]
        counts = target != IGNORE_TARGET
        truth = target == torch.arange(first, log_p.shape[1], device=target.device)[:, None, None]
        over = (0, 2, 3) if self.pooled else (2, 3)
        p = p * counts
        overlap = (p * truth).sum(over)
        predicted = (p * p if self.squared else p).sum(over)
        actual = truth.sum(over)
        total_p, counted = p.sum(over), counts.sum(over)
        if self.pooled:
            overlap, predicted, actual, total_p, counted = totals(overlap, predicted, actual, total_p, counted)
        either = predicted + actual
        if self.jaccard:
            either = 2 * (either - overlap)
        dice = (2 * overlap + self.smooth) / (either + self.smooth)
        mean_p = total_p / counted.clamp(min=1)
        return torch.where(actual > 0, 1 - dice, mean_p).mean()
