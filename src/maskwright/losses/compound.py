"""Weighted sums of named losses, and the terms of a plan that build them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, cast, get_args

import torch
from jaxtyping import Float, Int64
from pydantic import ConfigDict
from torch import Tensor, nn

from maskwright.base.errors import PlanError, did_you_mean
from maskwright.losses.cross_entropy import CrossEntropyLoss
from maskwright.losses.dice import DiceLoss
from maskwright.losses.focal import FocalLoss
from maskwright.losses.probabilities import log_probabilities

LossName = Literal["cross-entropy", "dice", "focal"]
LOSSES: dict[LossName, type[nn.Module]] = {"cross-entropy": CrossEntropyLoss, "dice": DiceLoss, "focal": FocalLoss}


class Loss(Protocol):
    """What a sum of losses asks of each: to start from log-probabilities, so that they share one softmax."""

    def of_log_probabilities(self, log_p: Float[Tensor, "b k h w"], target: Int64[Tensor, "b h w"]) -> Float[Tensor, ""]: ...


class CompoundLoss(nn.Module):
    """The sum of weight * loss over named terms, which share one softmax."""

    def __init__(self, terms: Mapping[str, tuple[float, nn.Module]]) -> None:
        super().__init__()
        self.weights = {name: weight for name, (weight, _) in terms.items()}
        self.losses = nn.ModuleDict({name: loss for name, (_, loss) in terms.items()})

    def forward(self, logits: Float[Tensor, "b k h w"], target: Int64[Tensor, "b h w"]) -> Float[Tensor, ""]:
        """The loss of logits against class ids."""
        return torch.stack(list(self.terms(logits, target).values())).sum()

    def terms(self, logits: Float[Tensor, "b k h w"], target: Int64[Tensor, "b h w"]) -> dict[str, Float[Tensor, ""]]:
        """Each term by its name, weight included."""
        log_p = log_probabilities(logits)
        return {
            name: self.weights[name] * cast(Loss, loss).of_log_probabilities(log_p, target)
            for name, loss in self.losses.items()
        }


@dataclass(frozen=True, kw_only=True)
class LossTerm:
    """One term of a planned loss; what is set to None is the loss's own default."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: LossName
    weight: float = 1.0
    gamma: float | None = None  # focal only: how much the easy pixels fade
    background: bool | None = None  # dice only: whether class 0 has a term
    pooled: bool | None = None  # dice only: over the batch, or each image on its own

    def __post_init__(self) -> None:
        if self.name not in get_args(LossName):
            raise PlanError(f"There is no loss '{self.name}'. {did_you_mean(str(self.name), get_args(LossName))}")
        if not self.weight > 0:
            raise PlanError(
                f"The weight of the loss '{self.name}' must be positive, not {self.weight}. Leave the term out instead."
            )
        if self.gamma is not None and self.name != "focal":
            raise PlanError(f"Only the focal loss has a gamma, the loss '{self.name}' has none. Remove it.")
        if self.gamma is not None and self.gamma < 0:
            raise PlanError(f"The gamma of the focal loss is 0 or more, not {self.gamma}.")
        if (self.background, self.pooled) != (None, None) and self.name != "dice":
            raise PlanError(
                f"Only the Dice loss has 'background' and 'pooled', the loss '{self.name}' has neither. Remove them."
            )

    def build(self, class_weights: Sequence[float] | None = None) -> nn.Module:
        """The loss, without the term's weight; class weights go to cross-entropy and focal loss, Dice has its own balance."""
        match self.name:
            case "cross-entropy":
                return CrossEntropyLoss(class_weights)
            case "focal":
                return FocalLoss(class_weights) if self.gamma is None else FocalLoss(class_weights, gamma=self.gamma)
            case "dice":
                return DiceLoss(background=bool(self.background), pooled=self.pooled is not False)


def build_loss(terms: Sequence[LossTerm], class_weights: Sequence[float] | None = None) -> CompoundLoss:
    """The weighted sum that the terms of a plan stand for."""
    names = [term.name for term in terms]
    if not names or len(set(names)) < len(names):
        raise PlanError(f"A loss needs one or more terms of different names, not {names}.")
    return CompoundLoss({term.name: (term.weight, term.build(class_weights)) for term in terms})
