"""Which object a box stands for in training, and which of many boxes the losses look at."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

BACKGROUND = -1  # in place of an object: the box stands for none
UNDECIDED = -2  # too much for background, too little for an object: the box counts in no loss


def match(
    overlaps: Float[Tensor, "n m"], *, background_below: float, object_from: float, every_object: bool = False
) -> Int64[Tensor, " m"]:
    """The object, `BACKGROUND` or `UNDECIDED` of each of m boxes, from their IoU with n objects.

    A box stands for the object that it overlaps most, from `object_from` on. With `every_object` the boxes that overlap an
    object best stand for something however little that is, if they touch it at all (arXiv:1506.01497, section 3.1.2).
    """
    count, boxes = overlaps.shape
    if count == 0:
        return torch.full((boxes,), BACKGROUND, device=overlaps.device)
    best, objects = overlaps.max(dim=0)
    matched = torch.where(best < background_below, BACKGROUND, UNDECIDED)
    certain = best >= object_from
    if every_object and boxes:
        most = overlaps.max(dim=1, keepdim=True).values
        certain = certain | ((overlaps == most) & (most > 0)).any(dim=0)
    return torch.where(certain, objects, matched)


def draw(matched: Int64[Tensor, " m"], count: int, *, objects: float) -> tuple[Int64[Tensor, " p"], Int64[Tensor, " q"]]:
    """At most `count` boxes by chance: which stand for objects, at most that share of them, and which for background.

    Chance is torch's global generator, which a training seeds before every step.
    """
    positive, negative = torch.nonzero(matched >= 0)[:, 0], torch.nonzero(matched == BACKGROUND)[:, 0]
    positive = _some(positive, int(count * objects))
    return positive, _some(negative, count - len(positive))


def _some(places: Int64[Tensor, " m"], most: int) -> Int64[Tensor, " p"]:
    return places[torch.randperm(len(places), device=places.device)[:most]]


def smooth_l1(
    codes: Float[Tensor, "n 4"], targets: Float[Tensor, "n 4"], count: int, *, beta: float = 1 / 9
) -> Float[Tensor, ""]:
    """The loss of codes of boxes, summed and divided by the number of boxes that were looked at (arXiv:1504.08083)."""
    loss = torch.nn.functional.smooth_l1_loss(codes, targets, beta=beta, reduction="sum")
    return loss / max(count, 1)


def real(boxes_xyxy: Float[Tensor, "n 4"], least: float) -> Bool[Tensor, " n"]:
    """Boxes that can be learned from: finite numbers, and sides of at least so many pixels."""
    return boxes_xyxy.isfinite().all(dim=1) & (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2] >= least).all(dim=1)
