"""Instance segmentation by Mask R-CNN: objects found one by one, each with its class, its score and its mask."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Float, UInt16
from torch import Tensor, nn

from maskwright.base.errors import PlanError
from maskwright.masks.convert import to_instances
from maskwright.masks.tiles import Tile
from maskwright.masks.types import Instances, Segmentation
from maskwright.masks.whole_objects import whole_objects
from maskwright.metrics import instance
from maskwright.metrics.instance_tally import InstanceTally, tally
from maskwright.metrics.scores import Scores
from maskwright.models import MaskRCNN
from maskwright.plan.objective import build_network, encode, losses_of
from maskwright.plan.plan import Plan
from maskwright.sampling.batches import Batch
from maskwright.tasks.agreement import agreement, compared
from maskwright.tasks.drawn import drawn

CONFIDENCES = tuple(round(0.05 * step, 2) for step in range(1, 20))  # that are tried


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """How sure an object must be to be shown, written and counted; average precision ranks the others too."""

    least_score: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.least_score <= 1:
            raise PlanError(f"The least score of an object lies between 0 and 1, not at {self.least_score}.")


class MaskRCNNTask:
    """A network that finds objects in tiles so large that each object is whole in one of them."""

    settles = True
    draws_maps = False

    def __init__(self, plan: Plan, settled: dict[str, Any] | None = None) -> None:
        self.plan = plan
        self.losses_of_batch = losses_of(plan)
        self.confidence = Confidence(**settled) if settled else Confidence()

    def network(self) -> nn.Module:
        """A fresh network as planned."""
        return build_network(self.plan)

    def encode(self, segmentation: Segmentation) -> UInt16[np.ndarray, "layers h w"]:
        """The layers of `masks.object_layers.to_layers`."""
        return encode(self.plan, segmentation)

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The five losses by name: of proposals, their objectness, classes, boxes and masks."""
        return self.losses_of_batch(network, batch)

    def predict_tile(self, network: nn.Module, image: Float[Tensor, "b c h w"]) -> list[Instances]:
        """The objects in each tile, the surest first."""
        size_hw = (image.shape[-2], image.shape[-1])
        return [drawn(each, size_hw, self.plan.classes) for each in cast(MaskRCNN, network).detect(image)]

    def gather(self, outputs: Iterable[tuple[Tile, Instances]], size_hw: tuple[int, int]) -> Instances:
        """The objects of all tiles, each whole and once, the surest first."""
        return whole_objects(outputs, size_hw, self.plan.classes)

    def merge(self, outputs: Iterable[tuple[Tile, Instances]], size_hw: tuple[int, int]) -> Instances:
        """As `gather`: objects need no more."""
        return self.gather(outputs, size_hw)

    def confident(self, segmentation: Segmentation) -> Segmentation:
        """The objects whose score reaches what was settled, or 0.5."""
        return _surer(to_instances(segmentation), self.confidence.least_score)

    def tally(self, id: str, ground_truth: Segmentation, prediction: Segmentation) -> InstanceTally:
        """What matches what in one image; objects that are not sure enough count in COCO's average precision alone."""
        least = self.confidence.least_score
        return tally(to_instances(ground_truth), to_instances(prediction), id=id, min_score=least)

    def scores(self, ids: Sequence[str], tallies: Sequence[InstanceTally]) -> Scores:
        """Average precision, matching at IoU thresholds, panoptic quality, counts, and what a person has to mend."""
        return instance.scores(ids, tallies, self.plan.classes)

    def settle(self, images: Sequence[tuple[Segmentation, Segmentation]]) -> dict[str, Any]:
        """The least score whose objects agree best with the ground truth; of equals the one nearest to what is there."""
        tried = sorted(CONFIDENCES, key=lambda least: abs(least - self.confidence.least_score))
        return {"least_score": max(tried, key=lambda least: _agreement(images, least))}


def _surer(instances: Instances, least: float) -> Instances:
    """The objects whose score is not below."""
    return instances.take(np.flatnonzero(instances.scores >= least).tolist())


def _agreement(images: Sequence[tuple[Segmentation, Segmentation]], least: float) -> float:
    return agreement([compared(to_instances(truth), _surer(to_instances(found), least)) for found, truth in images])
