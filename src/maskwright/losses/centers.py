"""The loss of networks that draw where things have their centres: classes as planned, centres and the way to them."""

import math

import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn

from maskwright.losses.compound import CompoundLoss
from maskwright.losses.probabilities import IGNORE_TARGET
from maskwright.masks.centers import EXTRA_OUTPUTS, OFFSET_PX
from maskwright.masks.panoptic_layers import CLASS, THING
from maskwright.nn.ranks import totals

CENTER_WEIGHT = 200.0  # of squared nearness, as in arXiv:1911.10194, section 3.4
OFFSET_WEIGHT = 0.1  # of a pixel beside the centre; 0.01 there, for trainings that are a hundred times as long
BELL, LEAST_PX = 0.25, 2.0  # sigma of the bell around a centre: of the side of its thing, and at least
AT_ONCE = 512  # things whose bells are drawn at one time, which bounds the memory


class CenterLoss(nn.Module):
    """The terms of `classes` on the first outputs; squared errors of nearness, absolute ones of offsets on pixels of things.

    Targets are made here, of what a crop leaves: the centre of a thing is that of its pixels in the crop, as prediction on
    an image that cuts it would have it. `center_px` is the sigma of the bell around the centre of a large thing (the paper has
    8 for all). Small things have narrower ones, which do not hide those of their neighbours.
    """

    def __init__(self, classes: CompoundLoss, center_px: float) -> None:
        super().__init__()
        self.classes, self.center_px = classes, center_px

    def forward(self, logits: Float[Tensor, "b k h w"], target: Int64[Tensor, "b 2 h w"]) -> Float[Tensor, ""]:
        """The loss of logits against the layers of `masks.panoptic_layers.to_layers`."""
        return torch.stack(list(self.terms(logits, target).values())).sum()

    def terms(self, logits: Float[Tensor, "b k h w"], target: Int64[Tensor, "b 2 h w"]) -> dict[str, Float[Tensor, ""]]:
        """Each term by its name, weight included."""
        counted = target[:, CLASS] != IGNORE_TARGET
        things = counted & (target[:, THING] > 0)
        near, offsets_yx = center_targets(target[:, THING], self.center_px)
        missed = (logits[:, -3].float() - near) ** 2 * counted
        away = (OFFSET_PX * logits[:, -2:].float() - offsets_yx).abs().sum(dim=1) * things
        error, pixels, error_px, thing_pixels = totals(missed.sum(), counted.sum(), away.sum(), things.sum())
        return self.classes.terms(logits[:, :-EXTRA_OUTPUTS], target[:, CLASS]) | {
            "centers": CENTER_WEIGHT * error / pixels.clamp(min=1),
            "offsets": OFFSET_WEIGHT * error_px / thing_pixels.clamp(min=1),
        }


@torch.no_grad()
def center_targets(
    numbers: Int64[Tensor, "b h w"], center_px: float
) -> tuple[Float32[Tensor, "b h w"], Float32[Tensor, "b 2 h w"]]:
    """Nearness to a centre, from 0 to 1, of several the highest, and the offset of each pixel of a thing to its own.

    Numbers of things are 1 and above. Sigma is a quarter of a thing's side, within `LEAST_PX` and `center_px`; the bell ends
    where three of the largest sigma do.
    """
    height, width = numbers.shape[-2:]
    near = torch.zeros(numbers.shape, device=numbers.device)
    offsets = torch.zeros((len(numbers), 2, height, width), device=numbers.device)
    images, rows, columns = torch.nonzero(numbers > 0, as_tuple=True)
    if not len(rows):
        return near, offsets
    apart = images * (numbers.max() + 1) + numbers[images, rows, columns]
    present, things = torch.unique(apart, return_inverse=True)
    areas = torch.bincount(things, minlength=len(present))
    y, x = (torch.bincount(things, weights=at.double(), minlength=len(present)).div(areas).float() for at in (rows, columns))
    offsets[images, 0, rows, columns] = y[things] - rows
    offsets[images, 1, rows, columns] = x[things] - columns
    sigmas = (BELL * areas.float().sqrt()).clamp(min=LEAST_PX).clamp(max=center_px)
    of_image = present.div(numbers.max() + 1, rounding_mode="floor")
    reach = math.ceil(3 * center_px)
    around = torch.arange(-reach, reach + 1, device=numbers.device)
    for first in range(0, len(present), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        down, across = (at[some, None].round().long() + around for at in (y, x))
        squares_y, squares_x = ((at - of[some, None]) ** 2 for at, of in ((down, y), (across, x)))
        bells = torch.exp(-(squares_y[:, :, None] + squares_x[:, None, :]) / (2 * sigmas[some, None, None] ** 2))
        inside = ((down >= 0) & (down < height))[:, :, None] & ((across >= 0) & (across < width))[:, None, :]
        places = (of_image[some, None, None] * height + down[:, :, None]) * width + across[:, None, :]
        near.view(-1).scatter_reduce_(0, places[inside], bells[inside], "amax")
    return near, offsets
