"""Panoptic quality: segments of things and of stuff matched and counted, equal to panopticapi, each score with its rule."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from maskwright.base.errors import DataError, MaskValueError
from maskwright.masks.classes import Classes
from maskwright.masks.types import Panoptic
from maskwright.metrics.counts import Counts, mean
from maskwright.metrics.matching import MatchCounts
from maskwright.metrics.panoptic_rules import MEANS, NUMBERS, SEGMENTS, STUFF, THINGS, rule_of, warnings_of
from maskwright.metrics.scores import Score, Scores, bootstrap_weights, interval
from maskwright.metrics.segments import VOID, MatchedSegments, match_segments
from maskwright.metrics.semantic import ALL

HEADLINE = f"PQ/{ALL}"
FEW_CLASSES = 4  # whose every row a table shows; of more, the headline's metric alone is shown of each class that occurs

Values = dict[tuple[str, str], Float64[np.ndarray, " m"]]


@dataclass(frozen=True, eq=False)
class PanopticTally:
    """What one image adds to the scores: its segments that match, by class, and its pixels.

    `table` is the class table of the same two maps without their objects, as `masks.overlap.class_table` makes it.
    """

    counts: MatchCounts  # " k"
    table: Int64[np.ndarray, "k k1"]
    misnamed: int  # segments that were found and called by another name; each is missed and spurious, too

    def to_json(self) -> dict[str, Any]:
        """A JSON value."""
        counts = {name: values.tolist() for name, values in vars(self.counts).items()}
        return {"counts": counts, "table": self.table.tolist(), "misnamed": self.misnamed}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "PanopticTally":
        """The inverse of `to_json`."""
        counts = MatchCounts(**{name: np.array(values, np.float64) for name, values in value["counts"].items()})
        return cls(counts, np.array(value["table"], np.int64), value["misnamed"])


def tally(ground_truth: Panoptic, prediction: Panoptic, *, id: str = "") -> PanopticTally:
    """Compare the segments of one image by the rules of `MatchedSegments`.

    Raises `MaskValueError`, with the image's id, when the two differ in size or classes.
    """
    try:
        matched = match_segments(ground_truth, prediction)
    except MaskValueError as error:
        raise MaskValueError(f"{id}: {error}" if id else str(error)) from error
    size = len(ground_truth.classes)
    of_hit = matched.true.class_ids[matched.hits[:, 0]]
    of_others = matched.predicted.class_ids[matched.spurious], matched.true.class_ids[matched.missed]
    hits, spurious, missed = (np.bincount(ids, minlength=size).astype(np.float64) for ids in (of_hit, *of_others))
    iou_sum = np.bincount(of_hit, matched.iou, size).astype(np.float64)  # bincount of nothing is whole
    return PanopticTally(MatchCounts(hits, spurious, missed, iou_sum), _class_table(matched, size), len(matched.misnamed))


def scores(
    ids: Sequence[str], tallies: Sequence[PanopticTally], classes: Classes, *, draws: int = 1000, seed: int = 0
) -> Scores:
    """Score images from their tallies; a row holds a number, its 95 % interval (bootstrap over images) and its rule.

    A class with no segment in any image, true or predicted, is not measurable (NaN) and in no mean. The mean IoU of the
    same maps without their objects comes along. Raises `DataError` where there is no image.
    """
    if not tallies:
        raise DataError("There is no image to score: none has both a ground truth and a prediction.")
    images = _Images.of(tallies, classes)
    resampled: Values = {}
    if len(tallies) > 1:
        resampled = images.values(bootstrap_weights(len(tallies), draws=draws, seed=seed))
    rows = []
    for (metric, subject), value in (images.values(once := np.ones((1, len(tallies)))) | images.numbers(once)).items():
        low, high = interval(resampled.get((metric, subject), np.array([np.nan])))
        rows.append(
            Score(
                metric=metric,
                subject=subject,
                value=float(value[0]),
                low=low,
                high=high,
                rule=rule_of(metric, subject),
                images=len(tallies),
                detail=len(images.names) > FEW_CLASSES
                and subject in images.names
                and (metric != "PQ" or bool(np.isnan(value[0]))),
            )
        )
    table = np.sum([tally.table for tally in tallies], axis=0)
    pooled = MatchCounts.pooled([tally.counts for tally in tallies])
    return Scores(
        rows=tuple(rows),
        warnings=warnings_of(pooled, table.sum(axis=1).astype(np.float64), images.named, len(tallies)),
        class_names=classes.names,
        table=tuple(tuple(row) for row in table.tolist()),
        per_image=images.each(ids, [tally.misnamed for tally in tallies]),
        headline=HEADLINE,
        things=tuple(info.name for info in classes if info.is_thing),
    )


def segment_values(
    counts: MatchCounts, weights: Float64[np.ndarray, "m n"], names: Sequence[str], things: Collection[str]
) -> Values:
    """The scores that follow from matched segments, "n names" of each image and class, for each weighting of the images.

    They equal the rows of `scores`, in their order: of each metric the means over classes, then every class.
    """
    pooled = MatchCounts(*(weights @ part for part in vars(counts).values()))
    by_metric = {"PQ": pooled.panoptic_quality, "SQ": pooled.mean_matched_iou, "RQ": pooled.f1}
    return {key: value for metric, of in by_metric.items() for key, value in _subjects(metric, of, names, things).items()}


def _subjects(metric: str, of: Float64[np.ndarray, "m k"], names: Sequence[str], things: Collection[str]) -> Values:
    """The means over classes, of things and of stuff where there are both, and the value of each class."""
    is_thing = np.array([name in things for name in names], bool)
    groups = {ALL: np.ones(len(names), bool), THINGS: is_thing, STUFF: ~is_thing}
    shown = MEANS if 0 < is_thing.sum() < len(is_thing) else (ALL,)
    means = {(metric, name): mean(of[:, groups[name]]) for name in shown}
    return means | {(metric, name): of[:, i] for i, name in enumerate(names)}


@dataclass(frozen=True, eq=False)
class _Images:
    """The counts of all images, "n k" of the classes that are scored, and which of these are things."""

    named: dict[int, str]  # by class id
    things: tuple[str, ...]
    counts: MatchCounts
    pixels: Counts

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.named.values())

    @classmethod
    def of(cls, tallies: Sequence[PanopticTally], classes: Classes) -> "_Images":
        """All classes but a background without segments, which is what void is in other data sets."""
        counts = [tally.counts for tally in tallies]
        pooled = MatchCounts.pooled(counts)
        segments = pooled.hits + pooled.spurious + pooled.missed
        chosen = [i for i in range(len(classes)) if i != classes.background or segments[i] or len(classes) == 1]
        pixels = Counts.of(np.stack([tally.table for tally in tallies]))
        return cls(
            {i: classes[i].name for i in chosen},
            tuple(classes[i].name for i in chosen if classes[i].is_thing),
            MatchCounts(*(np.stack([getattr(each, part) for each in counts])[:, chosen] for part in vars(pooled))),
            Counts(*(part[:, chosen] for part in vars(pixels).values())),
        )

    def values(self, weights: Float64[np.ndarray, "m n"]) -> Values:
        """The scores of every (metric, subject), in the order of the rows, for each weighting of the images."""
        values = segment_values(self.counts, weights, self.names, self.things)
        return values | _subjects("iou", self.pixels.pooled(weights).iou, self.names, self.things)

    def numbers(self, weights: Float64[np.ndarray, "m n"]) -> Values:
        """Hits, spurious and missed segments of each class, and of several of all together."""
        values: Values = {}
        for metric in NUMBERS:
            of = weights @ getattr(self.counts, metric)
            values |= {(metric, name): of[:, i] for i, name in enumerate(self.names)}
            if len(self.names) > 1:
                values[metric, SEGMENTS] = of.sum(axis=1)
        return values

    def each(self, ids: Sequence[str], misnamed: Sequence[int]) -> tuple[dict[str, Any], ...]:
        """Each image's own values of the classes in it, worst first; without segments that count comes last."""
        quality, iou = self.counts.panoptic_quality, self.pixels.iou
        score = mean(quality)
        numbers = {metric: getattr(self.counts, metric) for metric in NUMBERS}
        entries = []
        for i in np.argsort(score, kind="stable").tolist():
            there = [(j, name) for j, name in enumerate(self.names) if not np.isnan(quality[i, j])]
            entries.append(
                {
                    "id": ids[i],
                    "score": None if np.isnan(score[i]) else float(score[i]),
                    "PQ": {name: float(quality[i, j]) for j, name in there},
                    "iou": {name: float(iou[i, j]) for j, name in enumerate(self.names) if not np.isnan(iou[i, j])},
                    **{metric: int(of[i].sum()) for metric, of in numbers.items()},
                    "misnamed": misnamed[i],
                    "segments": {name: {part: float(of[i, j]) for part, of in vars(self.counts).items()} for j, name in there},
                    "pixels": self.pixels.of_image(i),
                }
            )
        return tuple(entries)


def _class_table(matched: MatchedSegments, size: int) -> Int64[np.ndarray, "k k1"]:
    """Pixels per (true class, predicted class); the last column counts what was not predicted."""
    pairs = matched.overlaps
    true, predicted = matched.true.class_ids[pairs.true], matched.predicted.class_ids[pairs.predicted]
    known = true != VOID
    codes = true[known] * (size + 1) + np.where(predicted[known] == VOID, size, predicted[known])
    return np.bincount(codes, pairs.pixels[known], size * (size + 1)).astype(np.int64).reshape(size, size + 1)
