"""Panoptic segmentation by Panoptic FPN: things found one by one, stuff by the class of every pixel, merged by score."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Float, Float32, UInt16
from torch import Tensor, nn

from maskwright.masks.classes import IGNORE
from maskwright.masks.convert import panoptic_of
from maskwright.masks.merged_segments import Merging, merge_segments
from maskwright.masks.tiles import Tile, blend
from maskwright.masks.types import Instances, Panoptic, Segmentation
from maskwright.masks.whole_objects import whole_objects
from maskwright.metrics import panoptic
from maskwright.metrics.panoptic import PanopticTally, tally
from maskwright.metrics.scores import Scores
from maskwright.models import PanopticFPN
from maskwright.plan.objective import build_network, encode, losses_of
from maskwright.plan.plan import Plan
from maskwright.sampling.batches import Batch
from maskwright.tasks.agreement import one_after_another, panoptic_agreement
from maskwright.tasks.drawn import drawn

TRIED = {
    "least_score": tuple(round(0.05 * step, 2) for step in range(1, 20)),
    "most_taken": (0.3, 0.5, 0.7),
    "least_stuff": (0.0, 0.002, 0.005, 0.01, 0.02),
}


@dataclass(frozen=True, eq=False)
class Found:
    """What is found in a tile: things, and the probabilities of each class of stuff and of any thing, which comes last."""

    things: Instances
    stuff: Float32[np.ndarray, "s h w"]


@dataclass(frozen=True, eq=False)
class Unmerged:
    """What is found in an image: every thing, however unsure, and at each pixel the class of stuff; `IGNORE` is some thing."""

    things: Instances
    stuff: UInt16[np.ndarray, "h w"]


class PanopticFPNTask:
    """A network that finds things in tiles so large that each is whole in one of them, and draws the stuff."""

    settles = True
    draws_maps = False

    def __init__(self, plan: Plan, settled: dict[str, Any] | None = None) -> None:
        self.plan = plan
        self.losses_of_batch = losses_of(plan)
        self.merging = Merging(**settled) if settled else Merging()
        self.stuff = np.array([i for i, info in enumerate(plan.classes) if not info.is_thing] + [IGNORE], np.uint16)

    def network(self) -> nn.Module:
        """A fresh network as planned."""
        return build_network(self.plan)

    def encode(self, segmentation: Segmentation) -> UInt16[np.ndarray, "2 h w"]:
        """The layers of `masks.panoptic_layers.to_layers`."""
        return encode(self.plan, segmentation)

    def losses(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """The five losses of a Mask R-CNN by name, and that of stuff."""
        return self.losses_of_batch(network, batch)

    def predict_tile(self, network: nn.Module, image: Float[Tensor, "b c h w"]) -> list[Found]:
        """The things in each tile, the surest first, and its stuff."""
        size_hw = (image.shape[-2], image.shape[-1])
        things, stuff = cast(PanopticFPN, network).detect(image)
        pairs = zip(things, stuff.float().cpu().numpy(), strict=True)
        return [Found(drawn(found, size_hw, self.plan.classes), maps) for found, maps in pairs]

    def gather(self, outputs: Iterable[tuple[Tile, Found]], size_hw: tuple[int, int]) -> Unmerged:
        """The things of all tiles, each whole and once, and the stuff of their blended probabilities."""
        things: list[tuple[Tile, Instances]] = []

        def maps() -> Iterator[tuple[Tile, Float32[np.ndarray, "s h w"]]]:
            for tile, found in outputs:
                things.append((tile, found.things))
                yield tile, found.stuff

        stuff = np.empty(size_hw, np.uint16)
        for top, strip in blend(maps(), size_hw):
            stuff[top : top + strip.shape[1]] = self.stuff[strip.argmax(axis=0)]
        return Unmerged(whole_objects(things, size_hw, self.plan.classes), stuff)

    def merge(self, outputs: Iterable[tuple[Tile, Found]], size_hw: tuple[int, int]) -> Panoptic:
        """Every pixel in one segment or void."""
        found = self.gather(outputs, size_hw)
        return merge_segments(found.things, found.stuff, self.merging)

    def confident(self, segmentation: Segmentation) -> Segmentation:
        """All of it: every pixel has one segment, and those have passed the thresholds."""
        return segmentation

    def tally(self, id: str, ground_truth: Segmentation, prediction: Segmentation) -> PanopticTally:
        """What matches what in one image."""
        return tally(panoptic_of(ground_truth), panoptic_of(prediction), id=id)

    def scores(self, ids: Sequence[str], tallies: Sequence[PanopticTally]) -> Scores:
        """Panoptic quality of things and stuff, with its rules."""
        return panoptic.scores(ids, tallies, self.plan.classes)

    def settle(self, images: Sequence[tuple[Unmerged, Segmentation]]) -> dict[str, Any]:
        """The thresholds with the best panoptic quality on these images, one after another; of equals the one that is there."""
        truths = [(found, panoptic_of(truth)) for found, truth in images]

        def quality(merging: Merging) -> float:
            return panoptic_agreement((truth, merge_segments(found.things, found.stuff, merging)) for found, truth in truths)

        return asdict(one_after_another(self.merging, TRIED, quality))
