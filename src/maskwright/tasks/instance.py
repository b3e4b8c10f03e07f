"""Instance segmentation the U-Net way: maps of classes, outlines and depths, and a watershed from the middles of objects."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Int32, UInt16
from torch import Tensor, nn

from maskwright.losses.objects import EXTRA_OUTPUTS
from maskwright.masks.convert import to_instances
from maskwright.masks.object_maps import Finding, ObjectMaps, believable, find_objects, grow, instances_of
from maskwright.masks.tiles import Tile, blend
from maskwright.masks.types import Instances, Segmentation
from maskwright.metrics import instance
from maskwright.metrics.instance_tally import InstanceTally, tally
from maskwright.metrics.matching import MatchCounts
from maskwright.metrics.scores import Scores
from maskwright.plan.objective import build_network, encode, losses_of
from maskwright.plan.plan import Plan
from maskwright.sampling.batches import Batch
from maskwright.tasks.agreement import agreement, compared
from maskwright.tasks.mirrors import averaged

FOREGROUNDS = (0.3, 0.4, 0.5, 0.6)  # thresholds that are tried
SEEDS = (0.3, 0.4, 0.5, 0.6, 0.7)
SMALLEST = (8, 20, 40)
SURE = (0.0, 0.5, 0.6, 0.7, 0.75, 0.8)
NEARLY = 0.005  # of average precision: as good as the best, on so few images

Scored = tuple[Float32[np.ndarray, "k h w"], Segmentation]  # what the network says of an image, and its ground truth


class InstanceTask:
    """A network that draws maps of objects; objects are found in the maps of a whole image, so that no tile cuts any."""

    settles = True
    draws_maps = True

    def __init__(self, plan: Plan, settled: dict[str, Any] | None = None) -> None:
        self.plan = plan
        self.losses_of_batch = losses_of(plan)
        self.finding = Finding(**settled) if settled else Finding()

    def network(self) -> nn.Module:
        """A fresh network as planned."""
        return build_network(self.plan)

    def encode(self, segmentation: Segmentation) -> UInt16[np.ndarray, "3 h w"]:
        """The layers of `masks.object_maps.to_maps`."""
        return encode(self.plan, segmentation)

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The planned terms by name, and those of outlines and depths."""
        return self.losses_of_batch(network, batch)

    def predict_tile(self, network: nn.Module, image: Float[Tensor, "b c h w"]) -> Float32[Tensor, "b k h w"]:
        """Probabilities of classes and outlines, and depths; with `mirror` in the plan the mean over mirror images."""
        return averaged(lambda tile: _activated(network(tile)), image, mirror=self.plan.mirror)

    def gather(
        self, outputs: Iterable[tuple[Tile, Float32[np.ndarray, "k h w"]]], size_hw: tuple[int, int]
    ) -> Float32[np.ndarray, "k h1 w1"]:
        """The blended maps of the whole image."""
        return np.concatenate([strip for _, strip in blend(outputs, size_hw)], axis=1)

    def merge(self, outputs: Iterable[tuple[Tile, Float32[np.ndarray, "k h w"]]], size_hw: tuple[int, int]) -> Instances:
        """The objects in the blended maps of the whole image."""
        return self._found(self.gather(outputs, size_hw), self.finding)

    def confident(self, segmentation: Segmentation) -> Segmentation:
        """All of it: what is found in the maps has passed their thresholds."""
        return segmentation

    def tally(self, id: str, ground_truth: Segmentation, prediction: Segmentation) -> InstanceTally:
        """What matches what in one image."""
        return tally(to_instances(ground_truth), to_instances(prediction), id=id)

    def scores(self, ids: Sequence[str], tallies: Sequence[InstanceTally]) -> Scores:
        """Average precision, matching at IoU thresholds, panoptic quality, counts, and what a person has to mend."""
        return instance.scores(ids, tallies, self.plan.classes)

    def settle(self, images: Sequence[Scored]) -> dict[str, Any]:
        """The thresholds that find the objects of these images best: average precision at IoU 0.5 to 0.75.

        First the three thresholds, then the smallest object. Of equals, the ones that are there already.
        """
        every = [
            replace(self.finding, foreground=foreground, seed=seed, sure=sure)
            for foreground, seed, sure in product(FOREGROUNDS, SEEDS, SURE)
        ]
        best = self._best([self.finding, *every], images)
        return asdict(self._best([best, *(replace(best, smallest=pixels) for pixels in SMALLEST)], images))

    def _best(self, findings: Sequence[Finding], images: Sequence[Scored]) -> Finding:
        """The one whose objects agree best with the ground truth, of those that leave out least among the nearly best.

        A spurious object is rejected at a glance, and a missed one has to be drawn.
        """
        of_images = [self._counts(maps, to_instances(truth), findings) for maps, truth in images]
        reached = dict(zip(findings, map(agreement, zip(*of_images, strict=True)), strict=True))
        enough = max(reached.values()) - NEARLY
        nearly = [finding for finding, value in reached.items() if value >= enough]
        return max(nearly, key=lambda finding: (-finding.sure, reached[finding]))

    def _counts(
        self, maps: Float32[np.ndarray, "k h w"], truth: Instances, findings: Sequence[Finding]
    ) -> Iterator[MatchCounts]:
        """What matches in one image, for each way to find objects."""
        named, grown = _named(maps), dict[Finding, Int32[np.ndarray, "h w"]]()
        for finding in findings:
            growth = replace(finding, smallest=1, sure=0.0)
            if growth not in grown:
                grown = {growth: grow(named, growth)}  # the last one alone: several differ only in what is believed
            yield compared(truth, instances_of(believable(grown[growth], named, finding), named, self.plan.classes))

    def _found(self, maps: Float32[np.ndarray, "k h w"], finding: Finding) -> Instances:
        named = _named(maps)
        return instances_of(find_objects(named, finding), named, self.plan.classes)


def _named(maps: Float32[np.ndarray, "k h w"]) -> ObjectMaps:
    return ObjectMaps(maps[:-EXTRA_OUTPUTS], maps[-2], maps[-1])


def _activated(logits: Float[Tensor, "b k h w"]) -> Float32[Tensor, "b k h w"]:
    logits = logits.float()
    return torch.cat([torch.softmax(logits[:, :-EXTRA_OUTPUTS], dim=1), torch.sigmoid(logits[:, -EXTRA_OUTPUTS:])], dim=1)
