"""Region proposal network: boxes that may hold an object of whatever class (arXiv:1506.01497)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from maskwright.models.matching import draw, match, smooth_l1
from maskwright.nn.boxes import PROPOSAL_WEIGHTS, box_iou, clip_boxes, decode, encode, grouped_nms, large_enough

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
            codes.append(of_level.reshape(len(level), -1, 4))
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
    levels = [len(level) for level in anchors]
    every_anchor = torch.cat(list(anchors))
    proposals = []
    for logits, image_codes in zip(objectness, codes, strict=True):
        kept, groups, start = [], [], 0
        for number, of_level in enumerate(logits.split(levels)):
            best = of_level.topk(min(numbers.candidates, len(of_level))).indices
            kept.append(best + start)
            groups.append(torch.full_like(best, number))
            start += len(of_level)
        places, group = torch.cat(kept), torch.cat(groups)
        boxes = decode(image_codes[places, None], every_anchor[places], PROPOSAL_WEIGHTS)[:, 0]
        boxes = clip_boxes(boxes, size_hw)
        large = large_enough(boxes, LEAST_SIDE)
        boxes, scores, group = boxes[large], logits[places][large], group[large]
        proposals.append(boxes[grouped_nms(boxes, scores.sigmoid(), group, MOST_IOU)[: numbers.proposals]])
    return proposals


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
