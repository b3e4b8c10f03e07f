"""Which predicted segment stands for which true one, by the rules of panopticapi, and what counts in no score."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from maskwright.masks.overlap import ObjectOverlaps, map_overlaps
from maskwright.masks.types import Panoptic
from maskwright.metrics.counted_objects import check_alike

VOID = -1  # the class of the pixels without a segment


@dataclass(frozen=True, eq=False)
class Segments:
    """What is in one map, void included where there is any: ids by rising value, and of each its class and crowd mark."""

    ids: Int64[np.ndarray, " n"]
    class_ids: Int64[np.ndarray, " n"]  # `VOID` for the pixels without a segment
    is_crowd: Bool[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class MatchedSegments:
    """The segments of one image, true and predicted, and what became of each; all by place.

    A hit is a pair of one class with an IoU above 0.5, where void pixels of the ground truth are left out of the union: no
    segment can be in two of them. `missed` are the other true segments but crowds. `spurious` are the other predicted segments,
    but those of which more than half lies on void or in crowds of their class (arXiv:1801.00868, and panopticapi).
    """

    true: Segments
    predicted: Segments
    overlaps: ObjectOverlaps
    hits: Int64[np.ndarray, "p 2"]  # true place, predicted place
    iou: Float64[np.ndarray, " p"]  # of the hits
    misnamed: Int64[np.ndarray, "q 2"]  # pairs of one missed and one spurious segment that would be hits but for their classes
    missed: Int64[np.ndarray, " n1"]
    spurious: Int64[np.ndarray, " m1"]


def match_segments(ground_truth: Panoptic, prediction: Panoptic) -> MatchedSegments:
    """Match the segments of one image. Raises `MaskValueError` when the two differ in size or classes.

    Of several crowds of one class all count, where panopticapi looks at the last one; COCO has one a class and image.
    """
    check_alike(ground_truth, prediction)
    true_ids, predicted_ids, pairs = map_overlaps(ground_truth.segment_ids, prediction.segment_ids)
    true, predicted = _segments(ground_truth, true_ids), _segments(prediction, predicted_ids)
    true_class, predicted_class = true.class_ids[pairs.true], predicted.class_ids[pairs.predicted]
    on_void = _sums(pairs, true_class == VOID)
    with_object = (true_class != VOID) & ~true.is_crowd[pairs.true] & (predicted_class != VOID)
    union = pairs.true_areas[pairs.true] + pairs.predicted_areas[pairs.predicted] - pairs.pixels - on_void[pairs.predicted]
    iou = np.divide(pairs.pixels, union, out=np.zeros(len(union)), where=with_object)
    near = with_object & (iou > 0.5)  # each true segment is in one such pair at most, and each predicted one, too
    hit = near & (true_class == predicted_class)

    excused = _sums(pairs, (true_class == VOID) | (true.is_crowd[pairs.true] & (true_class == predicted_class)))
    missed = (true.class_ids != VOID) & ~true.is_crowd
    spurious = (predicted.class_ids != VOID) & (2 * excused <= pairs.predicted_areas)
    missed[pairs.true[hit]], spurious[pairs.predicted[hit]] = False, False
    misnamed = near & ~hit & spurious[pairs.predicted]
    both = np.stack([pairs.true, pairs.predicted], axis=1)
    return MatchedSegments(
        true, predicted, pairs, both[hit], iou[hit], both[misnamed], np.flatnonzero(missed), np.flatnonzero(spurious)
    )


def _segments(panoptic: Panoptic, ids: Int64[np.ndarray, " n"]) -> Segments:
    """What stands behind the ids of a map."""
    known = {segment.id: (segment.class_id, segment.is_crowd) for segment in panoptic.segments} | {0: (VOID, False)}
    rows = np.array([known[id] for id in ids.tolist()], np.int64).reshape(-1, 2)
    return Segments(ids, rows[:, 0], rows[:, 1].astype(bool))


def _sums(pairs: ObjectOverlaps, chosen: Bool[np.ndarray, " p"]) -> Int64[np.ndarray, " m"]:
    """How many pixels each predicted segment shares with true ones in the chosen pairs."""
    size = len(pairs.predicted_areas)
    return np.bincount(pairs.predicted[chosen], pairs.pixels[chosen], size).astype(np.int64)
