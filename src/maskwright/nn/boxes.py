"""Boxes: areas, overlap, clipping, coding against a reference, and the suppression of doubles."""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor

from maskwright.nn.traceable import is_traced

Weights = tuple[float, float, float, float]

BOX_WEIGHTS: Weights = (10.0, 10.0, 5.0, 5.0)  # of Fast R-CNN's codes: they bring the targets to about variance 1
PROPOSAL_WEIGHTS: Weights = (1.0, 1.0, 1.0, 1.0)
MOST_GROWTH = math.log(1000 / 16)  # of a side by a code, as a logarithm; beyond it a wild code overflows
MOST_GROUPS, MOST_BOXES = 256, 1 << 20  # classes or levels, and boxes of each, in exported networks
BLOCK = 256  # boxes that are compared with all others at once: their overlaps fit a processor's cache


def areas(boxes_xyxy: Float[Tensor, "n 4"]) -> Float[Tensor, " n"]:
    """Width times height; 0 where a side is negative."""
    return (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).clamp(min=0).prod(dim=1)


def box_iou(first: Float[Tensor, "n 4"], second: Float[Tensor, "m 4"]) -> Float[Tensor, "n m"]:
    """Intersection over union of every pair; 0 where both are empty."""
    (x0, y0, x1, y1), (u0, v0, u1, v1) = first.T.contiguous()[..., None], second.T.contiguous()
    # Coordinate by coordinate: (x, y) pairs, which make the innermost loop one of two, take twice as long.
    width = (torch.minimum(x1, u1) - torch.maximum(x0, u0)).clamp(min=0)
    height = (torch.minimum(y1, v1) - torch.maximum(y0, v0)).clamp(min=0)
    shared = width * height
    union = areas(first)[:, None] + areas(second)[None] - shared
    return torch.where(union > 0, shared / union, 0.0)


def clip_boxes(boxes_xyxy: Float[Tensor, "*n 4"], size_hw: tuple[int, int]) -> Float[Tensor, "*n 4"]:
    """The parts of boxes that lie in an image."""
    height, width = (torch.as_tensor(side, dtype=boxes_xyxy.dtype, device=boxes_xyxy.device) for side in size_hw)
    limits = (width, height, width, height)
    return torch.stack([boxes_xyxy[..., side].clamp(min=0).minimum(limit) for side, limit in enumerate(limits)], dim=-1)


def large_enough(boxes_xyxy: Float[Tensor, "n 4"], least: float) -> Bool[Tensor, " n"]:
    """Which boxes have both sides of at least so many pixels; not one with a coordinate that is no number."""
    return (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2] >= least).all(dim=1)


def encode(boxes_xyxy: Float[Tensor, "n 4"], references_xyxy: Float[Tensor, "n 4"], weights: Weights) -> Float[Tensor, "n 4"]:
    """What a network has to say to make a reference the box: shift of its centre in its sides, growth as a logarithm.

    As in Fast R-CNN (arXiv:1504.08083) and torchvision. All boxes must have an area, as there is no code otherwise.
    """
    sides, reference_sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], references_xyxy[:, 2:] - references_xyxy[:, :2]
    centers, reference_centers = boxes_xyxy[:, :2] + 0.5 * sides, references_xyxy[:, :2] + 0.5 * reference_sides
    shift = (centers - reference_centers) / reference_sides
    return torch.cat([shift, torch.log(sides / reference_sides)], dim=1) * shift.new_tensor(weights)


def decode(codes: Float[Tensor, "n k 4"], references_xyxy: Float[Tensor, "n 4"], weights: Weights) -> Float[Tensor, "n k 4"]:
    """The boxes that codes, several for each reference, make of it."""
    codes = codes / codes.new_tensor(weights)
    sides = (references_xyxy[:, 2:] - references_xyxy[:, :2])[:, None]
    centers = references_xyxy[:, None, :2] + 0.5 * sides
    centers = codes[..., :2] * sides + centers
    half = 0.5 * torch.exp(codes[..., 2:].clamp(max=MOST_GROWTH)) * sides
    return torch.cat([centers - half, centers + half], dim=-1)


def nms(boxes_xyxy: Float[Tensor, "n 4"], scores: Float[Tensor, " n"], most_iou: float) -> Int64[Tensor, " kept"]:
    """Which boxes stay, best first, when each takes away those of lower scores that overlap it by more than `most_iou`.

    Non-maximum suppression as torchvision's on the processor: of equal scores the first counts as the better, and boxes without
    area take nothing away.
    """
    return grouped_nms(boxes_xyxy, scores, torch.zeros_like(scores, dtype=torch.int64), most_iou)


def grouped_nms(
    boxes_xyxy: Float[Tensor, "n 4"], scores: Float[Tensor, " n"], groups: Int64[Tensor, " n"], most_iou: float
) -> Int64[Tensor, " kept"]:
    """`nms` within each group (a class, a level of a pyramid): boxes of different groups leave each other alone."""
    if is_traced():
        return Suppression.apply(boxes_xyxy, scores, groups, most_iou)  # type: ignore[no-any-return, no-untyped-call]
    return _grouped_nms(boxes_xyxy, scores, groups, most_iou)


def _grouped_nms(
    boxes_xyxy: Float[Tensor, "n 4"], scores: Float[Tensor, " n"], groups: Int64[Tensor, " n"], most_iou: float
) -> Int64[Tensor, " kept"]:
    order = torch.sort(scores.detach(), stable=True, descending=True).indices
    sorted_boxes = boxes_xyxy.detach()[order].float().cpu().numpy()
    sorted_groups = groups[order].cpu().numpy()
    stays = np.zeros(len(order), bool)
    for group in np.unique(sorted_groups):
        members = np.flatnonzero(sorted_groups == group)
        stays[members] = _survivors(sorted_boxes[members], most_iou)
    return order[torch.from_numpy(stays).to(order.device)]


class Suppression(torch.autograd.Function):
    """`grouped_nms` as an operation that has a name in ONNX. Scores are above zero."""

    @staticmethod
    def forward(_: Any, boxes_xyxy: Tensor, scores: Tensor, groups: Tensor, most_iou: float) -> Tensor:
        """What torch computes."""
        return _grouped_nms(boxes_xyxy, scores, groups, most_iou)

    @staticmethod
    def symbolic(g: Any, boxes_xyxy: Any, scores: Any, groups: Any, most_iou: float) -> Any:
        """NonMaxSuppression takes boxes with scores for every class; here a box has its score in its own group alone.

        It answers group by group, so that the kept boxes are brought back into the order of their scores.
        """

        def constant(value: Any) -> Any:
            return g.op("Constant", value_t=torch.tensor(value))

        numbers = constant(list(range(MOST_GROUPS)))
        is_own = g.op("Equal", g.op("Unsqueeze", numbers, constant([1])), g.op("Unsqueeze", groups, constant([0])))
        of_groups = g.op("Where", is_own, g.op("Unsqueeze", scores, constant([0])), constant(-1.0))
        found = g.op(
            "NonMaxSuppression", g.op("Unsqueeze", boxes_xyxy, constant([0])), g.op("Unsqueeze", of_groups, constant([0])),
            constant([MOST_BOXES]), constant([most_iou]), constant([0.0]),
        )  # fmt: skip
        kept = g.op("Gather", found, constant(2), axis_i=1)
        count = g.op("Shape", kept)
        _, order = g.op("TopK", g.op("Gather", scores, kept), count, outputs=2)
        return g.op("Gather", kept, order)


def _survivors(boxes: Shaped[np.ndarray, "n 4"], most_iou: float) -> Shaped[np.ndarray, " n"]:
    """Which of boxes in falling order of their scores stay.

    Block by block: within a block one box after another, then all later boxes against the block's survivors at once.
    """
    stays = np.ones(len(boxes), bool)
    for begin in range(0, len(boxes), BLOCK):
        block = begin + np.flatnonzero(stays[begin : begin + BLOCK])
        over = _overlaps(boxes[block], boxes[block], most_iou)
        alive = np.ones(len(block), bool)
        for number in np.flatnonzero(over.sum(axis=1) > over.diagonal()):  # others have nothing to take away
            if alive[number]:
                alive[number + 1 :] &= ~over[number, number + 1 :]
        stays[block] = alive
        later = begin + BLOCK + np.flatnonzero(stays[begin + BLOCK :])
        if len(later):
            stays[later] = ~_overlaps(boxes[block[alive]], boxes[later], most_iou).any(axis=0)
    return stays


def _overlaps(
    first: Shaped[np.ndarray, "n 4"], second: Shaped[np.ndarray, "m 4"], most_iou: float
) -> Shaped[np.ndarray, "n m"]:
    """Which pairs have a larger IoU; in NumPy, as many small steps cost less there than in torch."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    width_height = np.maximum(np.minimum(first[:, None, 2:], second[None, :, 2:]) - corner, 0)
    shared = width_height[..., 0] * width_height[..., 1]
    area, other_area = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) for boxes in (first, second))
    union = area[:, None] + other_area[None] - shared
    iou = np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)
    return np.asarray(iou > np.float64(most_iou))  # in double precision, as torchvision compares
