"""Which predicted object stands for which true one, and the ratios that are made of hits, misses and spurious objects."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from maskwright.masks.overlap import ObjectOverlaps
from maskwright.metrics.counts import ratio

ABOVE_HALF = float(np.nextafter(0.5, 1))  # the least threshold of `match` that leaves out an IoU of just one half


@dataclass(frozen=True, eq=False)
class Matches:
    """Pairs of one true and one predicted object each, by place, and their IoU; no object is in two of them."""

    true: Int64[np.ndarray, " p"]
    predicted: Int64[np.ndarray, " p"]
    iou: Float64[np.ndarray, " p"]


def match(overlaps: ObjectOverlaps, threshold: float = 0.5) -> Matches:
    """As many pairs of at least this IoU as can be made without using an object twice; of equals, those of the largest sum.

    The sum is over all pairs of the assignment, those below the threshold too, as StarDist's `matching` (0.9.2) has it: the
    result is the same, but only pairs that share pixels are looked at. `threshold` is above 0.
    """
    iou = overlaps.iou
    good = iou >= threshold
    true, predicted = overlaps.true[good], overlaps.predicted[good]
    if len(np.unique(true)) == len(true) and len(np.unique(predicted)) == len(predicted):
        return Matches(true, predicted, iou[good])  # no object has a choice, so that all these pairs are made
    true, predicted = _assigned(overlaps, good + iou / (2 * min(len(overlaps.true_areas), len(overlaps.predicted_areas))))
    order = np.searchsorted(_codes(overlaps, overlaps.true, overlaps.predicted), _codes(overlaps, true, predicted))
    order = order[good[order]]
    return Matches(overlaps.true[order], overlaps.predicted[order], iou[order])


def _codes(
    overlaps: ObjectOverlaps, true: Int64[np.ndarray, " p"], predicted: Int64[np.ndarray, " p"]
) -> Int64[np.ndarray, " p"]:
    """One number for each pair, in the order in which pairs are sorted."""
    return np.asarray(true * len(overlaps.predicted_areas) + predicted)


def _assigned(
    overlaps: ObjectOverlaps, weights: Float64[np.ndarray, " p"]
) -> tuple[Int64[np.ndarray, " q"], Int64[np.ndarray, " q"]]:
    """The pairs of the assignment of the largest weight.

    The solver wants a partner for every true object: each gets one of its own that weighs nothing. All weights are raised by 1,
    since it takes 0 for no edge; that moves every assignment alike.
    """
    rows, places = np.unique(overlaps.true, return_inverse=True)
    columns, partners = np.unique(overlaps.predicted, return_inverse=True)
    alone = np.arange(len(rows))
    table = coo_array(
        (
            np.append(weights + 1, np.ones(len(rows))),
            (np.append(places, alone), np.append(partners, len(columns) + alone)),
        ),
        shape=(len(rows), len(columns) + len(rows)),
    ).tocsr()
    true, predicted = min_weight_full_bipartite_matching(table, maximize=True)
    real = predicted < len(columns)
    return rows[true[real]], columns[predicted[real]]


@dataclass(frozen=True, eq=False)
class MatchCounts:
    """Hits, spurious and missed objects and the sum of the IoU of the hits, of whatever the axes stand for.

    Counts of images, classes or thresholds add up, and a ratio of sums is a score of all of them together. A ratio is NaN where
    there is neither a true nor a predicted object, and 0 where there is no hit, as StarDist's `matching` prints it.
    """

    hits: Float64[np.ndarray, "*s"]  # true positives
    spurious: Float64[np.ndarray, "*s"]  # false positives
    missed: Float64[np.ndarray, "*s"]  # false negatives
    iou_sum: Float64[np.ndarray, "*s"]

    @classmethod
    def pooled(cls, images: Sequence["MatchCounts"]) -> "MatchCounts":
        """The counts of all images together."""
        sums = (np.sum([getattr(image, name) for image in images], axis=0) for name in cls.__annotations__)
        return cls(*sums)

    @classmethod
    def of_images(cls, images: Sequence[dict[str, dict[str, float]]], names: Sequence[str]) -> "MatchCounts":
        """Counts "n names" from JSON values: of each image, those of the classes in it by name."""
        parts = ([[image.get(name, {}).get(part, 0) for name in names] for image in images] for part in cls.__annotations__)
        return cls(*(np.array(part, np.float64).reshape(len(images), len(names)) for part in parts))

    @property
    def precision(self) -> Float64[np.ndarray, "*s"]:
        """Hits over predicted objects."""
        return self._of(self.hits, self.hits + self.spurious)

    @property
    def recall(self) -> Float64[np.ndarray, "*s"]:
        """Hits over true objects."""
        return self._of(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> Float64[np.ndarray, "*s"]:
        """Twice the hits over true and predicted objects. Also the recognition quality of the panoptic quality."""
        return self._of(2 * self.hits, 2 * self.hits + self.spurious + self.missed)

    @property
    def accuracy(self) -> Float64[np.ndarray, "*s"]:
        """Hits over hits, spurious and missed objects: what the StarDist papers call average precision."""
        return self._of(self.hits, self.hits + self.spurious + self.missed)

    @property
    def mean_matched_iou(self) -> Float64[np.ndarray, "*s"]:
        """The mean IoU of the hits. Also the segmentation quality of the panoptic quality."""
        return self._of(self.iou_sum, self.hits)

    @property
    def mean_true_iou(self) -> Float64[np.ndarray, "*s"]:
        """The IoU of the hits over all true objects: a missed one counts 0."""
        return self._of(self.iou_sum, self.hits + self.missed)

    @property
    def panoptic_quality(self) -> Float64[np.ndarray, "*s"]:
        """The IoU of the hits over the mean of the numbers of true and predicted objects (arXiv:1801.00868)."""
        return self._of(2 * self.iou_sum, 2 * self.hits + self.spurious + self.missed)

    def _of(self, part: Float64[np.ndarray, "*s"], whole: Float64[np.ndarray, "*s"]) -> Float64[np.ndarray, "*s"]:
        """Part over whole, 0 where there are objects and yet no hit, NaN where there is no object."""
        objects = self.hits + self.spurious + self.missed
        return np.where((self.hits == 0) & (objects > 0), 0.0, ratio(part, whole))
