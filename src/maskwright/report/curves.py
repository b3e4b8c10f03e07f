"""A run's journal as curves: loss and validation over the steps, and what else was noted."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Points = list[tuple[float, float]]  # (step, value) by step, finite values only


@dataclass(frozen=True, kw_only=True)
class Curves:
    """What a journal tells, each step once."""

    loss: Points
    terms: dict[str, Points]
    validation: Points
    metric: str  # what validation measured
    classes: dict[str, Points]
    notes: tuple[tuple[int, str], ...]  # (step before which it was noted, message)
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
    starts, seconds, at = 0, math.nan, 0
    for entry in journal:
        at = int(entry.get("step") or at)
        match entry.get("event"):
            case "start":
                starts += 1
            case "step":
                steps[at] = entry
            case "validation":
                validations[at] = entry
            case "note":
                notes.append((at, str(entry.get("message", ""))))
            case "end":
                seconds = float(entry.get("seconds") or math.nan)
    return Curves(
        loss=_points({step: entry.get("loss") for step, entry in steps.items()}),
        terms=_family(steps, "terms"),
        validation=_points({step: entry.get("score") for step, entry in validations.items()}),
        metric=str(next((entry["metric"] for entry in validations.values() if entry.get("metric")), "score")),
        classes=_family(validations, "classes"),
        notes=tuple(notes),
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
    return [(step, float(value)) for step, value in sorted(values.items()) if value is not None and math.isfinite(value)]
