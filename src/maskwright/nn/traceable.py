"""A network, or a part of one, as torch traces it for other runtimes: tensors in, tensors out, shapes free."""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Flat(nn.Module):
    """A module whose tensors come one by one, where the module takes a list of them."""

    def __init__(self, module: nn.Module, *, takes_list: bool) -> None:
        super().__init__()
        self.module, self.takes_list = module, takes_list

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """The module's outputs, always several."""
        outputs = self.module(list(tensors)) if self.takes_list else self.module(*tensors)
        return (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)


def is_traced() -> bool:
    """Whether torch is tracing what is being computed: sizes are tensors then, and every branch is taken for good."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


@torch.no_grad()
def traced(module: nn.Module, example: Sequence[Tensor], *, takes_list: bool = False) -> torch.jit.ScriptModule:
    """The module's operations on tensors like those of the example, of any size."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says of every size that it is a tensor now, and of tracing that it is old
        return torch.jit.trace(Flat(module, takes_list=takes_list), tuple(example), check_trace=False)  # type: ignore[no-any-return, no-untyped-call]
