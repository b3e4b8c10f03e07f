"""Scores of several predictions of the same images, and the interval of their difference by paired bootstrap."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float64

from maskwright.masks.classes import Classes
from maskwright.metrics.counts import Counts
from maskwright.metrics.instance import matched_values
from maskwright.metrics.matching import MatchCounts
from maskwright.metrics.panoptic import segment_values
from maskwright.metrics.scores import bootstrap_weights, interval
from maskwright.metrics.semantic import values_of

Values = dict[tuple[str, str], Float64[np.ndarray, " m"]]
ValuesOf = Callable[..., Values]  # of `weights`, "m n"


@dataclass(frozen=True, kw_only=True)
class PairedScore:
    """One score of one prediction, and how it differs from that of the first prediction of the same images.

    `low` and `high` bound the value, `difference_low` and `difference_high` the difference, at 95 %; NaN with one image.
    `better` is the share of the resamples in which this prediction scores higher than the first, NaN with one image. A value is
    NaN where nothing can be measured. The first prediction differs from itself by 0.
    """

    metric: str
    subject: str
    value: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    better: float


def paired_scores(
    predictions: Sequence[Counts], classes: Classes, *, background: int | None, draws: int = 1000, seed: int = 0
) -> tuple[tuple[PairedScore, ...], ...]:
    """The scores of each prediction; row i of every `Counts` belongs to the same image with the same ground truth.

    Every resample draws the same images for all (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8, for
    paired data), so that what makes an image hard for all of them falls out of the difference.
    """
    images = len(predictions[0].truth)
    return _paired_rows(
        images, [partial(values_of, counts, classes=classes, background=background) for counts in predictions], draws, seed
    )


def paired_object_scores(
    predictions: Sequence[MatchCounts], names: Sequence[str], *, draws: int = 1000, seed: int = 0
) -> tuple[tuple[PairedScore, ...], ...]:
    """The same of objects: counts "n names" of matches at IoU 0.5, of each image and class of objects."""
    images = len(predictions[0].hits)
    return _paired_rows(images, [partial(matched_values, counts, names=names) for counts in predictions], draws, seed)


def paired_segment_scores(
    predictions: Sequence[MatchCounts], names: Sequence[str], things: Collection[str], *, draws: int = 1000, seed: int = 0
) -> tuple[tuple[PairedScore, ...], ...]:
    """The same of segments: counts "n names" of each image and class, of which `things` are things."""
    images = len(predictions[0].hits)
    values = [partial(segment_values, counts, names=names, things=things) for counts in predictions]
    return _paired_rows(images, values, draws, seed)


def _paired_rows(images: int, values: Sequence[ValuesOf], draws: int, seed: int) -> tuple[tuple[PairedScore, ...], ...]:
    """The rows of each prediction, whose values follow from how often each image counts."""
    weights = bootstrap_weights(images, draws=draws if images > 1 else 0, seed=seed)  # one image has no spread
    once = [of(weights=np.ones((1, images))) for of in values]
    resampled = [of(weights=weights) for of in values]
    return tuple(
        tuple(_paired(key, once[0][key], resampled[0][key], value, resamples[key]) for key, value in of_one.items())
        for of_one, resamples in zip(once, resampled, strict=True)
    )


def _paired(
    key: tuple[str, str],
    first: Float64[np.ndarray, " 1"],
    first_resampled: Float64[np.ndarray, " draws"],
    value: Float64[np.ndarray, " 1"],
    resampled: Float64[np.ndarray, " draws"],
) -> PairedScore:
    """One row: value and resampled values of the first prediction and of this one."""
    differences = resampled - first_resampled
    measured = differences[~np.isnan(differences)]
    low, high = interval(resampled)
    difference_low, difference_high = interval(differences)
    return PairedScore(
        metric=key[0],
        subject=key[1],
        value=float(value[0]),
        low=low,
        high=high,
        difference=float(value[0] - first[0]),
        difference_low=difference_low,
        difference_high=difference_high,
        better=float(np.mean(measured > 0)) if len(measured) else float("nan"),
    )
