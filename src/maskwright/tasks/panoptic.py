"""Panoptic segmentation by maps: the class of every pixel, and the way to the centre of its thing."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt16
from torch import Tensor, nn

from maskwright.masks.centers import EXTRA_OUTPUTS, CenterMaps, Grouping, find_segments
from maskwright.masks.convert import panoptic_of
from maskwright.masks.tiles import Tile, blend
from maskwright.masks.types import Panoptic, Segmentation
from maskwright.metrics import panoptic
from maskwright.metrics.panoptic import PanopticTally, tally
from maskwright.metrics.scores import Scores
from maskwright.plan.objective import build_network, encode, losses_of
from maskwright.plan.plan import Plan
from maskwright.sampling.batches import Batch
from maskwright.tasks.agreement import one_after_another, panoptic_agreement
from maskwright.tasks.mirrors import Axes, averaged

TRIED = {
    "center": (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6),
    "apart": (3, 5, 7, 11, 15, 21),
    "smallest": (1, 8, 16, 32, 64),
    "least_stuff": (0.0, 0.002, 0.005, 0.01, 0.02),
}

Scored = tuple[Float32[np.ndarray, "k h w"], Segmentation]  # what the network says of an image, and its ground truth


class PanopticTask:
    """A network that draws maps; things are found in the maps of a whole image, so that no tile cuts any."""

    settles = True
    draws_maps = True

    def __init__(self, plan: Plan, settled: dict[str, Any] | None = None) -> None:
        self.plan = plan
        self.losses_of_batch = losses_of(plan)
        self.grouping = Grouping(**settled) if settled else Grouping()

    def network(self) -> nn.Module:
        """A fresh network as planned."""
        return build_network(self.plan)

    def encode(self, segmentation: Segmentation) -> UInt16[np.ndarray, "2 h w"]:
        """The layers of `masks.panoptic_layers.to_layers`."""
        return encode(self.plan, segmentation)

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The planned terms by name, and those of centres and offsets."""
        return self.losses_of_batch(network, batch)

    def predict_tile(self, network: nn.Module, image: Float[Tensor, "b c h w"]) -> Float32[Tensor, "b k h w"]:
        """Probabilities of classes, nearness to centres and offsets; with `mirror` in the plan the mean over mirror images."""
        return averaged(
            lambda tile: _activated(network(tile)), image, mirror=self.plan.mirror, turned_back=_turned_back
        )  # fmt: skip

    def gather(
        self, outputs: Iterable[tuple[Tile, Float32[np.ndarray, "k h w"]]], size_hw: tuple[int, int]
    ) -> Float32[np.ndarray, "k h1 w1"]:
        """The blended maps of the whole image."""
        return np.concatenate([strip for _, strip in blend(outputs, size_hw)], axis=1)

    def merge(self, outputs: Iterable[tuple[Tile, Float32[np.ndarray, "k h w"]]], size_hw: tuple[int, int]) -> Panoptic:
        """The segments in the blended maps of the whole image."""
        return find_segments(CenterMaps.of_outputs(self.gather(outputs, size_hw)), self.grouping, self.plan.classes)

    def confident(self, segmentation: Segmentation) -> Segmentation:
        """All of it: every pixel has one segment, and those have passed the thresholds."""
        return segmentation

    def tally(self, id: str, ground_truth: Segmentation, prediction: Segmentation) -> PanopticTally:
        """What matches what in one image."""
        return tally(panoptic_of(ground_truth), panoptic_of(prediction), id=id)

    def scores(self, ids: Sequence[str], tallies: Sequence[PanopticTally]) -> Scores:
        """Panoptic quality of things and stuff, with its rules."""
        return panoptic.scores(ids, tallies, self.plan.classes)

    def settle(self, images: Sequence[Scored]) -> dict[str, Any]:
        """The thresholds with the best panoptic quality on these images, one after another; of equals the one that is there."""
        maps = [(CenterMaps.of_outputs(outputs), panoptic_of(truth)) for outputs, truth in images]

        def quality(grouping: Grouping) -> float:
            found = ((truth, find_segments(of_image, grouping, self.plan.classes)) for of_image, truth in maps)
            return panoptic_agreement(found)

        return asdict(one_after_another(self.grouping, TRIED, quality))


def _activated(logits: Float[Tensor, "b k h w"]) -> Float32[Tensor, "b k h w"]:
    logits = logits.float()
    return torch.cat([torch.softmax(logits[:, :-EXTRA_OUTPUTS], dim=1), logits[:, -EXTRA_OUTPUTS:]], dim=1)


def _turned_back(maps: Float[Tensor, "b k h w"], axes: Axes) -> Float[Tensor, "b k h w"]:
    """Mirrored maps, with the offsets along a mirrored axis the other way round."""
    maps = maps.flip(axes)
    for axis in axes:
        maps[:, axis - 4] *= -1  # the last two are the ways down and right, as the axes are the last two
    return maps
