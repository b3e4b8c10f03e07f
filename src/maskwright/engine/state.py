"""Everything that training changes: weights, their running average, the optimizer, the step."""

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn

from maskwright.nn.fit import fit_weights
from maskwright.plan.plan import Optimizer, Plan


class TrainingState:
    """What a checkpoint holds. Two equal states fed the same batches stay equal, bit for bit, on one machine."""

    def __init__(self, plan: Plan, network: nn.Module) -> None:
        self.plan = plan
        self.network = network
        self.averaged = copy.deepcopy(network).requires_grad_(False).eval()
        self.optimizer = _optimizer(plan.optimizer, network)
        self.step = 0
        self.seconds = 0.0
        self.best_score: float | None = None
        self.caution = 1.0  # multiplies the learning rate; halved after a loss that was no number

    def set_learning_rate(self) -> float:
        """Set and return the learning rate of the step to come: a linear warm-up, then a cosine that ends at 0."""
        settings = self.plan.optimizer
        warmup = max(1, round(settings.warmup_share * self.plan.steps))
        if self.step < warmup:
            share = (self.step + 1) / warmup
        else:
            share = 0.5 * (1 + math.cos(math.pi * (self.step - warmup) / max(1, self.plan.steps - warmup)))
        rate = settings.learning_rate * share * self.caution
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["rate"]
        return rate

    @torch.no_grad()
    def average(self) -> None:
        """Move the averaged weights towards the present ones; the first steps count more, so that the start is forgotten."""
        decay = min(self.plan.optimizer.average_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.averaged.parameters()), list(self.network.parameters()), 1 - decay)
        for mean, buffer in zip(self.averaged.buffers(), self.network.buffers(), strict=True):
            mean.copy_(buffer)

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor of the state, named 'network.*', 'averaged.*' and 'optimizer.<parameter>.*'."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"averaged.{name}": tensor for name, tensor in self.averaged.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in slots.items() if tensor is not None}
        return tensors

    def about(self) -> dict[str, Any]:
        """What the tensors do not say, as a JSON value."""
        return {"step": self.step, "seconds": self.seconds, "best_score": self.best_score, "caution": self.caution}

    def restore(self, tensors: dict[str, Tensor], about: dict[str, Any], source: Any) -> None:
        """Become the state that `tensors` and `about` were taken from. Raises `WeightsError` when they do not fit."""
        parts: dict[str, dict[str, Tensor]] = {"network": {}, "averaged": {}, "optimizer": {}}
        for name, tensor in tensors.items():
            part, rest = name.split(".", 1)
            parts.setdefault(part, {})[rest] = tensor
        fit_weights(self.network, parts["network"], source)
        fit_weights(self.averaged, parts["averaged"], source)
        slots: dict[int, dict[str, Tensor]] = {}
        for name, tensor in parts["optimizer"].items():
            index, slot = name.split(".", 1)
            slots.setdefault(int(index), {})[slot] = tensor
        self.optimizer.load_state_dict({"state": slots, "param_groups": self.optimizer.state_dict()["param_groups"]})
        self.step, self.seconds = about["step"], about["seconds"]
        self.best_score, self.caution = about["best_score"], about["caution"]


def _optimizer(settings: Optimizer, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer over the network's weights; biases and normalisation are not decayed, encoders have a rate of their own."""
    encoder = getattr(network, "encoder", None)
    inside = {id(p) for p in encoder.parameters()} if isinstance(encoder, nn.Module) and settings.encoder_rate < 1 else set()
    kinds: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for p in network.parameters():
        kinds.setdefault((id(p) in inside, p.ndim <= 1), []).append(p)
    groups = [
        {
            "params": parameters,
            "rate": settings.encoder_rate if gentle else 1.0,
            "weight_decay": 0.0 if bare else settings.weight_decay,
        }
        for (gentle, bare), parameters in sorted(kinds.items(), key=lambda kind: kind[0])
    ]
    if settings.name == "sgd":
        return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum, nesterov=settings.momentum > 0)
    return torch.optim.AdamW(groups, lr=settings.learning_rate)
