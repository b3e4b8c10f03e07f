"""Panoptic FPN: on one feature pyramid a Mask R-CNN for things and a branch for the class of every pixel (arXiv:1901.02446)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from pydantic import ConfigDict
from torch import Tensor, nn

from maskwright.base.errors import PlanError
from maskwright.models.mask_rcnn import LEVEL_STRIDES, MaskRCNNConfig
from maskwright.models.roi_heads import Detections, Objects
from maskwright.nn.blocks import ConvBlock
from maskwright.nn.encoders import TITLES, EncoderName
from maskwright.nn.ranks import totals

FINEST_STRIDE = LEVEL_STRIDES[0]  # of the maps that the branch adds up, and of its logits before they are enlarged
NO_CLASS = -1  # a target that counts in no loss


@dataclass(frozen=True, kw_only=True)
class PanopticFPNConfig:
    """The numbers that make a Panoptic FPN.

    `detector` is the Mask R-CNN whose encoder and pyramid it uses. `things` are the ids of the classes that it finds; the
    others are stuff. `stuff_width` is that of the branch for the class of every pixel, `stuff_weight` what its loss counts
    beside those of the detector.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Literal["panoptic-fpn"] = "panoptic-fpn"
    detector: MaskRCNNConfig = field(default_factory=MaskRCNNConfig)
    things: tuple[int, ...] = (1,)
    stuff_width: int = 128
    stuff_weight: float = 0.5

    def __post_init__(self) -> None:
        if not self.things or min(self.things) < 0 or len(set(self.things)) < len(self.things):
            raise PlanError(
                f"A Panoptic FPN needs the ids of the classes of things, each once, not {self.things}. Where there is only "
                "stuff, train with --task semantic."
            )
        if self.stuff_width < 1 or not self.stuff_weight > 0:
            raise PlanError(
                f"The branch for stuff of a Panoptic FPN has a positive width and weight, not {self.stuff_width} and "
                f"{self.stuff_weight}."
            )

    @property
    def encoder(self) -> EncoderName:
        """That of the detector."""
        return self.detector.encoder

    @property
    def stride(self) -> int:
        """Input pixels per pixel of the encoder's coarsest map."""
        return self.detector.stride

    @property
    def title(self) -> str:
        """What the network is, in words."""
        return f"Panoptic FPN on {TITLES[self.encoder]}"

    def build(self, *, channels: int, classes: int) -> "PanopticFPN":
        """A freshly initialised network; `classes` counts things and stuff."""
        if channels < 1 or classes <= max(self.things):
            raise PlanError(
                f"A Panoptic FPN whose things are the classes {self.things} needs at least 1 channel and "
                f"{max(self.things) + 1} classes, not {channels} and {classes}."
            )
        return PanopticFPN(self, channels, classes)


class PanopticFPN(nn.Module):
    """A Mask R-CNN, and beside its heads a branch that tells what class of stuff a pixel has, or that it belongs to a thing."""

    def __init__(self, config: PanopticFPNConfig, channels: int, classes: int) -> None:
        super().__init__()
        self.config = config
        self.stuff = tuple(class_id for class_id in range(classes) if class_id not in config.things)
        self.detector = config.detector.build(channels=channels, classes=len(config.things) + 1)
        self.branch = StuffBranch(config.detector.width, config.stuff_width, len(self.stuff) + 1)

    @property
    def encoder(self) -> nn.Module:
        """That of the detector."""
        encoder: nn.Module = self.detector.encoder
        return encoder

    def forward(self, image: Float[Tensor, "b c h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Logits of the classes of stuff at every pixel, the last of any thing; then the pyramid's maps, of strides 4 to 64."""
        maps = self.detector(image)
        height, width = image.shape[-2:]
        logits = F.interpolate(self.branch(maps[:-1]), scale_factor=float(FINEST_STRIDE), mode="bilinear")
        return [logits[..., :height, :width], *maps]

    def losses(
        self, image: Float[Tensor, "b c h w"], objects: Sequence[Objects], class_ids: Int64[Tensor, "b h w"]
    ) -> dict[str, Float[Tensor, ""]]:
        """The losses of the detector, and "stuff". Class ids are those of the data set; `NO_CLASS` counts nowhere."""
        logits, *maps = self(image)
        objects = [replace(each, class_ids=self._detected(each.class_ids)) for each in objects]
        target = self._branched(class_ids)
        entropy = F.cross_entropy(logits.float(), target, ignore_index=NO_CLASS, reduction="sum")
        entropy, counted = totals(entropy, (target != NO_CLASS).sum())
        return self.detector.losses_on(maps, (image.shape[-2], image.shape[-1]), objects) | {
            "stuff": self.config.stuff_weight * entropy / counted.clamp(min=1)
        }

    @torch.no_grad()
    def detect(self, image: Float[Tensor, "b c h w"]) -> tuple[list[Detections], Float[Tensor, "b s h w"]]:
        """The things in each image, by class ids of the data set, and probabilities of each class of stuff and of any thing."""
        logits, *maps = self(image)
        things = torch.tensor((NO_CLASS, *self.config.things), device=image.device)
        found = self.detector.detect_on(maps, (image.shape[-2], image.shape[-1]))
        named = [replace(each, class_ids=things[each.class_ids]) for each in found]
        return named, torch.softmax(logits.float(), dim=1)

    def _detected(self, class_ids: Int64[Tensor, " n"]) -> Int64[Tensor, " n"]:
        """Class ids of the detector, from 1 on."""
        things = torch.tensor(self.config.things, device=class_ids.device)
        return (class_ids[:, None] == things).long().argmax(dim=1) + 1

    def _branched(self, class_ids: Int64[Tensor, "b h w"]) -> Int64[Tensor, "b h w"]:
        """Outputs of the branch."""
        known = torch.full((len(self.stuff) + len(self.config.things) + 1,), len(self.stuff), device=class_ids.device)
        known[list(self.stuff)] = torch.arange(len(self.stuff), device=class_ids.device)
        known[NO_CLASS] = NO_CLASS  # the last place
        return known[class_ids]


class StuffBranch(nn.Module):
    """Each map brought to the finest one's size by steps of a convolution and an enlargement to twice the size; then their sum.

    A convolution is one of 3x3 with group norm and ReLU. The finest map has one too, without enlargement.
    """

    def __init__(self, inside: int, width: int, outputs: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList()
        for level in range(len(LEVEL_STRIDES) - 1):
            steps: list[nn.Module] = []
            for step in range(max(level, 1)):
                steps.append(ConvBlock(inside if step == 0 else width, width, convs=1, norm="group"))
                if level:
                    steps.append(nn.Upsample(scale_factor=2, mode="bilinear"))
            self.levels.append(nn.Sequential(*steps))
        self.head = nn.Conv2d(width, outputs, 1)

    def forward(self, maps: Sequence[Float[Tensor, "b c _ _"]]) -> Float[Tensor, "b s h w"]:
        """Logits on the grid of the finest map."""
        logits: Tensor = self.head(sum(level(of_level) for level, of_level in zip(self.levels, maps, strict=True)))
        return logits
