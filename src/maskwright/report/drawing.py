"""A network's shape as a picture: its stages as boxes, coarser ones lower, and arrows for the maps that go between them."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path as Line

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import atomic_path
from maskwright.nn.stages import Stage
from maskwright.report.network_layout import Arrow, Box, Layout, Way, lay_out

INK, FAINT, PAPER = "#1d2730", "#7a858f", "#ffffff"
FILL, EDGE, SCORES = "#e8f0f6", "#5b7183", "#fdeadb"
# Okabe and Ito's colours, which differ for every kind of colour sight.
COLORS: dict[Way, str] = {"down": "#d55e00", "up": "#009e73", "across": "#0072b2", "along": "#4a545d"}
MEANINGS: dict[Way, str] = {"down": "coarser", "up": "finer", "across": "skip", "along": "same resolution"}
LEFT, RIGHT, TOP, BOTTOM = 0.75, 0.2, 0.75, 0.6  # inches around the boxes: for strides, title and legend
LEAST_WIDTH = 8.2  # inches, so that title and legend have room
STRIP = 0.08  # inches of the strip that shows what is joined
CORNER = 0.06  # inches, of an arrow's bends
DOTS = 200  # an inch of a PNG

STYLE: dict[Any, Any] = {
    "svg.fonttype": "path",  # letters as shapes look the same everywhere, and boxes are as wide as they need
    "svg.hashsalt": "maskwright",  # equal networks are equal files
    "font.family": "DejaVu Sans",  # comes with matplotlib
}
WRITERS: dict[str, dict[str, Any]] = {
    ".svg": {"format": "svg", "metadata": {"Date": None}},
    ".png": {"format": "png", "dpi": DOTS, "metadata": {"Software": None}},
}


def save_drawing(path: Path | str, stages: tuple[Stage, ...], *, title: str, subtitle: str) -> None:
    """Write the drawing as the SVG or PNG that the path's suffix asks for; equal networks give equal files."""
    save_figure(Path(path), draw_network(stages, title=title, subtitle=subtitle))


def require_kind(path: Path) -> None:
    """Raises `MaskwrightError` for a suffix that no drawing is written as."""
    if path.suffix.lower() not in WRITERS:
        raise MaskwrightError(f"{path}: a drawing is written as .svg or .png, not as '{path.suffix}'.")


def save_figure(path: Path, figure: Figure) -> None:
    """Write a figure without a date, as SVG or PNG. Raises `MaskwrightError` for another suffix."""
    require_kind(path)
    with atomic_path(path) as temporary, mpl.rc_context(STYLE):
        figure.savefig(temporary, facecolor=PAPER, **WRITERS[path.suffix.lower()])


@mpl.rc_context(STYLE)
def draw_network(stages: tuple[Stage, ...], *, title: str, subtitle: str) -> Figure:
    """Each box has its channels, the size of its map and, in its corner, the number that it has in the table."""
    layout = lay_out(stages)
    width = max(LEAST_WIDTH, LEFT + layout.width + RIGHT)
    height = BOTTOM + layout.height + TOP
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-LEFT, width - LEFT), ylim=(-BOTTOM, height - BOTTOM), aspect="equal")
    axes.axis("off")
    axes.text(-LEFT + 0.2, layout.height + 0.5, title, size=12, weight="bold", color=INK)
    axes.text(-LEFT + 0.2, layout.height + 0.27, subtitle, size=8, color=FAINT)
    for stride, y in layout.rows:
        words = "whole\nimage" if stride is None else "full size" if stride == 1 else f"1/{stride:g}"
        axes.text(-0.15, y, words, size=7.5, color=FAINT, ha="right", va="center")
    for arrow in layout.arrows:
        _draw_arrow(axes, arrow)
    classes = stages[-1].shape[0]
    for number, (stage, box) in enumerate(zip(stages, layout.boxes, strict=True)):
        _draw_box(axes, number, stage, box, fill=SCORES if number and stage.shape[0] == classes else FILL)
        if stage.parts:
            _draw_joint(axes, stage, box, [arrow for arrow in layout.arrows if arrow.target == number])
    _draw_legend(axes, layout, stages)
    return figure


def _draw_box(axes: Axes, number: int, stage: Stage, box: Box, *, fill: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (box.x, box.y), box.width, box.height, boxstyle="round,pad=0,rounding_size=0.04", fc=fill, ec=EDGE, lw=0.9
        )
    )
    channels, height, width = stage.shape
    size = f"{height}²" if height == width > 1 else f"{height}×{width}"
    lines = [(str(channels), 9.5, "bold", INK), (size, 7, "normal", INK)]
    if stage.dilation > 1:
        lines.append((f"dilation {stage.dilation}", 5.5, "normal", FAINT))
    pitch, middle = 0.145, box.y + box.height / 2 - (0.03 if stage.dilation > 1 else 0.02)
    for place, (words, points, weight, color) in enumerate(lines):
        y = middle + ((len(lines) - 1) / 2 - place) * pitch
        axes.text(box.x + box.width / 2, y, words, size=points, weight=weight, color=color, ha="center", va="center")
    if number:
        axes.text(box.x + box.width - 0.04, box.y + box.height - 0.035, str(number), size=5, color=FAINT, ha="right", va="top")


def _draw_joint(axes: Axes, stage: Stage, box: Box, arrows: list[Arrow]) -> None:
    """Maps laid side by side as a strip in the colours of their arrows, as high as their shares of the channels; or a plus."""
    if any(layer.operation == "add" for layer in stage.layers) and not any(layer.operation == "cat" for layer in stage.layers):
        axes.add_patch(Circle((box.x, box.y + box.height / 2), 0.075, fc=PAPER, ec=EDGE, lw=0.9, zorder=4))
        axes.text(box.x, box.y + box.height / 2, "+", size=8, color=INK, ha="center", va="center_baseline", zorder=5)
        return
    channels = dict(zip(stage.sources, stage.parts, strict=True))
    y = box.y + box.height
    for arrow in sorted(arrows, key=lambda arrow: -arrow.points[-1][1]):
        height = box.height * channels[arrow.source] / sum(stage.parts)
        y -= height
        axes.add_patch(Rectangle((box.x, y), STRIP, height, fc=COLORS[arrow.way], ec=PAPER, lw=0.5, alpha=0.75, zorder=3))


def _draw_arrow(axes: Axes, arrow: Arrow) -> None:
    """A line with round bends, dashed where it passes other stages, and its head."""
    color = COLORS[arrow.way]
    points = list(arrow.points)
    vertices, codes = [points[0]], [Line.MOVETO]
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(bx - ax) + abs(by - ay), abs(cx - bx) + abs(cy - by)
        radius = min(CORNER, before / 2, after / 2)
        vertices.append((bx + (ax - bx) * radius / before, by + (ay - by) * radius / before))
        vertices += [(bx, by), (bx + (cx - bx) * radius / after, by + (cy - by) * radius / after)]
        codes += [Line.LINETO, Line.CURVE3, Line.CURVE3]
    (x, y), head = points[-1], 0.075
    vertices.append((x - head, y))
    codes.append(Line.LINETO)
    dashes = (0, (3, 1.6)) if arrow.way == "across" else "-"
    axes.add_patch(PathPatch(Line(vertices, codes), fill=False, ec=color, lw=1.2, ls=dashes, zorder=1))
    axes.fill([x, x - head - 0.02, x - head - 0.02], [y, y + 0.04, y - 0.04], color=color, lw=0, zorder=2)


def _draw_legend(axes: Axes, layout: Layout, stages: tuple[Stage, ...]) -> None:
    """What the colours mean, those that occur; and what the signs in the boxes are."""
    x, y = -LEFT + 0.2, -0.36
    ways = {arrow.way for arrow in layout.arrows}
    for way in (way for way in COLORS if way in ways):
        _draw_arrow(axes, Arrow(0, 0, way, ((x, y), (x + 0.32, y))))
        axes.text(x + 0.38, y, MEANINGS[way], size=7, color=INK, va="center")
        x += 0.55 + 0.068 * len(MEANINGS[way])
    words = "in a box: channels, size of the map"
    joints = [stage for stage in stages if stage.parts]
    if any(_concatenates(stage) for stage in joints):
        words += "; strip: maps side by side"
    if not all(_concatenates(stage) for stage in joints):
        words += "; +: maps added"
    axes.text(x + 0.1, y, words, size=7, color=FAINT, va="center")


def _concatenates(stage: Stage) -> bool:
    return bool(stage.parts) and any(layer.operation == "cat" for layer in stage.layers)
