"""How well what was found agrees with the ground truth: what the thresholds of tasks are settled by."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from maskwright.masks.types import Instances, Panoptic
from maskwright.metrics.detections import THRESHOLDS
from maskwright.metrics.instance_tally import match_counts
from maskwright.metrics.matching import MatchCounts
from maskwright.metrics.panoptic import tally

SETTLED_AT = THRESHOLDS[:6]  # of IoU, from 0.5 to 0.75
Thresholds = TypeVar("Thresholds", bound=Any)  # a frozen dataclass


def compared(ground_truth: Instances, found: Instances) -> MatchCounts:
    """What matches in one image, of each class and at each threshold."""
    return match_counts(ground_truth, found, SETTLED_AT)


def agreement(images: Sequence[MatchCounts]) -> float:
    """StarDist's average precision of all objects together, the mean of IoU 0.5 to 0.75; 0 where there is no object."""
    of_classes = MatchCounts.pooled(images)
    counts = MatchCounts(*(part.sum(axis=0) for part in vars(of_classes).values()))
    return float(np.nan_to_num(counts.accuracy).mean())


def panoptic_agreement(images: Iterable[tuple[Panoptic, Panoptic]]) -> float:
    """The mean panoptic quality of the classes with segments, of pairs of ground truth and what was found; 0 without any."""
    counts = MatchCounts.pooled([tally(truth, found).counts for truth, found in images])
    quality = counts.panoptic_quality
    return float(np.nanmean(quality)) if not np.isnan(quality).all() else 0.0


def one_after_another(
    start: Thresholds, tried: Mapping[str, Sequence[float]], quality: Callable[[Thresholds], float]
) -> Thresholds:
    """The thresholds of the best quality, where each in turn is settled with the others as they are by then.

    Of equals it is the one that is there, and else the first. All combinations would take many times as long.
    """
    best, highest = start, quality(start)
    for name, values in tried.items():
        others = [replace(best, **{name: value}) for value in values if value != getattr(best, name)]
        for each in others:
            if (reached := quality(each)) > highest:
                best, highest = each, reached
    return best
