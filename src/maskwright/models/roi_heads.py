"""What is in each box: its class, a better box, and the mask of the object (arXiv:1703.06870)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from maskwright.models.matching import draw, match, smooth_l1
from maskwright.nn.boxes import BOX_WEIGHTS, box_iou, clip_boxes, decode, encode, grouped_nms, large_enough
from maskwright.nn.roi_align import ADAPTIVE, Pooling, pyramid_levels, pyramid_roi_align, roi_align
from maskwright.nn.upsample import UpConv

LEAST_SIDE = 1e-2  # pixels of a detection's sides
OBJECT_FROM = 0.5  # IoU of a box with the object it stands for
OBJECTS = 0.25  # of the boxes in the losses, at most that share stands for objects
BOX_GRID, MASK_GRID = (7, 7), (14, 14)  # of what the heads see of a box


@dataclass(frozen=True, eq=False)
class Objects:
    """The objects of an image to learn from: boxes, class ids from 1 on, and a mask of the image's size each."""

    boxes_xyxy: Float[Tensor, "n 4"]
    class_ids: Int64[Tensor, " n"]
    masks: Bool[Tensor, "n h w"]


@dataclass(frozen=True, eq=False)
class Detections:
    """The objects found in an image, best first; `masks` are probabilities on a grid across each box."""

    boxes_xyxy: Float[Tensor, "n 4"]
    class_ids: Int64[Tensor, " n"]
    scores: Float[Tensor, " n"]
    masks: Float[Tensor, "n m m"]


@dataclass(frozen=True, eq=False)
class Sampled:
    """Boxes of one image that the losses look at: those for objects first, with the number of each one's object."""

    boxes_xyxy: Float[Tensor, "n 4"]
    objects: Int64[Tensor, " p"]


@dataclass(frozen=True)
class Rules:
    """What becomes a detection: a score above `least_score`, an IoU up to `most_iou` with better ones, and `most` an image."""

    least_score: float
    most_iou: float
    most: int


class BoxHead(nn.Module):
    """Two dense layers on the grid of a box, then the logits of its class and, for every class, codes of a better box."""

    def __init__(self, inside: int, width: int, classes: int) -> None:
        super().__init__()
        height, across = BOX_GRID
        self.first = nn.Linear(inside * height * across, width)
        self.second = nn.Linear(width, width)
        self.classes = nn.Linear(width, classes)
        self.codes = nn.Linear(width, 4 * classes)
        for layer, spread in ((self.classes, 0.01), (self.codes, 0.001)):
            nn.init.normal_(layer.weight, std=spread)
            nn.init.zeros_(layer.bias)

    def forward(self, grids: Float[Tensor, "n c 7 7"]) -> tuple[Float[Tensor, "n k"], Float[Tensor, "n k 4"]]:
        """Logits of the classes, the background first, and codes."""
        x = F.relu(self.second(F.relu(self.first(grids.flatten(1)))))
        logits = self.classes(x).float()
        codes = self.codes(x).float()
        return logits, codes.view(*logits.shape, 4)


class MaskHead(nn.Module):
    """Four 3x3 convolutions on the grid of a box, one that doubles its resolution, and a mask's logits for every class."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(4))
        self.up = UpConv(width, width)
        self.logits = nn.Conv2d(width, classes, 1)
        for layer in (*self.convs, self.up, self.logits):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, grids: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k h1 w1"]:
        """Logits of the mask of each class, on a grid twice as fine."""
        x = grids
        for conv in self.convs:
            x = F.relu(conv(x))
        logits: Tensor = self.logits(F.relu(self.up(x)))
        return logits.float()


def pool(
    maps: Sequence[Float[Tensor, "b c _ _"]],
    boxes_xyxy: Sequence[Float[Tensor, "_ 4"]],
    pooling: Pooling,
    *,
    finest: int,
) -> Float[Tensor, "n c ph pw"]:
    """The grids of all boxes of all images, each from the level that suits its size; `finest` is log2 of the first stride."""
    boxes = torch.cat(list(boxes_xyxy))
    images = torch.cat([torch.full_like(each[:, 0], image, dtype=torch.int64) for image, each in enumerate(boxes_xyxy)])
    levels = pyramid_levels(boxes, finest=finest, coarsest=finest + len(maps) - 1)
    scales = [0.5 ** (finest + level) for level in range(len(maps))]
    return pyramid_roi_align(maps, boxes, images, levels, pooling, scales=scales)


@torch.no_grad()
def sample(proposals: Float[Tensor, "n 4"], objects: Objects, count: int) -> Sampled:
    """Some proposals, and boxes of the objects themselves, by chance: at most a quarter for objects."""
    boxes = torch.cat([proposals, objects.boxes_xyxy])
    overlaps = box_iou(objects.boxes_xyxy, boxes)
    matched = match(overlaps, background_below=OBJECT_FROM, object_from=OBJECT_FROM)
    positive, negative = draw(matched, count, objects=OBJECTS)
    return Sampled(boxes[torch.cat([positive, negative])], matched[positive])


def box_losses(
    logits: Float[Tensor, "n k"],
    codes: Float[Tensor, "n k 4"],
    sampled: Sequence[Sampled],
    objects: Sequence[Objects],
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """The losses of classes, over all sampled boxes, and of codes, over those for objects."""
    class_ids, given, wanted, start = [], [], [], 0
    for boxes, truth in zip(sampled, objects, strict=True):
        count = len(boxes.objects)
        of_objects = truth.class_ids[boxes.objects]
        class_ids += [of_objects, of_objects.new_zeros(len(boxes.boxes_xyxy) - count)]
        places = torch.arange(start, start + count, device=codes.device)
        given.append(codes[places, of_objects])
        wanted.append(encode(truth.boxes_xyxy[boxes.objects], boxes.boxes_xyxy[:count], BOX_WEIGHTS))
        start += len(boxes.boxes_xyxy)
    entropy = F.cross_entropy(logits, torch.cat(class_ids), reduction="sum") / max(start, 1)
    return entropy, smooth_l1(torch.cat(given), torch.cat(wanted), start)


def mask_loss(
    logits: Float[Tensor, "n k m m"], sampled: Sequence[Sampled], objects: Sequence[Objects], *, aligned: bool
) -> Float[Tensor, ""]:
    """Binary cross-entropy of the mask of the true class alone, so that classes do not compete for pixels."""
    targets, class_ids = [], []
    for boxes, truth in zip(sampled, objects, strict=True):
        pooling = Pooling((logits.shape[-2], logits.shape[-1]), ADAPTIVE, aligned)
        targets.append(mask_targets(truth.masks, boxes.boxes_xyxy[: len(boxes.objects)], boxes.objects, pooling))
        class_ids.append(truth.class_ids[boxes.objects])
    places = torch.arange(len(logits), device=logits.device)
    chosen, wanted = logits[places, torch.cat(class_ids)], torch.cat(targets)
    return F.binary_cross_entropy_with_logits(chosen, wanted, reduction="sum") / max(chosen.numel(), 1)


@torch.no_grad()
def mask_targets(
    masks: Bool[Tensor, "n h w"], boxes_xyxy: Float[Tensor, "p 4"], objects: Int64[Tensor, " p"], pooling: Pooling
) -> Float[Tensor, "p m m"]:
    """Each box's part of its object's mask, as shares of the bins of a grid."""
    present, numbers = torch.unique(objects, return_inverse=True)
    return roi_align(masks[present, None].float(), boxes_xyxy, numbers, pooling)[:, 0]


@torch.no_grad()
def found(
    logits: Float[Tensor, "n k"],
    codes: Float[Tensor, "n k 4"],
    proposals: Float[Tensor, "n 4"],
    size_hw: tuple[int, int],
    rules: Rules,
) -> tuple[Float[Tensor, "d 4"], Int64[Tensor, " d"], Float[Tensor, " d"]]:
    """Boxes, class ids and scores of the objects in one image, best first, each class without doubles."""
    boxes = clip_boxes(decode(codes, proposals, BOX_WEIGHTS), size_hw)[:, 1:].reshape(-1, 4)
    scores = torch.softmax(logits, dim=1)[:, 1:]
    class_ids = torch.arange(1, logits.shape[1], device=logits.device).expand_as(scores).reshape(-1)
    scores = scores.reshape(-1)
    likely = (scores > rules.least_score) & large_enough(boxes, LEAST_SIDE)
    boxes, class_ids, scores = boxes[likely], class_ids[likely], scores[likely]
    kept = grouped_nms(boxes, scores, class_ids, rules.most_iou)[: rules.most]
    return boxes[kept], class_ids[kept], scores[kept]
