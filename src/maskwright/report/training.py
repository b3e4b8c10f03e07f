"""The training section: curves, their legends, and how it went in words."""

import math
from dataclasses import dataclass

from maskwright.report import figures
from maskwright.report.curves import Curves
from maskwright.report.words import duration, number


@dataclass(frozen=True)
class LegendEntry:
    """A curve's name beside a stroke that looks like the curve."""

    name: str
    color: int
    dash: str
    width: float


@dataclass(frozen=True)
class CurveFigure:
    """One figure: what stands above it, what it says to those who cannot see it, its SVG and legend."""

    title: str
    description: str
    svg: str
    legend: tuple[LegendEntry, ...]


@dataclass(frozen=True)
class Training:
    """What the page says of a training."""

    figures: tuple[CurveFigure, ...]
    summary: str
    notes: tuple[tuple[int, str], ...]


def training(curves: Curves) -> Training | None:
    """The section, or None where the journal holds neither a step nor a validation."""
    drawn = ([_loss(curves)] if curves.loss else []) + ([_validation(curves)] if curves.validation else [])
    return Training(tuple(drawn), _summary(curves), curves.notes) if drawn else None


def _loss(curves: Curves) -> CurveFigure:
    (_, first), (last_step, last) = curves.loss[0], curves.loss[-1]
    description = f"The loss over {last_step:.0f} steps, from {number(first)} to {number(last)}."
    return CurveFigure("Loss", description, figures.loss_figure(curves), _legend("all terms", figures.drawn_terms(curves)))


def _validation(curves: Curves) -> CurveFigure:
    step, score = curves.best
    measure = curves.measure[:1].upper() + curves.measure[1:]
    description = f"{measure} on the validation part over the steps: the best, {number(score)}, at step {step:.0f}."
    svg, names = figures.validation_figure(curves), figures.drawn_classes(curves)
    return CurveFigure(f"{measure} on the validation part", description, svg, _legend("all together, the best ringed", names))


def _legend(first: str, names: tuple[str, ...]) -> tuple[LegendEntry, ...]:
    """The stroke of each curve; the first is the thick one."""
    entries = [LegendEntry(first, 0, "none", 2.4)]
    for place, name in enumerate(names, 1):
        color, dash = figures.series(place)
        entries.append(LegendEntry(name, figures.SERIES.index(color), figures.DASHES[dash], 1.6))
    return tuple(entries)


def _summary(curves: Curves) -> str:
    sentences = []
    if curves.loss:
        last = round(curves.loss[-1][0])
        of = f" of {curves.planned} planned" if last < curves.planned else ""
        took = "" if math.isnan(curves.seconds) else f" in {duration(curves.seconds)}"
        sentences.append(f"{last}{of} steps{took}.")
    if curves.validation:
        step, score = curves.best
        sentences.append(f"The best weights are those of step {step:.0f} ({curves.measure}: {number(score)}).")
    if curves.resumed:
        sentences.append(f"Taken up again {'once' if curves.resumed == 1 else f'{curves.resumed} times'}.")
    return " ".join(sentences)
