"""The page that shows runs side by side: one HTML file that needs nothing but itself."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.ticker import MaxNLocator

from maskwright.base.files import atomic_write
from maskwright.metrics.paired import PairedScore
from maskwright.report import comparison_words, words
from maskwright.report.comparison import RunComparison
from maskwright.report.html import environment

MOST_IMAGES = 30  # listed, those on which the runs differ most first
MARGIN = 0.08  # of an axis' length beyond the outermost value, so that its dot and the label below fit
SMALLEST_MARGIN = 0.005  # so that differences that nobody cares for are not drawn large


@dataclass(frozen=True)
class Axis:
    """A scale from left to right that all the values of a column share."""

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def over(cls, values: Iterable[float], most_ticks: int = 5) -> "Axis | None":
        """An axis that holds all the values; None where there are none."""
        measured = [value for value in values if not math.isnan(value)]
        if not measured:
            return None
        least, most = min(measured), max(measured)
        margin = max(MARGIN * (most - least), SMALLEST_MARGIN)
        low, high = least - margin, most + margin
        ticks = MaxNLocator(nbins=most_ticks, steps=[1, 2, 5, 10]).tick_values(low, high)
        return cls(low, high, tuple(float(tick) for tick in ticks if low <= tick <= high))

    def place(self, value: float) -> float:
        """Where a value lies, in per cent of the length."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)

    def label(self, tick: float) -> str:
        """A tick with as many digits as tell it from its neighbours."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else self.high - self.low
        return f"{tick:z.{max(0, math.ceil(-math.log10(step) - 1e-9))}f}"


def write(path: Path, comparison: RunComparison) -> None:
    """Write the page; the file is whole or absent. Raises `MaskwrightError` where it cannot be written."""
    atomic_write(path, render(comparison))


def render(comparison: RunComparison) -> str:
    """The whole page as HTML: nothing is loaded, no script runs, and names are escaped whatever they hold."""
    others = comparison.runs[1:]
    headlines = [comparison.headline(run) for run in comparison.runs]
    by_class = comparison.by_class()
    by_metric = {words.title_of(metric): scores for metric, scores in comparison.by_metric().items()}
    ticks = 3 if len(others) > 2 else 4
    view = {
        "comparison": comparison,
        "first": comparison.runs[0],
        "others": others,
        "say": comparison_words,
        "measure": words.measure(comparison.metric, comparison.subject),
        "sentences": comparison_words.sentences(comparison),
        "by_class": by_class,
        "by_metric": by_metric,
        "images": comparison.images[:MOST_IMAGES],
        "values": Axis.over(value for row in headlines for value in (row.value, row.low, row.high)),
        "differences": Axis.over((0.0, *_of(headlines[1:]))),
        "class_differences": Axis.over((0.0, *_of(_others(by_class))), most_ticks=ticks),
        "metric_differences": Axis.over((0.0, *_of(_others(by_metric))), most_ticks=ticks),
    }
    return words.printable(environment().get_template("comparison.html.j2").render(view))


def _others(rows: dict[str, list[PairedScore]]) -> Iterable[PairedScore]:
    return (score for scores in rows.values() for score in scores[1:])


def _of(rows: Iterable[PairedScore]) -> Iterable[float]:
    return (value for row in rows for value in (row.difference, row.difference_low, row.difference_high))
