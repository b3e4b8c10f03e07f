"""Batch normalisation folded into the convolution before it, for prediction."""

import copy
from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)


def fold_batch_norm(network: Network) -> Network:
    """A copy in evaluation mode, with the same outputs, where convolutions do the work of the batch norm that follows them.

    Only neighbours in an `nn.Sequential` are folded: there, nothing else can see what lies between them.
    """
    folded = copy.deepcopy(network).eval()
    for module in list(folded.modules()):
        if isinstance(module, nn.Sequential):
            for i in range(len(module) - 1):
                conv, norm = module[i], module[i + 1]
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None:
                    module[i], module[i + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    return folded
