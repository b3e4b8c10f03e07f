"""A tile predicted as it lies, or as the mean over its mirror images."""

from collections.abc import Callable

from jaxtyping import Float, Float32
from torch import Tensor

Axes = tuple[int, ...]  # of a batch of maps: 2 is upside down, 3 left to right


def flipped(maps: Float[Tensor, "b k h w"], axes: Axes) -> Float[Tensor, "b k h w"]:
    """Maps of values that a mirror leaves as they are."""
    return maps.flip(axes)


def averaged(
    predict: Callable[[Tensor], Tensor],
    image: Float[Tensor, "b c h w"],
    *,
    mirror: bool,
    turned_back: Callable[[Tensor, Axes], Tensor] = flipped,
) -> Float32[Tensor, "b k h w"]:
    """What `predict` makes of the image; with `mirror` the mean over it and its three mirror images, each turned back."""
    maps = predict(image)
    if not mirror:
        return maps
    for axes in ((3,), (2,), (2, 3)):
        maps += turned_back(predict(image.flip(axes)), axes)
    return maps / 4
