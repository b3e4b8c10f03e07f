"""PyTorch as the runtime: normalisation folded in, in the plan's precision, on any device."""

import torch
from torch import nn

from maskwright.engine.runtimes.ready import Ready
from maskwright.nn.device import Precision, keep_memory
from maskwright.nn.fold import fold_batch_norm

NAME = "torch"


def ready(network: nn.Module, *, precision: Precision, device: torch.device) -> Ready:
    """A copy of the network made ready; the network itself stays as it is."""
    keep_memory()
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    folded = fold_batch_norm(network).to(device, dtype, memory_format=torch.channels_last).requires_grad_(False)  # type: ignore[call-overload]
    return Ready(folded, NAME, precision, device, dtype)
