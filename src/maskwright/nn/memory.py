"""How much memory a network needs to predict and to learn: a lower bound, from the sizes of its maps and weights.

What kernels need while they work (packed weights, other layouts) is not in it. On a processor in bfloat16, a plain U-Net, one
on ResNet-34 and a DeepLabv3+ took 1.4 to 1.65 times as much in training, and 1.2 to 1.35 times in prediction.
"""

import copy
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from maskwright.nn.device import Precision
from maskwright.nn.fold import fold_batch_norm

TYPES: dict[Precision, torch.dtype] = {"bf16": torch.bfloat16, "fp32": torch.float32}
COPIES = 5  # of each weight while training, in float32: itself, its gradient, AdamW's two moments, the running average


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes that are always taken, and those that each image of a batch takes at the fullest moment."""

    weights: int
    image: int

    def of(self, images: int) -> int:
        """Bytes for a batch of so many images."""
        return self.weights + images * self.image


def to_predict(network: nn.Module, *, channels: int, size_hw: tuple[int, int], precision: Precision) -> Memory:
    """What prediction needs, with batch normalisation folded in: weights, and the maps that are alive together."""
    folded = fold_batch_norm(network).to("meta", TYPES[precision])
    with torch.no_grad(), _Alive() as alive:
        folded(torch.empty(1, channels, *size_hw, dtype=TYPES[precision], device="meta"))
    return Memory(weights=_bytes(folded), image=alive.most)


def to_train(network: nn.Module, *, channels: int, size_hw: tuple[int, int], precision: Precision) -> Memory:
    """What a training step needs: five numbers a weight, and what the backward pass must find again, at its fullest.

    The step is gone through with batches of two and three on tensors without content; the difference is an image's share, and
    gradients of weights, which are among the five, no part of it.
    """
    network = copy.deepcopy(network).to("meta", torch.float32).train()
    weights = COPIES * _bytes(network)
    network.to(TYPES[precision])
    two, three = (_step(network, (batch, channels, *size_hw), TYPES[precision]) for batch in (2, 3))
    return Memory(weights=weights, image=three - two)


def _step(network: nn.Module, shape: tuple[int, int, int, int], dtype: torch.dtype) -> int:
    """Bytes of what is made, at the fullest moment of a training step."""
    network.zero_grad(set_to_none=True)
    with _Alive() as alive:
        outputs = network(torch.empty(shape, dtype=dtype, device="meta"))
        maps = outputs if isinstance(outputs, list) else [outputs]  # several where heads look into boxes of them
        torch.stack([F.log_softmax(each.float(), dim=1).mean() for each in maps]).sum().backward()  # type: ignore[no-untyped-call]
    most: int = alive.most
    return most


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all tensors that were made since it began and are still there."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = 0
        self.most = 0
        self._seen: set[int] = set()

    def __torch_dispatch__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, list | tuple) else [result]:
            if isinstance(tensor, Tensor):
                self._made(tensor)
        return result

    def _made(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata in self._seen:
            return
        self._seen.add(storage._cdata)
        size = storage.nbytes()
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._gone, storage._cdata, size)

    def _gone(self, storage: int, size: int) -> None:
        self._seen.discard(storage)
        self.now -= size


def _bytes(network: nn.Module) -> int:
    return sum(weights.numel() * weights.element_size() for weights in network.parameters())
