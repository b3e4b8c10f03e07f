"""What a comparison of runs holds: each run's scores on the images that all were scored on, and what to know of them."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from maskwright.metrics.paired import PairedScore
from maskwright.metrics.scores import without_nan


@dataclass(frozen=True, kw_only=True)
class ComparedRun:
    """One run: what it is, what it cost, and its scores; numbers that its folder does not tell are None, `seconds` NaN."""

    name: str
    model: str
    weights: int | None
    steps: int | None
    planned: int | None  # steps
    seconds: float
    scores: tuple[PairedScore, ...]

    def row(self, metric: str, subject: str) -> PairedScore:
        """The row of one metric and subject; KeyError where there is none."""
        for row in self.scores:
            if (row.metric, row.subject) == (metric, subject):
                return row
        raise KeyError(f"{metric}/{subject}")


@dataclass(frozen=True, kw_only=True)
class ComparedImage:
    """The headline score of one image by itself in every run; NaN where it cannot be measured."""

    id: str
    values: list[float]

    @property
    def spread(self) -> float:
        """The best run's score less the worst one's; 0 where fewer than two can be measured."""
        measured = [value for value in self.values if not math.isnan(value)]
        return max(measured) - min(measured) if measured else 0.0


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """Runs on the same images; every difference is to the first of them.

    metric, subject: the headline, such as 'dice' of 'foreground mean'. metrics: the others to be shown of this subject.
    images: those that count, the ones on which the runs differ most first. notes: which scored images do not count, and why.
    warnings: what to know before believing the numbers.
    """

    runs: tuple[ComparedRun, ...]
    metric: str
    subject: str
    rule: str
    class_names: tuple[str, ...]
    metrics: tuple[str, ...] = ()
    images: tuple[ComparedImage, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def headline(self, run: ComparedRun) -> PairedScore:
        """The number that stands for a run."""
        return run.row(self.metric, self.subject)

    def by_class(self) -> dict[str, list[PairedScore]]:
        """The headline's metric of each class, a score a run; empty where one class is all there is."""
        names = self.class_names if self.class_names != (self.subject,) else ()
        return {name: [run.row(self.metric, name) for run in self.runs] for name in names}

    def by_metric(self) -> dict[str, list[PairedScore]]:
        """The other metrics of the headline's subject, a score a run."""
        return {metric: [run.row(metric, self.subject) for run in self.runs] for metric in self.metrics}

    def to_json(self) -> dict[str, Any]:
        """A JSON value; NaN becomes null."""
        value: dict[str, Any] = without_nan(asdict(self))
        return value
