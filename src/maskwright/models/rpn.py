"""Region proposal network: boxes that may hold an object of whatever class (arXiv:1506.01497)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from maskwright.models.matching import draw, match, smooth_l1
from maskwright.nn.boxes import PROPOSAL_WEIGHTS, box_iou, clip_boxes, decode, encode, grouped_nms, large_enough
from maskwright.nn.traceable import is_traced

LEAST_SIDE = 1e-3  # pixels of a proposal's sides
MOST_IOU = 0.7  # of proposals with better ones of the same level
OBJECT_FROM, BACKGROUND_BELOW = 0.7, 0.3  # IoU of anchors with objects
SAMPLED, OBJECTS = 256, 0.5  # anchors of an image in the losses, at most that share of them on objects


@dataclass(frozen=True)
class Numbers:
    """How many anchors of each level are considered, how many of all proposals stay, and how many anchors the losses see."""

    candidates: int
    proposals: int
    sampled: int = SAMPLED


class ProposalHead(nn.Module):
    """A 3x3 convolution that all levels share, then for each anchor how likely it is an object, and how its box changes."""

    def __init__(self, width: int, shapes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.objectness = nn.Conv2d(width, shapes, 1)
        self.codes = nn.Conv2d(width, 4 * shapes, 1)
        for layer in (self.conv, self.objectness, self.codes):
            nn.init.normal_(layer.weight, std=0.01)
            assert layer.bias is not None  # they have one
            nn.init.zeros_(layer.bias)

    def forward(
        self, maps: Sequence[Float[Tensor, "b c _ _"]]
    ) -> tuple[Float[Tensor, "b anchors"], Float[Tensor, "b anchors 4"]]:
        """Logits of objectness and codes, level after level in the order of the anchors."""
        objectness, codes = [], []
        for level in maps:
            x = F.relu(self.conv(level))
            objectness.append(self.objectness(x).permute(0, 2, 3, 1).flatten(1))
            of_level = self.codes(x).permute(0, 2, 3, 1)
            codes.append(of_level.reshape(level.shape[0], -1, 4))
        return torch.cat(objectness, dim=1).float(), torch.cat(codes, dim=1).float()


@torch.no_grad()
def propose(
    objectness: Float[Tensor, "b m"],
    codes: Float[Tensor, "b m 4"],
    anchors: Sequence[Float[Tensor, "_ 4"]],
    size_hw: tuple[int, int],
    numbers: Numbers,
) -> list[Float[Tensor, "_ 4"]]:
    """The likeliest boxes of each image, best first, without doubles; no gradient passes through them."""
    levels = [level.shape[0] for level in anchors]
    every_anchor = torch.cat(list(anchors))
    proposals = []
    for logits, image_codes in zip(objectness, codes, strict=True):
        kept, groups, start = [], [], 0
        for number, count in enumerate(levels):
            best = _best(logits[start : start + count], numbers.candidates)
            kept.append(best + start)
            groups.append(torch.full_like(best, number))
            start = start + count
        places, group = torch.cat(kept), torch.cat(groups)
        boxes = decode(image_codes[places, None], every_anchor[places], PROPOSAL_WEIGHTS)[:, 0]
        boxes = clip_boxes(boxes, size_hw)
        large = large_enough(boxes, LEAST_SIDE)
        boxes, scores, group = boxes[large], logits[places][large], group[large]
        proposals.append(boxes[grouped_nms(boxes, scores.sigmoid(), group, MOST_IOU)[: numbers.proposals]])
    return proposals


def _best(logits: Float[Tensor, " m"], most: int) -> Int64[Tensor, " best"]:
    """The places of the largest, at most so many.

    Where it is traced they are exactly so many at first, since OpenVINO mistakes a number that it works out on the way.
    """
    if not is_traced():
        return logits.topk(min(most, len(logits))).indices
    longer = torch.cat([logits, logits.new_full((most,), -torch.inf)])
    best = longer.topk(most).indices
    return best[best < logits.shape[0]]


def proposal_losses(
    objectness: Float[Tensor, "b m"],
    codes: Float[Tensor, "b m 4"],
    anchors: Sequence[Float[Tensor, "_ 4"]],
    boxes_xyxy: Sequence[Float[Tensor, "_ 4"]],
    numbers: Numbers,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """The losses of objectness and of codes, over some anchors of each image, given the boxes of its objects."""
    every_anchor = torch.cat(list(anchors))
    logits, truth, given, wanted = [], [], [], []
    for image, boxes in enumerate(boxes_xyxy):
        overlaps = box_iou(boxes, every_anchor)
        matched = match(overlaps, background_below=BACKGROUND_BELOW, object_from=OBJECT_FROM, every_object=True)
        positive, negative = draw(matched, numbers.sampled, objects=OBJECTS)
        logits += [objectness[image, positive], objectness[image, negative]]
        truth += [torch.ones_like(logits[-2]), torch.zeros_like(logits[-1])]
        given.append(codes[image, positive])
        wanted.append(encode(boxes[matched[positive]], every_anchor[positive], PROPOSAL_WEIGHTS))
    sampled = torch.cat(logits)
    entropy = F.binary_cross_entropy_with_logits(sampled, torch.cat(truth), reduction="sum") / max(len(sampled), 1)
    return entropy, smooth_l1(torch.cat(given), torch.cat(wanted), len(sampled))
