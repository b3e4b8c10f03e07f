"""What each prediction of one image is at every IoU threshold and object size, by the rules of COCO's evaluation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8

from maskwright.metrics.counted_objects import CountedObjects

THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
SIZES = {"all": (0, 10**10), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 10**10)}  # pixels, ends included
MOST = 100  # predictions of a class in an image that COCO looks at, the surest first
SPURIOUS, HIT, LEFT_OUT = range(3)


@dataclass(frozen=True, eq=False)
class Detections:
    """The predictions of one image by class and then falling score, and the number of true objects that could be found."""

    class_ids: Int64[np.ndarray, " d"]
    ranks: Int64[np.ndarray, " d"]  # 0 for the surest of its class
    scores: Float64[np.ndarray, " d"]
    outcomes: UInt8[np.ndarray, "d sizes thresholds"]  # SPURIOUS, HIT or LEFT_OUT
    truths: Int64[np.ndarray, "k sizes"]
    unseen: int  # predictions beyond the `MOST` of a class

    def to_json(self) -> dict[str, Any]:
        """A JSON value; the outcomes of a prediction are one text of digits."""
        return {
            "class_ids": self.class_ids.tolist(),
            "ranks": self.ranks.tolist(),
            "scores": self.scores.tolist(),
            "outcomes": ["".join(map(str, row.ravel().tolist())) for row in self.outcomes],
            "truths": self.truths.tolist(),
            "unseen": self.unseen,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Detections":
        """The inverse of `to_json`."""
        digits = np.array([[int(digit) for digit in row] for row in value["outcomes"]], np.uint8)
        return cls(
            np.array(value["class_ids"], np.int64),
            np.array(value["ranks"], np.int64),
            np.array(value["scores"], np.float64),
            digits.reshape(-1, len(SIZES), len(THRESHOLDS)),
            np.array(value["truths"], np.int64).reshape(-1, len(SIZES)),
            value["unseen"],
        )


def detections_of(objects: CountedObjects) -> Detections:
    """Give each prediction, the surest first, the free true object of its class that it overlaps most, as pycocotools does.

    Objects aside and those of another size than asked for are taken only where no other is left; what matches them is left out,
    and so is a prediction of another size, or on ignored pixels, that matches nothing. A prediction lies in an object aside by
    the share of its own area, and such an object is taken any number of times.
    """
    true, predicted, overlaps = objects.ground_truth, objects.prediction, objects.overlaps
    order = np.lexsort((-predicted.scores, predicted.class_ids))
    classes = predicted.class_ids[order]
    ranks = np.arange(len(order)) - np.searchsorted(classes, classes)
    order, classes, ranks = (values[ranks < MOST] for values in (order, classes, ranks))

    left_out = objects.aside[:, None] | ~_of_size(overlaps.true_areas)
    unmatched = np.where(~_of_size(overlaps.predicted_areas) | objects.on_ignored[:, None], LEFT_OUT, SPURIOUS).astype(np.uint8)
    outcomes = np.repeat(unmatched[order][:, :, None], len(THRESHOLDS), axis=2)
    _match(objects, order, left_out, outcomes)
    truths = np.zeros((len(true.classes), len(SIZES)), np.int64)
    np.add.at(truths, true.class_ids, ~left_out)
    return Detections(classes, ranks, predicted.scores[order], outcomes, truths, len(predicted) - len(order))


def _of_size(areas: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, "n sizes"]:
    low, high = np.array(list(SIZES.values())).T
    return np.asarray((areas[:, None] >= low) & (areas[:, None] <= high))


def _match(
    objects: CountedObjects,
    order: Int64[np.ndarray, " d"],
    left_out: Bool[np.ndarray, "n sizes"],
    outcomes: UInt8[np.ndarray, "d sizes thresholds"],
) -> None:
    """Write into `outcomes` what matches, for all sizes and thresholds at once, one prediction after the other."""
    overlaps, aside = objects.overlaps, objects.aside
    share = overlaps.pixels / overlaps.predicted_areas[overlaps.predicted]
    ious = np.where(aside[overlaps.true], share, overlaps.iou)
    limits = np.minimum(THRESHOLDS, 1 - 1e-10)
    near = np.flatnonzero(ious >= limits[0])
    near = near[np.lexsort((overlaps.true[near], overlaps.predicted[near]))]
    starts, stops = (np.searchsorted(overlaps.predicted[near], order, side=side) for side in ("left", "right"))
    free = np.ones((len(SIZES), len(THRESHOLDS), len(aside)), bool)
    rows, columns = np.ogrid[: len(SIZES), : len(THRESHOLDS)]
    for place in np.flatnonzero(stops > starts).tolist():
        pairs = near[starts[place] : stops[place]]
        true, iou = overlaps.true[pairs], ious[pairs]
        possible = free[:, :, true] & (iou >= limits[:, None])
        value = np.where(possible, iou + 2 * ~left_out[true].T[:, None], 0)  # what counts comes before what is left out
        best = true[len(true) - 1 - value[:, :, ::-1].argmax(axis=2)]  # the last of equals, as in pycocotools
        found = possible.any(axis=2)
        free[rows, columns, best] &= ~found | aside[best]
        outcomes[place][found] = np.where(left_out[best, rows], LEFT_OUT, HIT)[found]
