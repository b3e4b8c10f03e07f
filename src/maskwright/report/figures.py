"""Curves and spreads as SVG that takes its colours and letters from the page, so it follows light, dark and print.

Names that a user gave are never drawn here, only our own words: the page writes the legends, escaped, in HTML.
"""

import io
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from maskwright.report.curves import Curves, Points, smoothed

# Colours that stand for the page's CSS variables until the SVG is written.
INK, FAINT = "#010203", "#040506"
SERIES = tuple(f"#0a0b{index:02x}" for index in range(6))
VARIABLES = {INK: "--ink", FAINT: "--line"} | {color: f"--series-{index}" for index, color in enumerate(SERIES)}
DASHES = {"-": "none", "--": "5 3", ":": "1.5 2.5"}  # matplotlib's word and SVG's, for curves beyond the colours

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # letters stay letters: they can be searched, copied and read aloud
    "svg.hashsalt": "maskwright",  # equal reports are equal files
    "font.size": 8.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.direction": "out",
}
MOST_POINTS = 300  # of one curve; more cannot be told apart on a page
MEAN_POINTS = 40  # of a running mean, so that its direction shows through the noise
MOST_CLASSES = 12  # drawn as curves; more would be a tangle, and the mean is always drawn


def series(index: int) -> tuple[str, str]:
    """Colour and dash of the curve in this place."""
    return SERIES[index % len(SERIES)], tuple(DASHES)[index // len(SERIES) % len(DASHES)]


@mpl.rc_context(STYLE)
def loss_figure(curves: Curves) -> str:
    """The loss, its running mean, and the running mean of each term where there are several."""
    figure, axes = _axes(height=2.5)
    axes.plot(*_xy(smoothed(curves.loss, MOST_POINTS)), color=SERIES[0], linewidth=0.7, alpha=0.4)
    axes.plot(*_xy(smoothed(curves.loss, MEAN_POINTS)), color=SERIES[0], linewidth=2)
    for index, name in enumerate(drawn_terms(curves), 1):
        color, dash = series(index)
        axes.plot(*_xy(smoothed(curves.terms[name], MEAN_POINTS)), color=color, linestyle=dash, linewidth=1.2)
    axes.set(xlabel="step", ylabel="loss")
    axes.set_xlim(left=0)
    if min(value for _, value in curves.loss) >= 0:
        axes.set_ylim(bottom=0)
    return _svg(figure, "loss")


@mpl.rc_context(STYLE)
def validation_figure(curves: Curves) -> str:
    """The validation score, each class's, and a ring around the best."""
    figure, axes = _axes(height=2.5)
    for index, name in enumerate(drawn_classes(curves), 1):
        color, dash = series(index)
        axes.plot(*_xy(curves.classes[name]), color=color, linestyle=dash, linewidth=1.2)
    axes.plot(*_xy(curves.validation), color=SERIES[0], linewidth=2, marker=".", markersize=5)
    axes.plot(*curves.best, color=SERIES[0], marker="o", markersize=9, markerfacecolor="none", markeredgewidth=1.4)
    axes.set(xlabel="step", ylabel="score", ylim=(0, 1.02))
    axes.set_xlim(left=0)
    return _svg(figure, "validation")


@mpl.rc_context(STYLE)
def spread_figure(values: Sequence[float], mark: float) -> str:
    """A dot for every image's score, stacked where they are alike, and a line at the score of all images together."""
    figure, axes = _axes(height=1.3)
    bins = 60
    columns = Counter(min(int(value * bins), bins - 1) for value in values)
    tallest = max(columns.values())
    for column, count in columns.items():
        axes.plot(
            [(column + 0.5) / bins] * count, [(place + 0.5) / max(tallest, 5) for place in range(count)],
            linestyle="none", marker="o", markersize=max(2.0, min(4.5, 60 / tallest)), color=SERIES[0], alpha=0.85,
        )  # fmt: skip
    if math.isfinite(mark):
        axes.axvline(mark, color=INK, linewidth=1, linestyle="--")
    axes.set(xlabel="score of one image", xlim=(-0.01, 1.01), ylim=(0, 1.1), yticks=[])
    axes.spines["left"].set_visible(False)
    return _svg(figure, "spread")


@mpl.rc_context(STYLE)
def threshold_figure(thresholds: Sequence[float], curves: dict[str, list[float]]) -> str:
    """A score's curve over the IoU from which an object counts as found; each ends with its name."""
    figure, axes = _axes(height=2.3)
    for place, (name, values) in enumerate(curves.items()):
        axes.plot(thresholds, values, color=SERIES[place], linewidth=1.8, marker="o", markersize=3.5)
        axes.annotate(name, (thresholds[0], values[0]), (-4, 0), textcoords="offset points", ha="right", va="center")
    axes.set(xlabel="IoU from which an object counts as found", ylabel="score", ylim=(0, 1.02), xlim=(0.455, 0.96))
    axes.set_xticks([0.5, 0.6, 0.7, 0.8, 0.9])
    return _svg(figure, "thresholds")


@mpl.rc_context(STYLE)
def number_figure(images: Sequence[tuple[int, int]]) -> str:
    """A dot for every image: true objects to the right, predicted ones upwards, and a line where both are as many."""
    figure, axes = _axes(height=2.3)
    most = max(max(pair) for pair in images) or 1
    axes.plot([0, 1.04 * most], [0, 1.04 * most], color=INK, linewidth=1, linestyle="--")
    for pair, count in Counter(images).items():
        axes.plot(*pair, color=SERIES[0], marker="o", markersize=min(3.5 + count, 9), alpha=0.6, markeredgewidth=0)
    axes.set(
        xlabel="true objects in an image",
        ylabel="predicted",
        xlim=(-0.02 * most, 1.05 * most),
        ylim=(-0.03 * most, 1.05 * most),
    )
    axes.locator_params(integer=True)
    return _svg(figure, "numbers")


def drawn_terms(curves: Curves) -> tuple[str, ...]:
    """The terms of the loss that have a curve of their own: none where the loss has only one."""
    return tuple(curves.terms) if len(curves.terms) > 1 else ()


def drawn_classes(curves: Curves) -> tuple[str, ...]:
    """The classes that have a curve of their own: none where there is one or a tangle of them."""
    return tuple(curves.classes) if 1 < len(curves.classes) <= MOST_CLASSES else ()


def _axes(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(4.6, height), layout="constrained")
    figure.patch.set_visible(False)
    axes = figure.add_subplot()
    axes.patch.set_visible(False)
    return figure, axes


def _xy(points: Points) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _svg(figure: Figure, name: str) -> str:
    """The SVG element alone, with ids that no other figure of the page has, and CSS variables for colours."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    svg = re.sub(r"<(metadata|style).*?</\1>", "", text[text.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{name}-", svg)
    svg = re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', r'<svg \1 aria-hidden="true">', svg)
    for color, variable in VARIABLES.items():
        svg = svg.replace(color, f"var({variable})")
    return svg
