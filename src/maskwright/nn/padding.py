"""Images brought to a size that a network can halve as often as it must."""

import math

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

LEAST = 2  # pixels a side of the coarsest map: a normalisation over a single one says nothing


def pad_to_multiple(image: Float[Tensor, "b c h w"], multiple: int) -> Float[Tensor, "b c h1 w1"]:
    """The image, extended at its right and bottom to multiples of `multiple`, at least two of them.

    The border is mirrored, or its last pixel repeated where the image is smaller than what is missing. Cut the output back with
    `[..., :h, :w]`.
    """
    height, width = image.shape[-2:]
    rows, columns = (multiple * max(LEAST, math.ceil(side / multiple)) - side for side in (height, width))
    if not rows and not columns:
        return image
    mirrors = rows < height and columns < width
    return F.pad(image, (0, columns, 0, rows), mode="reflect" if mirrors else "replicate")
