"""A network that is shown images at a fraction of their size."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from maskwright.nn.padding import bordered


class Shrunk(nn.Module):
    """Means of blocks of `factor` x `factor` pixels go in; the logits that come out are enlarged by bilinear interpolation.

    It takes and gives maps of the image's own size, so that nothing around it has to know of the factor.
    """

    def __init__(self, network: nn.Module, factor: int) -> None:
        super().__init__()
        self.network, self.factor = network, factor

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Logits of every class at every pixel, for images of any size."""
        height, width = image.shape[-2:]
        right, bottom = (self.factor * ((side + self.factor - 1) // self.factor) - side for side in (width, height))
        logits = self.network(F.avg_pool2d(bordered(image, (0, right, 0, bottom)), self.factor))
        enlarged = F.interpolate(logits, scale_factor=float(self.factor), mode="bilinear", align_corners=False)
        return enlarged[..., :height, :width]
