"""Mask R-CNN: boxes that may hold objects, and in each box a class and a small mask (arXiv:1703.06870)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import torch
from jaxtyping import Float
from pydantic import ConfigDict
from torch import Tensor, nn

from maskwright.base.errors import PlanError, did_you_mean
from maskwright.models import roi_heads, rpn
from maskwright.models.matching import real
from maskwright.models.roi_heads import BOX_GRID, LEAST_SIDE, MASK_GRID, BoxHead, Detections, MaskHead, Objects
from maskwright.nn.anchors import ASPECT_RATIOS, anchors
from maskwright.nn.boxes import clip_boxes
from maskwright.nn.encoders import TITLES, EncoderName, build_encoder
from maskwright.nn.padding import pad_to_multiple
from maskwright.nn.pyramid import FeaturePyramid
from maskwright.nn.roi_align import Pooling

FINEST = 2  # log2 of the stride of the pyramid's finest map
LEVEL_STRIDES = (4, 8, 16, 32, 64)  # of its maps, the extra one included


@dataclass(frozen=True, kw_only=True)
class MaskRCNNConfig:
    """The numbers that make a Mask R-CNN with a feature pyramid.

    `width` is that of the pyramid and the mask head, `box_width` of the dense layers that see a box. `anchor_sizes` are the
    sides of the square anchors, one a level. `candidates` boxes of each level and `proposals` of all are looked at, in training
    `sampled_anchors` and `sampled_boxes` of an image count. Detections score more than `least_score`; those of one class
    overlap by at most `most_iou`. `fixed_norms` leaves the batch norms of a pretrained encoder as they are, as the paper does,
    which small batches need. `aligned` samples where the pixels are; torchvision's weights want half a pixel beside (False).
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["mask-rcnn"] = "mask-rcnn"
    encoder: EncoderName = "efficientnet-lite0"
    width: int = 256
    box_width: int = 1024
    anchor_sizes: tuple[float, ...] = (32, 64, 128, 256, 512)
    candidates: int = 1000
    proposals: int = 1000
    sampled_anchors: int = 256
    sampled_boxes: int = 512
    least_score: float = 0.05
    most_iou: float = 0.5
    detections: int = 100
    fixed_norms: bool = False
    aligned: bool = True

    def __post_init__(self) -> None:
        if self.encoder not in get_args(EncoderName):
            hint = did_you_mean(str(self.encoder), get_args(EncoderName))
            raise PlanError(f"The encoder of a Mask R-CNN cannot be '{self.encoder}'. {hint}")
        if len(self.anchor_sizes) != len(LEVEL_STRIDES) or min(self.anchor_sizes) <= 0:
            raise PlanError(
                f"A Mask R-CNN has one positive anchor size for each of its {len(LEVEL_STRIDES)} maps, such as "
                f"(32, 64, 128, 256, 512), not {self.anchor_sizes}."
            )
        for name in ("width", "box_width", "candidates", "proposals", "sampled_anchors", "sampled_boxes", "detections"):
            if getattr(self, name) < 1:
                raise PlanError(f"A Mask R-CNN has at least 1 of '{name}', not {getattr(self, name)}.")
        for name in ("least_score", "most_iou"):
            if not 0 <= getattr(self, name) <= 1:
                raise PlanError(f"'{name}' of a Mask R-CNN lies between 0 and 1, not at {getattr(self, name)}.")

    @property
    def stride(self) -> int:
        """Input pixels per pixel of the encoder's coarsest map."""
        return LEVEL_STRIDES[-2]

    @property
    def title(self) -> str:
        """What the network is, in words."""
        return f"Mask R-CNN on {TITLES[self.encoder]}"

    def build(self, *, channels: int, classes: int) -> "MaskRCNN":
        """A freshly initialised network; `classes` counts the background, which is class 0."""
        if channels < 1 or classes < 2:
            raise PlanError(
                f"A Mask R-CNN needs at least 1 channel and 2 classes, one of them background, not {channels} and {classes}."
            )
        return MaskRCNN(self, channels, classes)


class MaskRCNN(nn.Module):
    """An encoder and its feature pyramid, the head that proposes boxes, and the heads that look into them.

    `losses` and `detect` are two ways through it; neither depends on whether it is in training mode, but for the batch norms.
    What a box is looked into with are the `heads`: functions of tensors alone, as is the way from an image to the maps.
    """

    heads: ClassVar[tuple[str, ...]] = ("proposal_head", "box_head", "mask_head")

    def __init__(self, config: MaskRCNNConfig, channels: int, classes: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = build_encoder(config.encoder, channels=channels)
        self.levels = [self.encoder.strides.index(stride) for stride in LEVEL_STRIDES[:-1]]
        self.pyramid = FeaturePyramid([self.encoder.widths[level] for level in self.levels], config.width)
        self.proposal_head = rpn.ProposalHead(config.width, len(ASPECT_RATIOS))
        self.box_head = BoxHead(config.width, config.box_width, classes)
        self.mask_head = MaskHead(config.width, classes)
        self.numbers = rpn.Numbers(config.candidates, config.proposals, config.sampled_anchors)
        self.rules = roi_heads.Rules(config.least_score, config.most_iou, config.detections)
        self.box_pooling = Pooling(BOX_GRID, 2, config.aligned)
        self.mask_pooling = Pooling(MASK_GRID, 2, config.aligned)

    def train(self, mode: bool = True) -> "MaskRCNN":
        """Training mode, but for the encoder's batch norms where the config fixes them."""
        super().train(mode)
        if self.config.fixed_norms:
            for module in self.encoder.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, image: Float[Tensor, "b c h w"]) -> list[Float[Tensor, "b d _ _"]]:
        """The maps of the pyramid, of strides 4 to 64, on which all heads work. Images may have any size."""
        maps = self.encoder(pad_to_multiple(image, self.config.stride))
        levels: list[Tensor] = self.pyramid([maps[level] for level in self.levels])
        return levels

    def losses(self, image: Float[Tensor, "b c h w"], objects: Sequence[Objects]) -> dict[str, Float[Tensor, ""]]:
        """The five losses by name, each a mean over what it samples by chance (`matching.draw`).

        Objects without area, as cropping leaves them, count as not there; an image may have none.
        """
        return self.losses_on(self(image), (image.shape[-2], image.shape[-1]), objects)

    def losses_on(
        self, maps: list[Float[Tensor, "b d _ _"]], size_hw: tuple[int, int], objects: Sequence[Objects]
    ) -> dict[str, Float[Tensor, ""]]:
        """As `losses`, from the maps of the pyramid of images of this size, which others may use too."""
        objects = [_learnable(each, size_hw) for each in objects]
        objectness, codes, places = self._proposed(maps)
        proposals = rpn.propose(objectness, codes, places, size_hw, self.numbers)
        boxes = [each.boxes_xyxy for each in objects]
        loss_objectness, loss_proposals = rpn.proposal_losses(objectness, codes, places, boxes, self.numbers)
        count = self.config.sampled_boxes
        sampled = [roi_heads.sample(*pair, count) for pair in zip(proposals, objects, strict=True)]
        logits, codes = self._box_head(maps, [each.boxes_xyxy for each in sampled])
        loss_classes, loss_boxes = roi_heads.box_losses(logits, codes, sampled, objects)
        masks = self._mask_head(maps, [each.boxes_xyxy[: len(each.objects)] for each in sampled])
        return {
            "objectness": loss_objectness,
            "proposals": loss_proposals,
            "classes": loss_classes,
            "boxes": loss_boxes,
            "masks": roi_heads.mask_loss(masks, sampled, objects, aligned=self.config.aligned),
        }

    @torch.no_grad()
    def detect(self, image: Float[Tensor, "b c h w"]) -> list[Detections]:
        """The objects in each image, boxes in its pixels; `paste.paste` draws their masks."""
        return self.detect_on(self(image), (image.shape[-2], image.shape[-1]))

    @torch.no_grad()
    def detect_on(self, maps: list[Float[Tensor, "b d _ _"]], size_hw: tuple[int, int]) -> list[Detections]:
        """As `detect`, from the maps of the pyramid of images of this size."""
        proposals = rpn.propose(*self._proposed(maps), size_hw, self.numbers)
        logits, codes = (_of_images(values, proposals) for values in self._box_head(maps, proposals))
        per_image = zip(logits, codes, proposals, strict=True)
        found = [roi_heads.found(*each, size_hw, self.rules) for each in per_image]
        masks = self._mask_head(maps, [boxes for boxes, _, _ in found]).sigmoid()
        class_ids = torch.cat([ids for _, ids, _ in found])
        masks = masks[torch.arange(masks.shape[0], device=masks.device), class_ids]
        grids = _of_images(masks, [boxes for boxes, _, _ in found])
        return [Detections(*each, grid) for each, grid in zip(found, grids, strict=True)]

    def _proposed(self, maps: list[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Logits of objectness, codes, and the anchors that they change."""
        objectness, codes = self.proposal_head(maps)
        sizes_hw = [(level.shape[-2], level.shape[-1]) for level in maps]
        return objectness, codes, anchors(sizes_hw, LEVEL_STRIDES, self.config.anchor_sizes, device=maps[0].device)

    def _box_head(self, maps: list[Tensor], boxes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        logits, codes = self.box_head(roi_heads.pool(maps[:-1], boxes, self.box_pooling, finest=FINEST))
        return logits, codes

    def _mask_head(self, maps: list[Tensor], boxes: Sequence[Tensor]) -> Tensor:
        logits: Tensor = self.mask_head(roi_heads.pool(maps[:-1], boxes, self.mask_pooling, finest=FINEST))
        return logits


def _of_images(values: Tensor, boxes: Sequence[Tensor]) -> Sequence[Tensor]:
    """What belongs to the boxes of each image; of one image all of it, however many boxes there are where it is traced."""
    return [values] if len(boxes) == 1 else torch.split(values, [len(each) for each in boxes])


def _learnable(objects: Objects, size_hw: tuple[int, int]) -> Objects:
    """The objects whose boxes have an area in the image."""
    boxes = clip_boxes(objects.boxes_xyxy, size_hw)
    kept = real(boxes, LEAST_SIDE)
    return replace(objects, boxes_xyxy=boxes[kept], class_ids=objects.class_ids[kept], masks=objects.masks[kept])
