"""A run trained here as an assistant: it proposes the objects that it predicts, and clicks correct them in what it saw."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float32, Int64, Num, UInt8

from maskwright.assist.assistant import Candidate
from maskwright.assist.candidates import best, disobeyed
from maskwright.assist.classical import Classical, ClassicalSession
from maskwright.assist.tools import TOOLS
from maskwright.masks.convert import to_instances
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, Segmentation

if TYPE_CHECKING:
    from maskwright.engine.predict import Predictor

DISOBEYED = 1.0  # what each click costs that a mask does not follow
CORRECTED = 0.5  # what an object is worth that was grown in the network's maps, of one that it predicted whole
ON_MAPS = ("watershed", "wand")  # the tools that need no colours


class OwnRun:
    """The network of a run's folder, loaded at once, for no image can be opened without it."""

    learns = False

    def __init__(self, run: Path, *, device: str = "auto") -> None:
        from maskwright.engine.predict import load  # torch

        self.name = run.resolve().name
        self._predictor: Predictor = load(run, device=device)

    def open(self, image: Num[np.ndarray, "h w c"]) -> "OwnSession":
        """Predict the image. What the network says of each pixel is kept where it says so."""
        predictor = self._predictor
        said = predictor.said(image) if predictor.task.draws_maps else None
        if not isinstance(said, np.ndarray):  # objects one by one
            return OwnSession(self.name, predictor(image), None)
        return OwnSession(self.name, predictor.found_in(said), shown_maps(said, len(predictor.plan.classes)))

    def learn(self, image: Num[np.ndarray, "h w c"], regions: Sequence[Region]) -> None:
        """Nothing: it learns by being trained."""


class OwnSession:
    """What a network found on an image, and what it saw there as a picture in which objects can be grown."""

    def __init__(self, name: str, predicted: Segmentation, maps: UInt8[np.ndarray, "h w 3"] | None) -> None:
        self._name, self._objects = name, objects_of(predicted)
        on_maps = Classical(name, {tool: TOOLS[tool] for tool in ON_MAPS})
        self._grown = None if maps is None else ClassicalSession(on_maps, maps)

    def mask(
        self,
        clicks_xy: Int64[np.ndarray, "n 2"],
        positive: Bool[np.ndarray, " n"],
        box_xyxy: tuple[int, int, int, int] | None = None,
        previous: Bool[np.ndarray, "h w"] | None = None,
    ) -> list[Candidate]:
        """The predicted objects under the positive clicks, or in the box, and what grows from there in the network's maps."""
        found = self._predicted(clicks_xy, positive, box_xyxy)
        if self._grown is not None:
            start = previous
            if start is None and found and found[0].score > 0:
                start = found[0].region.mask(self._objects.size_hw)
            for each in self._grown.mask(clicks_xy, positive, box_xyxy, start):
                found.append(Candidate(each.region, CORRECTED * each.score, self._name))
        return best(found)

    def propose(self) -> list[Candidate]:
        """Every object that the run predicts."""
        pairs = zip(self._objects.regions, self._objects.scores.tolist(), strict=True)
        return sorted((Candidate(region, score, self._name) for region, score in pairs), key=lambda each: -each.score)

    def _predicted(
        self, clicks_xy: Int64[np.ndarray, "n 2"], positive: Bool[np.ndarray, " n"], box: tuple[int, int, int, int] | None
    ) -> list[Candidate]:
        """Objects that follow at least as many clicks as they do not, each less likely for every click that it does not."""
        if not positive.any() and box is None:
            return []
        found = []
        for region, score in zip(self._objects.regions, self._objects.scores.tolist(), strict=True):
            wrong = disobeyed(region, clicks_xy, positive)
            misses_all = positive.any() and disobeyed(region, clicks_xy[positive], positive[positive]) == positive.sum()
            if misses_all or (box is not None and not _fits(region.box_xyxy, box)):
                continue
            found.append(Candidate(region, max(0.5 + score / 2 - DISOBEYED * wrong, 0.0), self._name))
        return sorted(found, key=lambda each: -each.score)


def objects_of(predicted: Segmentation) -> Instances:
    """What can be clicked on: objects without crowds, and the connected parts of each class of a label map."""
    found = to_instances(predicted)
    return found.take(np.flatnonzero(~found.is_crowd).tolist())


def shown_maps(said: Float32[np.ndarray, "k h w"], classes: int) -> UInt8[np.ndarray, "h w 3"]:
    """What a network says of each pixel as a picture: how likely it is any object, of which kind, and how deep in it."""
    foreground = said[1:classes].sum(axis=0) if classes > 1 else said[0]
    kind = said[:classes].argmax(axis=0) / max(classes - 1, 1)
    depth = said[-1] if said.shape[0] > classes else foreground
    picture = np.stack([foreground, kind * foreground, depth], axis=2)
    return np.asarray(np.clip(picture, 0, 1) * 255, np.uint8)


def _fits(inner: tuple[int, int, int, int], box: tuple[int, int, int, int]) -> bool:
    """Whether two boxes have more in common than not."""
    width, height = min(inner[2], box[2]) - max(inner[0], box[0]), min(inner[3], box[3]) - max(inner[1], box[1])
    areas = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (inner, box)]
    return width > 0 and height > 0 and 3 * width * height > sum(areas)
