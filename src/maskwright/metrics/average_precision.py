"""Average precision and recall of many images as COCO computes them, for any weighting of the images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from maskwright.metrics.counts import ratio
from maskwright.metrics.detections import HIT, LEFT_OUT, MOST, SIZES, THRESHOLDS, Detections

RECALLS = np.linspace(0, 1, 101)  # where precision is read off
AT_ONCE = 1 << 18  # weighted predictions in memory; more would not fit into a processor's cache


@dataclass(frozen=True, eq=False)
class RankedDetections:
    """The predictions of many images by class and then falling score; of equals, those of earlier images first."""

    images: Int64[np.ndarray, " d"]
    class_ids: Int64[np.ndarray, " d"]
    ranks: Int64[np.ndarray, " d"]
    outcomes: UInt8[np.ndarray, "d sizes thresholds"]
    truths: Int64[np.ndarray, "n k sizes"]

    @classmethod
    def of(cls, images: Sequence[Detections]) -> "RankedDetections":
        """Rank the predictions of at least one image."""
        numbers = np.repeat(np.arange(len(images)), [len(image.scores) for image in images])
        scores, class_ids, ranks = (
            np.concatenate([getattr(image, name) for image in images]) for name in ("scores", "class_ids", "ranks")
        )
        outcomes = np.concatenate([image.outcomes for image in images])
        order = np.lexsort((-scores, class_ids))
        truths = np.stack([image.truths for image in images])
        return cls(numbers[order], class_ids[order], ranks[order], outcomes[order], truths)


def average_precision(
    ranked: RankedDetections, weights: Float64[np.ndarray, "m n"], *, size: str = "all", most: int = MOST
) -> Float64[np.ndarray, "m k thresholds"]:
    """The area under precision over recall, of each class at each IoU threshold; NaN where there is no true object.

    Precision at a recall is the best at that recall or above it; the area is its mean at 101 recalls. Row i of `weights` says
    how often each image counts; ones for pycocotools' numbers, to 1e-9. Predictions of one score keep the order of the images.
    """
    truths = weights @ ranked.truths[:, :, list(SIZES).index(size)].astype(np.float64)
    precision = np.full((*truths.shape, len(THRESHOLDS)), np.nan)
    for class_id in range(truths.shape[1]):
        images, outcomes = _of_class(ranked, class_id, size, most)
        for rows in _some_rows(len(weights), len(images)):
            precision[rows, class_id] = _areas(weights[rows][:, images], truths[rows, class_id], outcomes)
    return np.where(truths[:, :, None] > 0, precision, np.nan)


def average_recall(
    ranked: RankedDetections, weights: Float64[np.ndarray, "m n"], *, size: str = "all", most: int = MOST
) -> Float64[np.ndarray, "m k"]:
    """The share of the true objects of each class that is found, the mean over the IoU thresholds; NaN where there is none."""
    truths = weights @ ranked.truths[:, :, list(SIZES).index(size)].astype(np.float64)
    hits = np.zeros(ranked.truths.shape[:2])
    looked_at = ranked.ranks < most
    found = (ranked.outcomes[looked_at, list(SIZES).index(size)] == HIT).sum(axis=1)
    np.add.at(hits, (ranked.images[looked_at], ranked.class_ids[looked_at]), found)
    return ratio(weights @ hits, truths * len(THRESHOLDS))


def _of_class(
    ranked: RankedDetections, class_id: int, size: str, most: int
) -> tuple[Int64[np.ndarray, " d"], UInt8[np.ndarray, "d thresholds"]]:
    """The image and the outcomes of each prediction of a class, the surest first."""
    start, stop = np.searchsorted(ranked.class_ids, [class_id, class_id + 1])
    looked_at = np.flatnonzero(ranked.ranks[start:stop] < most) + start
    return ranked.images[looked_at], ranked.outcomes[looked_at, list(SIZES).index(size)]


def _some_rows(rows: int, columns: int) -> Iterator[slice]:
    step = max(AT_ONCE // max(columns, 1), 1)
    return (slice(start, start + step) for start in range(0, rows, step))


def _areas(
    weights: Float64[np.ndarray, "m d"], truths: Float64[np.ndarray, " m"], outcomes: UInt8[np.ndarray, "d thresholds"]
) -> Float64[np.ndarray, "m thresholds"]:
    """The area for each weighting and threshold. Only hits are looked at: precision falls between them, recall stands still."""
    areas = np.zeros((len(weights), outcomes.shape[1]))
    looked_at = np.cumsum(weights, axis=1)
    true = np.where(truths > 0, truths, 1)[:, None]
    for threshold, of in enumerate(outcomes.T):
        hit = np.flatnonzero(of == HIT)
        counted = np.cumsum(weights * (of != LEFT_OUT), axis=1) if (of == LEFT_OUT).any() else looked_at
        hits = np.cumsum(weights[:, hit], axis=1)
        precision = hits / (counted[:, hit] + np.spacing(1))
        recall = hits / true
        for row in range(len(weights)):
            first = recall[row].searchsorted(RECALLS)  # the hit at which each recall is reached
            reached = first[: np.searchsorted(first, len(hit))]
            if len(reached):
                best = np.maximum.accumulate(np.maximum.reduceat(precision[row], reached)[::-1])
                areas[row, threshold] = best.sum() / len(RECALLS)
    return areas
