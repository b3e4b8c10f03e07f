"""Semantic segmentation: the class of every pixel."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, UInt16
from torch import Tensor, nn

from maskwright.masks.convert import to_label_map
from maskwright.masks.tiles import Tile, blend
from maskwright.masks.types import LabelMap, Segmentation
from maskwright.metrics import semantic
from maskwright.metrics.scores import Scores
from maskwright.plan.objective import build_network, encode, losses_of
from maskwright.plan.plan import Plan
from maskwright.sampling.batches import Batch
from maskwright.tasks.mirrors import averaged


class SemanticTask:
    """A network with one output a class, a pixel-wise loss, the class of the largest probability."""

    settles = False
    draws_maps = True

    def __init__(self, plan: Plan, settled: dict[str, Any] | None = None) -> None:
        self.plan = plan
        self.losses_of_batch = losses_of(plan)

    def network(self) -> nn.Module:
        """A fresh network as planned."""
        return build_network(self.plan)

    def encode(self, segmentation: Segmentation) -> UInt16[np.ndarray, "*layers h w"]:
        """The class ids; objects are painted as their class."""
        return encode(self.plan, segmentation)

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The planned terms by name, weights included."""
        return self.losses_of_batch(network, batch)

    def predict_tile(self, network: nn.Module, image: Float[Tensor, "b c h w"]) -> Float32[Tensor, "b k h w"]:
        """Class probabilities; with `mirror` in the plan, the mean over the image and its mirror images."""
        return averaged(lambda tile: torch.softmax(network(tile).float(), dim=1), image, mirror=self.plan.mirror)

    def gather(
        self, outputs: Iterable[tuple[Tile, Float32[np.ndarray, "k h w"]]], size_hw: tuple[int, int]
    ) -> Float32[np.ndarray, "k h1 w1"]:
        """The blended probabilities of the whole image."""
        return np.concatenate([strip for _, strip in blend(outputs, size_hw)], axis=1)

    def merge(self, outputs: Iterable[tuple[Tile, Float32[np.ndarray, "k h w"]]], size_hw: tuple[int, int]) -> LabelMap:
        """The class of the largest blended probability at every pixel."""
        ids = np.empty(size_hw, np.uint16)
        for top, strip in blend(outputs, size_hw):
            ids[top : top + strip.shape[1]] = strip.argmax(axis=0)
        return LabelMap(ids, self.plan.classes)

    def confident(self, segmentation: Segmentation) -> Segmentation:
        """All of it: the largest probability is what counts."""
        return segmentation

    def settle(self, images: Sequence[tuple[Float32[np.ndarray, "k h w"], Segmentation]]) -> dict[str, Any]:
        """Nothing: the largest probability needs no threshold."""
        return {}

    def tally(self, id: str, ground_truth: Segmentation, prediction: Segmentation) -> Int64[np.ndarray, "k k1"]:
        """Pixels of one image per (ground-truth class, predicted class)."""
        return semantic.table_of(to_label_map(ground_truth), to_label_map(prediction), id=id)

    def scores(self, ids: Sequence[str], tallies: Sequence[Int64[np.ndarray, "k k1"]]) -> Scores:
        """Accuracy, Dice and IoU with their rules."""
        return semantic.score(tallies, ids, self.plan.classes, background=self.plan.background)
