"""Sums over all processes that train one network together, and batch norms that normalise the whole batch of a step.

Each of n processes has its share of a batch and works out the gradient of a loss; the mean of these gradients is what all of
them learn from. Where a loss divides sums over the batch by one another, that mean is the gradient of the whole batch's loss
only if the sums are those of the whole batch: `totals` makes them so. One process alone is not touched by any of this.
"""

from typing import Any, cast

import torch
import torch.distributed as dist
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from maskwright.base.errors import TrainingError


def count() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def add_up(values: Tensor) -> Tensor:
    """The values of all processes added up, in place. Raises `TrainingError` where one of them is gone."""
    if count() == 1:
        return values
    try:
        dist.all_reduce(values)
    except RuntimeError as error:
        raise lost(error) from error
    return values


def lost(error: RuntimeError) -> TrainingError:
    """What to say where the other processes can no longer be reached."""
    reason = str(error).splitlines()[0].rpartition("] ")[2].partition(". ")[0]  # without a place in Gloo's code, and its advice
    return TrainingError(
        f"Process {dist.get_rank()} of {count()}, the first being 0, lost the others: one of them ended, as where memory runs "
        "out, or gave no answer for too long. What it said itself stands above. Go on with --resume. "
        f"({reason})"
    )


def totals(*sums: Tensor) -> tuple[Tensor, ...]:
    """Each sum over all processes' shares of the batch; gradients flow through. Alone, the sums as they are."""
    if count() == 1:
        return sums
    kind = torch.float64 if any(each.dtype == torch.float64 for each in sums) else torch.float32
    added: Tensor = _Total.apply(torch.cat([each.reshape(-1).to(kind) for each in sums]))  # type: ignore[no-untyped-call]
    parts = torch.split(added, [each.numel() for each in sums])
    return tuple(part.reshape(each.shape) for part, each in zip(parts, sums, strict=True))


class _Total(torch.autograd.Function):
    """The sum over all processes; backwards, that of the gradients, since every process's loss looks at the sum."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return add_up(values.clone())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return add_up(gradient.clone())


def synchronise(network: nn.Module) -> None:
    """Let the batch norms of a network normalise the whole batch of a step, of which each process has a share."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.__class__ = WholeBatchNorm  # its weights, its statistics and its name stay as they are


class WholeBatchNorm(nn.BatchNorm2d):
    """Batch normalisation by mean and variance over all processes' shares of a batch, which are of one size.

    In evaluation it is `nn.BatchNorm2d`. Unlike `nn.SyncBatchNorm` it works on processors too.
    """

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Values of mean 0 and variance 1 in every channel of the whole batch, then scaled and shifted by what was learned."""
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        mean, variance = _moments(input)
        pixels = count() * input.numel() // input.shape[1]
        momentum = 0.1 if self.momentum is None else self.momentum
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance * (pixels / max(1, pixels - 1)), momentum)
        return cast(Tensor, _Normalised.apply(input, mean, variance, self.weight, self.bias, self.eps))  # type: ignore[no-untyped-call]


@torch.no_grad()
def _moments(values: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, " c"], Float[Tensor, " c"]]:
    """Mean and variance of every channel over the whole batch: the shares' own, brought together as Chan et al. have it."""
    variances, means = torch.var_mean(values.float(), (0, 2, 3), correction=0)
    mean = add_up(means.clone()) / count()
    return mean, add_up(variances + (means - mean) ** 2) / count()


class _Normalised(torch.autograd.Function):
    """`F.batch_norm` by given moments, whose gradient knows that they are the moments of the batch."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, mean: Tensor, variance: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        ctx.save_for_backward(values, mean, torch.rsqrt(variance + eps), weight)
        return F.batch_norm(values, mean, variance, weight, bias, training=False, eps=eps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        values, mean, inverse, weight = ctx.saved_tensors
        normal = (values.float() - _wide(mean)) * _wide(inverse)
        gradient = gradient.float()
        own = torch.stack([gradient.sum((0, 2, 3)), (gradient * normal).sum((0, 2, 3))])
        whole = add_up(own.clone()) / (count() * values.numel() // values.shape[1])
        below = (gradient - _wide(whole[0]) - normal * _wide(whole[1])) * _wide(weight * inverse)
        return below.to(values.dtype), None, None, own[1], own[0], None


def _wide(values: Float[Tensor, " c"]) -> Float[Tensor, "1 c 1 1"]:
    return values[None, :, None, None]
