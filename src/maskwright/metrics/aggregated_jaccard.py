"""The aggregated Jaccard index: pixels that objects share with their best partners, over all pixels of either."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from maskwright.metrics.counted_objects import CountedObjects
from maskwright.metrics.counts import ratio


@dataclass(frozen=True, eq=False)
class SharedPixels:
    """The two sums of the aggregated Jaccard index, of whatever the axes stand for; they add up over images and classes."""

    shared: Float64[np.ndarray, "*s"]
    either: Float64[np.ndarray, "*s"]

    @property
    def index(self) -> Float64[np.ndarray, "*s"]:
        """The aggregated Jaccard index; NaN where there is no object."""
        return ratio(self.shared, self.either)


def shared_pixels(objects: CountedObjects, shown: Bool[np.ndarray, " m"]) -> SharedPixels:
    """The sums of each class (Kumar et al., IEEE Transactions on Medical Imaging 36 (7), 2017).

    Each true object is compared with the prediction of the largest IoU, the first of equals; one prediction may serve several.
    What serves none adds its pixels to `either`, unless it is excused. `shown` says which predictions exist for this score.
    """
    overlaps = objects.overlaps.among(~objects.aside[objects.overlaps.true] & shown[objects.overlaps.predicted])
    order = np.lexsort((overlaps.predicted, -overlaps.iou, overlaps.true))
    _, firsts = np.unique(overlaps.true[order], return_index=True)
    best = order[firsts]
    true, predicted, pixels = overlaps.true[best], overlaps.predicted[best], overlaps.pixels[best]

    idle = shown & ~objects.excused
    idle[predicted] = False
    counted = ~objects.aside
    classes = objects.ground_truth.class_ids, objects.prediction.class_ids
    size = len(objects.ground_truth.classes)

    def sums(ids: Int64[np.ndarray, " n"], values: Int64[np.ndarray, " n"]) -> Float64[np.ndarray, " k"]:
        return np.bincount(ids, values, size).astype(np.float64)  # of nothing, bincount makes integers

    shared = sums(classes[0][true], pixels)
    both = sums(classes[0][true], overlaps.predicted_areas[predicted]) - shared
    alone = sums(classes[0][counted], overlaps.true_areas[counted]) + sums(classes[1][idle], overlaps.predicted_areas[idle])
    return SharedPixels(shared, both + alone)
