"""What a page says of objects: the scores that matter, how they change with the threshold, what there is to fix, and where."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.masks.draw_objects import Color
from maskwright.metrics.detections import THRESHOLDS
from maskwright.metrics.instance import NUMBERS
from maskwright.metrics.instance_rules import AT_HALF, CLASSES, COCO, OBJECTS, STARDIST
from maskwright.metrics.object_errors import KINDS, ErrorKind
from maskwright.metrics.scores import Score, Scores
from maskwright.report import figures
from maskwright.report.object_pictures import ERROR_COLORS, REMEDIES
from maskwright.report.tables import MOST_IMAGES
from maskwright.report.words import grouped, number, share

SHOWN = (
    f"AP50{STARDIST}", f"F1{AT_HALF}", f"precision{AT_HALF}", f"recall{AT_HALF}", "mean matched IoU", "PQ", "AJI",
    f"AP{COCO}", f"AP50{COCO}", "count error", "relative count error",
)  # fmt: skip
OF_CLASSES = (f"AP50{STARDIST}", f"F1{AT_HALF}", "PQ", f"AP{COCO}")
FEW_IMAGES = 3  # below this many, counts of images are no cloud of points


@dataclass(frozen=True)
class KindRow:
    """One kind of error: how it is drawn, how often it occurs and in how many images, and what mends it."""

    kind: ErrorKind
    color: Color
    count: int
    images: int
    remedy: str


@dataclass(frozen=True)
class ClassRow:
    """One class: its objects, and the scores of these metrics."""

    name: str
    true: int
    predicted: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class ObjectRow:
    """One image: its headline score, its objects, those that were found, and its errors by kind."""

    id: str
    score: float
    true: int
    predicted: int
    found: int
    errors: tuple[int, ...]


@dataclass(frozen=True)
class Objects:
    """What the page shows of scores of objects. A figure is empty where there is nothing to draw."""

    subject: str
    shown: tuple[Score, ...]
    counts: str  # true against predicted, in words
    thresholds: str
    thresholds_in_words: str
    numbers: str
    numbers_in_words: str
    metrics: tuple[str, ...]  # of each class
    classes: tuple[ClassRow, ...]  # worst first; empty where there is one
    kinds: tuple[KindRow, ...]  # the most frequent first
    columns: tuple[ErrorKind, ...]
    rows: tuple[ObjectRow, ...]
    images: int


def objects(scores: Scores) -> Objects | None:
    """None where the scores are of label maps."""
    if not scores.per_image or "errors" not in scores.per_image[0]:
        return None
    subjects = [row.subject for row in scores.rows if row.metric == NUMBERS[0]]
    subject = OBJECTS if OBJECTS in subjects else subjects[0]
    columns = tuple(kind for kind in KINDS if kind != "wrong class" or len(subjects) > 1)
    rows = [_row(entry, subject, columns) for entry in scores.per_image]
    curves = _curves(scores, subject)
    measured = all(math.isfinite(value) for value in curves["AP"])
    return Objects(
        subject=subject,
        shown=_shown(scores, subject),
        counts=_counts(scores, subject),
        thresholds=figures.threshold_figure(THRESHOLDS, curves) if measured else "",
        thresholds_in_words=_in_words(curves),
        numbers=figures.number_figure([(row.true, row.predicted) for row in rows]) if len(rows) >= FEW_IMAGES else "",
        numbers_in_words=f"The true and the predicted objects of {len(rows)} images, one dot each.",
        metrics=OF_CLASSES,
        classes=_classes(scores, [name for name in subjects if name != OBJECTS]) if len(subjects) > 1 else (),
        kinds=_kinds(rows, columns),
        columns=columns,
        rows=tuple(rows[:MOST_IMAGES]),
        images=len(rows),
    )


def _shown(scores: Scores, subject: str) -> tuple[Score, ...]:
    """The scores of all objects together, and the means over classes of those that there are no others of."""
    rows = {(row.metric, row.subject): row for row in scores.rows}
    keys = ((metric, subject) if (metric, subject) in rows else (metric, CLASSES) for metric in SHOWN)
    return tuple(rows[key] for key in keys)


def _classes(scores: Scores, names: Sequence[str]) -> tuple[ClassRow, ...]:
    rows = []
    for name in names:
        true, predicted = (round(scores.row(number, name).value) for number in NUMBERS)
        rows.append(ClassRow(name, true, predicted, tuple(scores.row(metric, name).value for metric in OF_CLASSES)))
    return tuple(sorted(rows, key=lambda row: (math.isnan(row.values[0]), row.values[0])))


def _row(entry: dict[str, Any], subject: str, columns: Sequence[ErrorKind]) -> ObjectRow:
    score = math.nan if entry["score"] is None else float(entry["score"])
    true, predicted = (int(entry[name].get(subject, 0)) for name in NUMBERS)
    found = int(entry["matched"].get(subject, {}).get("hits", 0))
    return ObjectRow(str(entry["id"]), score, true, predicted, found, tuple(entry["errors"][kind] for kind in columns))


def _curves(scores: Scores, subject: str) -> dict[str, list[float]]:
    """F1 and StarDist's AP at every threshold; both are made of the same counts, so that each gives the other."""
    precision = [scores.row(f"AP{round(100 * at)}{STARDIST}", subject).value for at in THRESHOLDS]
    return {"F1": [2 * value / (1 + value) for value in precision], "AP": precision}


def _in_words(curves: dict[str, list[float]]) -> str:
    spans = (f"{name} falls from {number(values[0])} to {number(values[-1])}" for name, values in curves.items())
    return f"From an IoU of {THRESHOLDS[0]:g} to {THRESHOLDS[-1]:g}, {' and '.join(spans)}."


def _counts(scores: Scores, subject: str) -> str:
    """'30 true objects, 27 predicted: 10.0 % too few.'"""
    true, predicted = (round(scores.row(name, subject).value) for name in NUMBERS)
    said = f"{grouped(true)} true object{'s' if true != 1 else ''}, {grouped(predicted)} predicted"
    if true == predicted or not true:
        return f"{said}{': as many' if true else ''}."
    return f"{said}: {share(abs(predicted - true) / true)} too {'many' if predicted > true else 'few'}."


def _kinds(rows: Sequence[ObjectRow], columns: Sequence[ErrorKind]) -> tuple[KindRow, ...]:
    made = (
        KindRow(
            kind,
            ERROR_COLORS[kind],
            sum(row.errors[place] for row in rows),
            sum(row.errors[place] > 0 for row in rows),
            REMEDIES[kind],
        )
        for place, kind in enumerate(columns)
    )
    return tuple(sorted(made, key=lambda row: -row.count))
