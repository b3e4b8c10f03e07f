"""The parts of a network that are functions of tensors alone, with tensors such as they are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Part:
    """A module by its name, "" for the network itself, and what it was given; `takes_list` where that was one list."""

    name: str
    module: nn.Module
    example: tuple[Tensor, ...]
    takes_list: bool


def part_names(network: nn.Module) -> tuple[str, ...]:
    """The network itself, whose call makes maps of an image, and what modules name in their class attribute `heads`."""
    names = [""]
    for place, module in network.named_modules():
        names += [f"{place}.{head}".lstrip(".") for head in getattr(module, "heads", ())]
    return tuple(names)


@torch.no_grad()
def parts(network: nn.Module, image: Float[Tensor, "b c h w"]) -> tuple[Part, ...]:
    """All parts, with what they are given when the network predicts this image. A head is given at least two boxes."""
    seen: dict[str, Any] = {}
    names = part_names(network)

    def watch(name: str) -> Any:
        return lambda module, inputs: seen.update({name: inputs})

    hooks = [network.get_submodule(name).register_forward_pre_hook(watch(name)) for name in names]
    try:
        predict(network, image)
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(_part(network, name, *seen[name]) for name in names)


def predict(network: nn.Module, image: Float[Tensor, "b c h w"]) -> Any:
    """What a network makes of an image: maps, or what it detects where it has a way to."""
    return getattr(network, "detect", network)(image)


def _part(network: nn.Module, name: str, given: Tensor | Sequence[Tensor]) -> Part:
    takes_list = not isinstance(given, Tensor)
    tensors = (given,) if isinstance(given, Tensor) else tuple(given)
    if name and not takes_list and len(tensors[0]) < 2:  # what was traced on nothing may not hold for something
        tensors = (torch.zeros(2, *tensors[0].shape[1:]),)
    return Part(name, network.get_submodule(name), tensors, takes_list)
