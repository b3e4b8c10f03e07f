"""Scores of objects: matched as StarDist, COCO and the panoptic quality have it, and counted, each with its rule."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from maskwright.base.errors import DataError
from maskwright.masks.classes import Classes
from maskwright.metrics.aggregated_jaccard import SharedPixels
from maskwright.metrics.average_precision import RankedDetections, average_precision, average_recall
from maskwright.metrics.counts import mean, mean_of_images, ratio
from maskwright.metrics.detections import SIZES, THRESHOLDS
from maskwright.metrics.instance_rules import AT_HALF, CLASSES, COCO, OBJECTS, PER_IMAGE, STARDIST, rule_of, warnings_of
from maskwright.metrics.instance_tally import InstanceTally
from maskwright.metrics.matching import MatchCounts
from maskwright.metrics.object_errors import KINDS
from maskwright.metrics.scores import Score, Scores, bootstrap_weights, interval

AP50 = f"AP50{STARDIST}"
NUMBERS = ("true objects", "predicted objects")  # facts about these images, which have no interval
SHOWN_AT = ("AP50", "AP75", "AP90")  # StarDist's; the other thresholds are details
FEW_CLASSES = 4  # whose every row a table shows; of more, the headline's metric alone is shown of each class

Values = dict[tuple[str, str], Float64[np.ndarray, " m"]]


@dataclass(frozen=True, eq=False)
class _Images:
    """The tallies of all images, by image and subject: the scored classes and, of several, all of them together."""

    names: tuple[str, ...]
    several: bool  # whether the last subject is all classes together
    counts: MatchCounts  # "n subjects thresholds"
    pixels: SharedPixels  # "n subjects"
    ranked: RankedDetections
    class_ids: tuple[int, ...]

    @property
    def headline(self) -> str:
        """AP50 of the one class, or its mean over several, so that a rare class weighs as much as a frequent one."""
        return f"{AP50}/{CLASSES if self.several else self.names[0]}"


def scores(
    ids: Sequence[str], tallies: Sequence[InstanceTally], classes: Classes, *, draws: int = 1000, seed: int = 0
) -> Scores:
    """Score images from their tallies; a row holds a number, its 95 % interval (bootstrap over images) and its rule.

    The background is no class of objects, unless an object says so. Rows by object size have no interval. Raises `DataError`
    where there is no image, or where the tallies were made with different `min_score`.
    """
    if not tallies:
        raise DataError("There is no image to score: none has both a ground truth and a prediction.")
    if len({tally.min_score for tally in tallies}) > 1:
        raise DataError("The images were compared with different values of min_score. Compare all with one.")
    images = _stacked(tallies, classes)
    once = np.ones((1, len(tallies)))
    values = _values(images, once) | _sized(images, once)
    resampled: Values = {}
    if len(tallies) > 1:
        of_draws = _values(images, bootstrap_weights(len(tallies), draws=draws, seed=seed))
        resampled = {key: value for key, value in of_draws.items() if key[0] not in NUMBERS}
    rows = []
    for (metric, subject), value in values.items():
        low, high = interval(resampled.get((metric, subject), np.array([np.nan])))
        rows.append(
            Score(
                metric=metric,
                subject=subject,
                value=float(value[0]),
                low=low,
                high=high,
                rule=rule_of(metric, subject, tallies[0].min_score),
                images=_measured(images, metric, subject),
                detail=_is_detail(images, metric, subject),
            )
        )
    return Scores(
        rows=tuple(rows),
        warnings=warnings_of(tallies, {i: classes[i].name for i in images.class_ids}),
        class_names=classes.names,
        table=(),
        per_image=_per_image(images, ids, tallies),
        headline=images.headline,
    )


def matched_values(matched: MatchCounts, weights: Float64[np.ndarray, "m n"], names: Sequence[str]) -> Values:
    """The scores that follow from what matched at IoU 0.5, "n names" of each image and class, for each weighting of the images.

    They equal the rows of `scores`; of several classes, also of all together and of their mean.
    """
    pooled = MatchCounts(*(weights @ part for part in vars(matched).values()))
    subjects = tuple(names)
    if len(names) > 1:
        pooled = MatchCounts(*(np.column_stack([part, part.sum(axis=1)]) for part in vars(pooled).values()))
        subjects = (*names, OBJECTS)
    values: Values = {}
    for metric, of in _at_half(pooled).items():
        values |= {(metric, name): of[:, i] for i, name in enumerate(subjects)}
        if len(names) > 1:
            values[metric, CLASSES] = mean(of[:, : len(names)])
    return values


def _at_half(counts: MatchCounts) -> dict[str, Float64[np.ndarray, "m subjects"]]:
    """What follows from the matches at IoU 0.5."""
    return {
        AP50: counts.accuracy,
        f"F1{AT_HALF}": counts.f1,
        f"precision{AT_HALF}": counts.precision,
        f"recall{AT_HALF}": counts.recall,
        "mean matched IoU": counts.mean_matched_iou,
        "mean true IoU": counts.mean_true_iou,
        f"PQ{STARDIST}": counts.panoptic_quality,
    }


def _stacked(tallies: Sequence[InstanceTally], classes: Classes) -> _Images:
    """The classes that are scored: all but the background, and that too where an object is of it."""
    counts, pixels = [tally.counts for tally in tallies], [tally.pixels for tally in tallies]
    pooled = MatchCounts.pooled(counts)
    objects = (pooled.hits + pooled.spurious + pooled.missed)[:, 0]
    class_ids = tuple(i for i in range(len(classes)) if i != classes.background or objects[i] or len(classes) == 1)
    several = len(class_ids) > 1

    def subjects(parts: Sequence[MatchCounts] | Sequence[SharedPixels], name: str) -> Float64[np.ndarray, "n subjects *t"]:
        stack = np.stack([getattr(part, name) for part in parts])[:, list(class_ids)]
        return np.concatenate([stack, stack.sum(axis=1, keepdims=True)], axis=1) if several else stack

    return _Images(
        tuple(classes[i].name for i in class_ids) + ((OBJECTS,) if several else ()),
        several,
        MatchCounts(*(subjects(counts, name) for name in MatchCounts.__annotations__)),
        SharedPixels(*(subjects(pixels, name) for name in SharedPixels.__annotations__)),
        RankedDetections.of([tally.detections for tally in tallies]),
        class_ids,
    )


def _values(images: _Images, weights: Float64[np.ndarray, "m n"]) -> Values:
    """The value of every (metric, subject), in the order of the rows, for each weighting of the images."""
    counts = MatchCounts(*(np.tensordot(weights, part, 1) for part in vars(images.counts).values()))
    pixels = SharedPixels(*(weights @ part for part in vars(images.pixels).values()))
    half = MatchCounts(*(part[:, :, 0] for part in vars(counts).values()))
    panoptic = MatchCounts(*(part[:, :, -1] for part in vars(counts).values()))
    by_metric = {f"{_ap(i)}{STARDIST}": counts.accuracy[:, :, i] for i in range(len(THRESHOLDS))}
    by_metric |= _at_half(half)
    by_metric |= {
        "PQ": panoptic.panoptic_quality,
        "SQ": panoptic.mean_matched_iou,
        "RQ": panoptic.f1,
        "AJI": pixels.index,
    }
    by_metric |= {f"{metric}{PER_IMAGE}": mean_of_images(each, weights) for metric, each in _of_each_image(images).items()}
    values = {key: value for metric, of in by_metric.items() for key, value in _subjects(images, metric, of).items()}
    return values | _count_values(images, weights) | _ranked_values(images, weights)


def _ap(threshold: int) -> str:
    """'AP50' for the first threshold."""
    return f"AP{round(100 * THRESHOLDS[threshold])}"


def _of_each_image(images: _Images) -> dict[str, Float64[np.ndarray, "n subjects"]]:
    """The scores that an image has by itself."""
    half, panoptic = (MatchCounts(*(part[:, :, i] for part in vars(images.counts).values())) for i in (0, -1))
    return {AP50: half.accuracy, f"F1{AT_HALF}": half.f1, "PQ": panoptic.panoptic_quality, "AJI": images.pixels.index}


def _subjects(images: _Images, metric: str, of: Float64[np.ndarray, "m subjects"]) -> Values:
    """A value for each subject and, of several classes, their mean."""
    values = {(metric, name): of[:, i] for i, name in enumerate(images.names[: of.shape[1]])}
    return values | {(metric, CLASSES): mean(of[:, : len(images.class_ids)])} if images.several else values


def _count_values(images: _Images, weights: Float64[np.ndarray, "m n"]) -> Values:
    """Numbers of objects, as they are matched at IoU 0.5, and how wrong they are."""
    true, predicted = _numbers(images)
    wrong = np.abs(predicted - true)
    by_metric = {
        **dict(zip(NUMBERS, (weights @ true, weights @ predicted), strict=True)),
        "count error": mean_of_images(wrong, weights),
        "relative count error": mean_of_images(ratio(wrong, true), weights),
    }
    return {(metric, name): of[:, i] for metric, of in by_metric.items() for i, name in enumerate(images.names)}


def _numbers(images: _Images) -> tuple[Float64[np.ndarray, "n subjects"], Float64[np.ndarray, "n subjects"]]:
    """How many objects that count each image has: true and predicted."""
    hits, spurious, missed = (getattr(images.counts, name)[:, :, 0] for name in ("hits", "spurious", "missed"))
    return hits + missed, hits + spurious


def _ranked_values(images: _Images, weights: Float64[np.ndarray, "m n"]) -> Values:
    """COCO's scores of objects of any size."""
    of_class = average_precision(images.ranked, weights)[:, list(images.class_ids)]
    by_metric = {
        "AP": of_class.mean(axis=2),  # NaN at one threshold is NaN at all
        "AP50": of_class[:, :, 0],
        "AP75": of_class[:, :, 5],
    }
    for most in (1, 10, 100):
        by_metric[f"AR{most}"] = average_recall(images.ranked, weights, most=most)[:, list(images.class_ids)]
    return {key: value for name, of in by_metric.items() for key, value in _subjects(images, f"{name}{COCO}", of).items()}


def _sized(images: _Images, weights: Float64[np.ndarray, "m n"]) -> Values:
    """COCO's scores of objects of one size."""
    values: Values = {}
    for name, score in (("AP", average_precision), ("AR", average_recall)):
        for size in list(SIZES)[1:]:
            of = score(images.ranked, weights, size=size).reshape(len(weights), len(images.ranked.truths[0]), -1).mean(axis=2)
            values |= _subjects(images, f"{name} {size}{COCO}", of[:, list(images.class_ids)])
    return values


def _measured(images: _Images, metric: str, subject: str) -> int:
    """How many images stand behind a row: those with objects of the class if it is a mean of images, else all."""
    true, predicted = _numbers(images)
    if subject not in images.names or not (metric.endswith(PER_IMAGE) or metric == "relative count error"):
        return len(true)
    i = images.names.index(subject)
    return int(np.count_nonzero(true[:, i] + (predicted[:, i] if metric.endswith(PER_IMAGE) else 0)))


def _is_detail(images: _Images, metric: str, subject: str) -> bool:
    if metric.endswith(STARDIST) and metric.removesuffix(STARDIST) not in SHOWN_AT:
        return True
    if metric.endswith(COCO) and (metric.startswith("AR") or " " in metric.removesuffix(COCO)):
        return True
    return metric != AP50 and len(images.class_ids) > FEW_CLASSES and subject not in (OBJECTS, CLASSES)


def _per_image(images: _Images, ids: Sequence[str], tallies: Sequence[InstanceTally]) -> tuple[dict[str, Any], ...]:
    """Each image's own values of the classes in it, worst by the headline first, and its errors; without objects comes last."""
    each, subject = _of_each_image(images), images.headline.split("/", 1)[1]
    score = mean(each[AP50][:, : len(images.class_ids)]) if subject == CLASSES else each[AP50][:, 0]
    numbers = dict(zip(NUMBERS, _numbers(images), strict=True))
    matched = {name: part[:, :, 0] for name, part in vars(images.counts).items()}
    entries = []
    for i in np.argsort(score, kind="stable").tolist():
        there = [j for j, name in enumerate(images.names) if name == OBJECTS or not np.isnan(each[AP50][i, j])]
        kinds = Counter(error.kind for error in tallies[i].errors)
        entries.append(
            {
                "id": ids[i],
                "score": _known(score[i]),
                **{metric: {images.names[j]: _known(of[i, j]) for j in there} for metric, of in each.items()},
                **{name: {images.names[j]: int(of[i, j]) for j in there} for name, of in numbers.items()},
                "errors": {kind: kinds[kind] for kind in KINDS},
                "objects": [dict(vars(error)) for error in tallies[i].errors],
                "matched": {images.names[j]: {name: float(of[i, j]) for name, of in matched.items()} for j in there},
            }
        )
    return tuple(entries)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
