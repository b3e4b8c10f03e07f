"""A run's journal as curves: loss and validation over the steps, and what else was noted."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from maskwright.metrics.semantic import ALL, FOREGROUND
from maskwright.report.words import measure, title_of

Points = list[tuple[float, float]]  # (step, value) by step, finite values only


@dataclass(frozen=True, kw_only=True)
class Curves:
    """What a journal tells, each step once."""

    loss: Points
    terms: dict[str, Points]
    validation: Points
    measure: str  # what validation measured, in words
    classes: dict[str, Points]  # the same of each class; the means and the one already in `validation` left out
    notes: tuple[tuple[int, str], ...]  # (step at which it was noted, message)
    planned: int  # steps, 0 where unknown
    resumed: int  # how often the run was taken up again
    seconds: float  # NaN where no entry says how long it took

    @property
    def best(self) -> tuple[float, float]:
        """Step and score of the best validation, the first of equals. There must be one."""
        return max(self.validation, key=lambda point: point[1])


def curves(journal: Iterable[dict[str, Any]]) -> Curves:
    """Read a journal's entries; where a resumed run wrote a step again, the later entry counts."""
    steps: dict[int, dict[str, Any]] = {}
    validations: dict[int, dict[str, Any]] = {}
    notes: list[tuple[int, str]] = []
    starts, planned, seconds, at = 0, 0, math.nan, 0
    for entry in journal:
        at = int(entry.get("step") or at)
        seconds = float(entry.get("seconds") or seconds)
        match entry.get("event"):
            case "start":
                starts += 1
                planned = int(entry.get("steps") or 0)
            case "step":
                steps[at] = entry
            case "validation":
                validations[at] = entry
            case "note":
                notes.append((at, str(entry.get("message", ""))))
    metric, _, subject = next(
        (str(entry["metric"]) for entry in validations.values() if entry.get("metric")), "score"
    ).partition("/")
    classes = _family(validations, "classes")
    return Curves(
        loss=_points({step: entry.get("loss") for step, entry in steps.items()}),
        terms=_family(steps, "terms"),
        validation=_points({step: entry.get("score") for step, entry in validations.items()}),
        measure=measure(metric, subject) if subject else title_of(metric),
        classes={name: points for name, points in classes.items() if name not in (subject, ALL, FOREGROUND)},
        notes=tuple(notes),
        planned=planned,
        resumed=max(starts - 1, 0),
        seconds=seconds,
    )


def smoothed(points: Points, most: int) -> Points:
    """At most `most` points, each the mean of as many neighbours as needed: a long run's curve stays light and readable."""
    size = max(math.ceil(len(points) / most), 1)
    groups = (points[start : start + size] for start in range(0, len(points), size))
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


def _family(entries: dict[int, dict[str, Any]], field: str) -> dict[str, Points]:
    """One curve for each name found in this field of any entry."""
    values = {step: entry.get(field) or {} for step, entry in entries.items()}
    names = dict.fromkeys(name for value in values.values() for name in value)
    return {name: _points({step: value.get(name) for step, value in values.items()}) for name in names}


def _points(values: dict[int, Any]) -> Points:
    return [(float(step), float(value)) for step, value in sorted(values.items()) if value is not None and math.isfinite(value)]
