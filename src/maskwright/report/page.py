"""The report page: one HTML file that needs nothing but itself."""

import math
from pathlib import Path
from typing import Any

from maskwright.base.files import atomic_write
from maskwright.masks.classes import ClassInfo
from maskwright.masks.draw import CLEAR, MISTAKES
from maskwright.masks.types import LabelMap, Panoptic
from maskwright.metrics.scores import Scores
from maskwright.report import figures, tables, words
from maskwright.report.content import Picture, ReportContent
from maskwright.report.curves import curves
from maskwright.report.gallery import galleries
from maskwright.report.html import environment
from maskwright.report.object_pictures import ERROR_COLORS, FOUND
from maskwright.report.objects import objects
from maskwright.report.run_folder import HasFolder, read_run
from maskwright.report.segment_pictures import SEGMENT_COLORS
from maskwright.report.segments import segments
from maskwright.report.training import training

SEVERITIES = ("error", "warning", "note")  # in the order of the page
LEGEND_CLASSES = 24
OPEN_ROWS = 20  # score rows that are all shown at once; of more, the headline's metric is shown and the others fold away


def render(report: ReportContent) -> str:
    """The whole page as HTML: nothing is loaded, no script runs, and names are escaped whatever they hold.

    Equal contents give equal pages. Below 5 MB for up to 12 pictures; of more, the worst and the best are shown.
    """
    view = _view(report)
    return words.printable(environment().get_template("page.html.j2").render(view))


def write(path: Path, report: ReportContent) -> None:
    """Write the page; the file is whole or absent. Raises `MaskwrightError` where it cannot be written."""
    atomic_write(path, render(report))


def report(run: Path | str | HasFolder, scores: Scores | None = None, *, out: Path | str | None = None) -> Path:
    """Write the page of a run or of its folder, with its own scores.json unless others are given; returns where it stands.

    It holds no pictures, since a run folder has none: hand them to `run_folder.read_run` and the result to `write`.
    """
    folder = Path(run) if isinstance(run, str | Path) else run.folder
    path = Path(out) if out else folder / "report.html"
    write(path, read_run(folder, scores))
    return path


def _view(report: ReportContent) -> dict[str, Any]:
    """What the template names; what is empty has no section."""
    headline = report.scores.headline_row
    images = tables.images(report.scores, report.background)
    warnings = (words.PART_WARNINGS[report.part],) if report.part in words.PART_WARNINGS else ()
    shown = galleries(report, images.all_values)
    return {
        "report": report,
        "headline": headline,
        "measure": words.measure(headline.metric, headline.subject),
        "sentence": words.headline(report.scores, report.part),
        "warnings": (*report.scores.warnings, *warnings),
        "score_groups": tables.score_groups(report.scores),
        "open_rows": OPEN_ROWS,
        "confusion": tables.confusion(report.scores),
        "objects": objects(report.scores),
        "segments": (of_segments := segments(report.scores)),
        "found_color": FOUND,
        "kind_colors": ERROR_COLORS if of_segments is None else SEGMENT_COLORS,
        "galleries": shown,
        "class_legend": _class_legend(report.pictures),
        "clear": CLEAR,
        "error_colors": _error_colors(report),
        "images": images,
        "spread": _spread(images, headline.value),
        "training": training(curves(report.journal)),
        "findings": sorted(report.findings, key=lambda finding: SEVERITIES.index(finding.severity)),
        "split_method": report.split and words.SPLIT_METHODS.get(report.split.method, report.split.method),
    }


def _spread(images: tables.ImageTable, mark: float) -> str:
    """The figure of all images' scores; empty where there are too few to spread, or they are no shares."""
    values = [value for value in images.all_values if not math.isnan(value)]
    return figures.spread_figure(values, mark) if len(values) > 2 and 0 <= min(values) <= max(values) <= 1 else ""


def _class_legend(shown: tuple[Picture, ...]) -> tuple[ClassInfo, ...]:
    """The classes that overlays paint in their own colour (things of panoptic maps: in shades of it), if not too many.

    Of panoptic maps those that the pictures show.
    """
    sides = [side for picture in shown for side in (picture.ground_truth, picture.prediction)]
    seen = {segment.class_id for side in sides if isinstance(side, Panoptic) for segment in side.segments}
    for side in sides:
        legend = tuple(side.classes)
        if isinstance(side, Panoptic):
            legend = tuple(info for class_id, info in enumerate(side.classes) if class_id in seen)
        if isinstance(side, LabelMap | Panoptic) and len(legend) <= LEGEND_CLASSES:
            return legend
    return ()


def _error_colors(report: ReportContent) -> dict[str, tuple[int, int, int]]:
    """The colours that can occur in error maps of these classes."""
    impossible = {"hit", "spurious"} if report.background is None else set()
    if len(report.scores.class_names) == 2 and report.background is not None:
        impossible = {"wrong class"}
    return {kind: color for kind, color in MISTAKES.items() if kind not in impossible}
