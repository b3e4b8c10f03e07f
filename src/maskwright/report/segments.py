"""What a page says of segments: panoptic quality of all, things and stuff, of each class, and of each image."""

import math
from dataclasses import dataclass

from maskwright.masks.draw_objects import Color
from maskwright.metrics.object_errors import ErrorKind
from maskwright.metrics.panoptic_rules import MEANS, NUMBERS
from maskwright.metrics.scores import Score, Scores
from maskwright.report.segment_pictures import MEANINGS, SEGMENT_COLORS
from maskwright.report.tables import MOST_IMAGES

METRICS = ("PQ", "SQ", "RQ", "iou")


@dataclass(frozen=True)
class ClassRow:
    """One class: whether it is a thing, its scores of `METRICS`, and its hits, spurious and missed segments."""

    name: str
    is_thing: bool
    values: tuple[float, ...]
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class SegmentRow:
    """One image: its panoptic quality, its hits, spurious and missed segments, and those of which the name alone is wrong."""

    id: str
    score: float
    numbers: tuple[int, ...]
    misnamed: int


@dataclass(frozen=True)
class Segments:
    """What the page shows of scores of segments."""

    metrics: tuple[str, ...]
    numbers: tuple[str, ...]
    shown: tuple[tuple[Score, ...], ...]  # a row for each mean over classes, a score for each of `metrics`
    classes: tuple[ClassRow, ...]  # the worst first
    absent: tuple[str, ...]  # classes in no segment
    rows: tuple[SegmentRow, ...]
    colors: dict[ErrorKind, Color]
    meanings: dict[ErrorKind, str]


def segments(scores: Scores) -> Segments | None:
    """None where no panoptic maps were scored."""
    if not scores.per_image or "segments" not in scores.per_image[0]:
        return None
    rows = {(row.metric, row.subject): row for row in scores.rows}
    subjects = [row.subject for row in scores.rows if row.metric == "PQ"]
    names = [subject for subject in subjects if subject not in MEANS]
    absent = tuple(name for name in names if math.isnan(rows["PQ", name].value))
    classes = [
        ClassRow(
            name,
            name in scores.things,
            tuple(rows[metric, name].value for metric in METRICS),
            tuple(round(rows[number, name].value) for number in NUMBERS),
        )
        for name in names
        if name not in absent
    ]
    return Segments(
        METRICS,
        NUMBERS,
        tuple(tuple(rows[metric, subject] for metric in METRICS) for subject in subjects if subject in MEANS),
        tuple(sorted(classes, key=lambda row: row.values[0])),
        absent,
        tuple(
            SegmentRow(
                str(entry["id"]),
                math.nan if entry["score"] is None else float(entry["score"]),
                tuple(int(entry[number]) for number in NUMBERS),
                int(entry["misnamed"]),
            )
            for entry in scores.per_image[:MOST_IMAGES]
        ),
        SEGMENT_COLORS,
        MEANINGS,
    )
