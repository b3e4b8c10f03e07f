"""A network that was made ready to predict."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Ready:
    """A network to be called as any other, and what it wants of an image.

    runtime: "torch" or "openvino". precision: in which its convolutions are worked out.
    """

    network: nn.Module
    runtime: str
    precision: str
    device: torch.device
    dtype: torch.dtype

    def takes(self, pixels: Tensor) -> Tensor:
        """A batch of images where and as the network wants it."""
        return pixels.to(self.device, self.dtype, memory_format=torch.channels_last)
