"""Images brought to a size that a network can halve as often as it must."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from maskwright.nn.traceable import is_traced

LEAST = 2  # pixels a side of the coarsest map: a normalisation over a single one says nothing

Side = int | Tensor  # pixels; while a network is traced for another runtime, torch has a tensor for each
Borders = tuple[Side, Side, Side, Side]  # left, right, top, bottom


def pad_to_multiple(image: Float[Tensor, "b c h w"], multiple: int) -> Float[Tensor, "b c h1 w1"]:
    """The image, extended at its right and bottom to multiples of `multiple`, at least two of them.

    The border is mirrored, or its last pixel repeated where the image is smaller than what is missing. Cut the output back with
    `[..., :h, :w]`.
    """
    rows, columns = (multiple * at_least((side + multiple - 1) // multiple, LEAST) - side for side in image.shape[-2:])
    return bordered(image, (0, columns, 0, rows))


def at_least(value: Side, least: int) -> Side:
    """The larger of both, also while a network is traced."""
    return value.clamp(min=least) if isinstance(value, Tensor) else max(value, least)


def bordered(image: Float[Tensor, "b c h w"], borders: Borders) -> Float[Tensor, "b c h1 w1"]:
    """The image with borders that mirror it or, if any is wider than the image, repeat its border pixels.

    What is traced holds for images of any size, for which the borders are worked out anew.
    """
    left, right, top, bottom = borders
    height, width = image.shape[-2:]
    if is_traced():
        may_mirror = (_larger(left, right) < width) & (_larger(top, bottom) < height)
        image = image.index_select(-2, _places(top, height, bottom, may_mirror, image.device))
        return image.index_select(-1, _places(left, width, right, may_mirror, image.device))
    if not any(borders):
        return image
    mirrors = max(left, right) < width and max(top, bottom) < height
    return F.pad(image, (left, right, top, bottom), mode="reflect" if mirrors else "replicate")  # type: ignore[arg-type]


def _larger(first: Side, second: Side) -> Tensor:
    return torch.maximum(torch.as_tensor(first), torch.as_tensor(second))


def _places(before: Side, length: Side, after: Side, mirrors: Tensor, device: torch.device) -> Int64[Tensor, " pixels"]:
    """Where along an axis each pixel of a bordered image comes from."""
    places = torch.arange(before + length + after, device=device) - before  # type: ignore[arg-type]
    last = length - 1
    mirrored = last - (last - places.abs()).abs()
    return torch.where(mirrors, mirrored, places.clamp(min=0).minimum(torch.as_tensor(last)))
