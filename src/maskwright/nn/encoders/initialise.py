"""How encoders without pretrained weights start: He et al.'s initialisation by outgoing values, as classifiers use."""

import math

from torch import nn


def initialise_for_gradients(network: nn.Module) -> None:
    """Weights of variance 2 / outgoing values (arXiv:1502.01852), which keeps the size of gradients through ReLUs; biases 0.

    As torchvision has it, except that outgoing values of a convolution in groups are those of one group: a depthwise
    convolution would else start a hundred times too small.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            outgoing = module.out_channels // module.groups * math.prod(module.kernel_size)
            nn.init.normal_(module.weight, std=math.sqrt(2 / outgoing))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
