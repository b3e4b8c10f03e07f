"""Batch normalisation folded into the convolution before it, for prediction."""

import copy
from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)


def fold_batch_norm(network: Network) -> Network:
    """A copy in evaluation mode, with the same outputs, where convolutions do the work of the batch norm that follows them.

    Folded are neighbours in an `nn.Sequential`, where nothing else can see what lies between them, and what a module names in
    its class attribute `folds`: pairs of attributes, a convolution and a batch norm that alone sees its output.
    """
    folded = copy.deepcopy(network).eval()
    for module in list(folded.modules()):
        for first, second in _pairs(module):
            conv, norm = getattr(module, first, None), getattr(module, second, None)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None:
                setattr(module, first, fuse_conv_bn_eval(conv, norm))
                setattr(module, second, nn.Identity())
    return folded


def _pairs(module: nn.Module) -> list[tuple[str, str]]:
    """The names of layers in a module of which the second sees the first's output and nothing else does."""
    if isinstance(module, nn.Sequential):
        return [(str(i), str(i + 1)) for i in range(len(module) - 1)]
    return list(getattr(module, "folds", ()))
