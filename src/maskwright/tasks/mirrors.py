"""A tile predicted as it lies, or as the mean over its mirror images."""

from collections.abc import Callable

from jaxtyping import Float, Float32
from torch import Tensor


def averaged(
    predict: Callable[[Tensor], Tensor], image: Float[Tensor, "b c h w"], *, mirror: bool
) -> Float32[Tensor, "b k h w"]:
    """What `predict` makes of the image; with `mirror` the mean over it and its three mirror images, each turned back."""
    maps = predict(image)
    if not mirror:
        return maps
    for axes in ((3,), (2,), (2, 3)):
        maps += predict(image.flip(axes)).flip(axes)
    return maps / 4
