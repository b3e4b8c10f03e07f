"""The protocol of a task: how a segmentation becomes a target, and an output a segmentation."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float, UInt16
from torch import Tensor, nn

from maskwright.masks.tiles import Tile
from maskwright.masks.types import Segmentation
from maskwright.metrics.scores import Scores
from maskwright.sampling.batches import Batch


class Task(Protocol):
    """What the engine asks of a task, so that train, predict and evaluate have no branch on its kind."""

    settles: bool  # whether thresholds are settled on validation images after training
    draws_maps: bool  # whether what the network says of tiles are maps that blend; else it is objects

    def network(self) -> nn.Module:
        """A fresh network as planned."""

    def encode(self, segmentation: Segmentation) -> UInt16[np.ndarray, "*layers h w"]:
        """What the loss compares with, before cropping."""

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Named terms, already weighted; training minimises their sum."""

    def predict_tile(self, network: nn.Module, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"] | Sequence[Any]:
        """What the network says of each of some tiles of one size: maps, such as probabilities, or what it finds."""

    def gather(self, outputs: Iterable[tuple[Tile, Any]], size_hw: tuple[int, int]) -> Any:
        """What the network says of the whole image, before any threshold: blended maps (k, h, w), where it draws maps."""

    def merge(self, outputs: Iterable[tuple[Tile, Any]], size_hw: tuple[int, int]) -> Segmentation:
        """The segmentation of the whole image from what its tiles say: maps (k, h, w), or what was found.

        Objects that are found one by one are all there, however unsure, the surest first, for scores that rank them.
        """

    def confident(self, segmentation: Segmentation) -> Segmentation:
        """The part of a merged segmentation that is sure enough to be shown, written and counted."""

    def settle(self, images: Sequence[tuple[Any, Segmentation]]) -> dict[str, Any]:
        """The thresholds that suit these images best, from what `gather` made of each and its ground truth."""

    def tally(self, id: str, ground_truth: Segmentation, prediction: Segmentation) -> Any:
        """What one image adds to the scores."""

    def scores(self, ids: Sequence[str], tallies: Sequence[Any]) -> Scores:
        """The scores of many images."""
