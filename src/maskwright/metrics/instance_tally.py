"""What one image adds to the scores of objects: small, and a JSON value where it has to be kept."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from maskwright.base.errors import MaskValueError
from maskwright.masks.types import Instances
from maskwright.metrics.aggregated_jaccard import SharedPixels, shared_pixels
from maskwright.metrics.counted_objects import CountedObjects, counted_objects
from maskwright.metrics.detections import THRESHOLDS, Detections, detections_of
from maskwright.metrics.matching import ABOVE_HALF, MatchCounts, Matches, match
from maskwright.metrics.object_errors import ObjectError, object_errors

MATCHED_AT = (*THRESHOLDS, ABOVE_HALF)  # the last is the panoptic quality's


@dataclass(frozen=True, eq=False)
class InstanceTally:
    """One image's counts of each class, at each threshold of `MATCHED_AT`, and its errors.

    Predictions of a score below `min_score` count in the average precision of COCO alone, which ranks them.
    """

    counts: MatchCounts  # "k thresholds"
    pixels: SharedPixels  # " k"
    detections: Detections
    errors: tuple[ObjectError, ...]
    min_score: float

    def to_json(self) -> dict[str, Any]:
        """A JSON value."""
        return {
            "counts": {name: values.tolist() for name, values in vars(self.counts).items()},
            "pixels": {name: values.tolist() for name, values in vars(self.pixels).items()},
            "detections": self.detections.to_json(),
            "errors": [asdict(error) for error in self.errors],
            "min_score": self.min_score,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "InstanceTally":
        """The inverse of `to_json`."""
        counts, pixels = ({k: np.array(v, np.float64) for k, v in value[name].items()} for name in ("counts", "pixels"))
        errors = (ObjectError(error["kind"], tuple(error["true"]), tuple(error["predicted"])) for error in value["errors"])
        return cls(
            MatchCounts(**counts),
            SharedPixels(**pixels),
            Detections.from_json(value["detections"]),
            tuple(errors),
            value["min_score"],
        )


def tally(ground_truth: Instances, prediction: Instances, *, id: str = "", min_score: float = 0.0) -> InstanceTally:
    """Compare the objects of one image. Objects match objects of their class only.

    Crowds and ignored pixels of the ground truth count in nothing, see `CountedObjects`. Raises `MaskValueError`, with the
    image's id, when the two differ in size or classes.
    """
    try:
        objects = counted_objects(ground_truth, prediction)
    except MaskValueError as error:
        raise MaskValueError(f"{id}: {error}" if id else str(error)) from error
    shown = prediction.scores >= min_score
    counts, matches = _counted(objects, shown, MATCHED_AT)
    return InstanceTally(
        counts, shared_pixels(objects, shown), detections_of(objects), object_errors(objects, matches[0], shown), min_score
    )


def match_counts(ground_truth: Instances, prediction: Instances, thresholds: Sequence[float] = MATCHED_AT) -> MatchCounts:
    """The `counts` of a tally alone, "k thresholds": all that is needed to choose between many predictions of an image."""
    objects = counted_objects(ground_truth, prediction)
    return _counted(objects, np.ones(len(prediction), bool), thresholds)[0]


def _counted(
    objects: CountedObjects, shown: Bool[np.ndarray, " m"], thresholds: Sequence[float]
) -> tuple[MatchCounts, list[Matches]]:
    """What matches at each threshold, and how many objects do."""
    pairs = objects.overlaps.among(~objects.aside[objects.overlaps.true] & shown[objects.overlaps.predicted])
    matches = [match(pairs, threshold) for threshold in thresholds]
    return MatchCounts(*np.stack([_count(objects, found, shown) for found in matches], axis=-1)), matches


def _count(objects: CountedObjects, found: Matches, shown: Bool[np.ndarray, " m"]) -> Float64[np.ndarray, "4 k"]:
    """Hits, spurious and missed objects of each class, and the sum of the IoU of the hits."""
    classes = objects.ground_truth.class_ids, objects.prediction.class_ids
    missed, spurious = ~objects.aside, shown & ~objects.excused
    missed[found.true], spurious[found.predicted] = False, False
    of_hit, size = classes[0][found.true], len(objects.ground_truth.classes)
    counts = (np.bincount(ids, minlength=size) for ids in (of_hit, classes[1][spurious], classes[0][missed]))
    return np.stack([*counts, np.bincount(of_hit, found.iou, size)]).astype(np.float64)  # bincount of nothing is whole
