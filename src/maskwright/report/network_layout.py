"""Where the stages of a network stand on a drawing and which way the arrows between them go: plain numbers, in inches.

A column is as many steps from the image as its stages, a row has one resolution, the finest on top. So an encoder goes down, a
decoder goes up, and a U-Net is a U.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from math import log2
from typing import Literal

from maskwright.nn.stages import Stage

NARROWEST, PER_DOUBLING = 0.52, 0.05  # width of a box of one channel, and what twice the channels add
LOWEST, PER_ROW = 0.5, 0.13  # height of a box in the lowest row, and what each row above adds
COLUMN_GAP, ROW_GAP, STACK_GAP = 0.44, 0.36, 0.14

Point = tuple[float, float]
Edge = tuple[int, int]  # from one stage to another
Way = Literal["down", "up", "across", "along"]


@dataclass(frozen=True)
class Box:
    """A stage's place: its lower left corner and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Arrow:
    """From one stage to another along right angles: to a coarser map, to a finer one, past other stages, or just on."""

    source: int
    target: int
    way: Way
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Layout:
    """`boxes` are in the order of the stages; `rows` are the strides with the height of their middle, finest first."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    rows: tuple[tuple[float | None, float], ...]

    @property
    def width(self) -> float:
        return max(box.x + box.width for box in self.boxes)

    @property
    def height(self) -> float:
        return max(box.y + box.height for box in self.boxes)


def lay_out(stages: tuple[Stage, ...]) -> Layout:
    """Boxes that do not touch each other, and arrows that cross no box."""
    columns = _columns(stages)
    levels = [None if stage.stride is None else round(log2(stage.stride)) for stage in stages]
    order: list[int | None] = [*sorted({level for level in levels if level is not None})]
    order += [None] * (None in levels)
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, column in enumerate(columns):
        cells[column, order.index(levels[number])].append(number)
    lefts, widths = _spread_columns(stages, columns)
    middles, heights = _spread_rows(cells, len(order))
    boxes: dict[int, Box] = {}
    for (column, row), members in cells.items():
        pitch = heights[row] + STACK_GAP
        top = middles[row] + (len(members) - 1) * pitch / 2
        for place, number in enumerate(members):
            width = _width(stages[number])
            x = lefts[column] + (widths[column] - width) / 2
            boxes[number] = Box(x, top - place * pitch - heights[row] / 2, width, heights[row])
    placed = tuple(boxes[number] for number in range(len(stages)))
    lanes = [(lefts[column] + widths[column], lefts[column] + widths[column] + COLUMN_GAP) for column in range(len(lefts))]
    strides = (None if level is None else 2.0**level for level in order)
    return Layout(placed, _arrows(stages, placed, columns, lanes), tuple(zip(strides, middles, strict=True)))


def _columns(stages: tuple[Stage, ...]) -> list[int]:
    """The longest way from the image to each stage."""
    columns: list[int] = []
    for stage in stages:
        columns.append(max((columns[source] + 1 for source in stage.sources), default=0))
    return columns


def _width(stage: Stage) -> float:
    return NARROWEST + PER_DOUBLING * log2(stage.shape[0])


def _spread_columns(stages: tuple[Stage, ...], columns: list[int]) -> tuple[list[float], list[float]]:
    """Left edge and width of each column."""
    count = max(columns) + 1
    widths = [max(_width(stages[number]) for number, at in enumerate(columns) if at == column) for column in range(count)]
    return [sum(widths[:column]) + column * COLUMN_GAP for column in range(count)], widths


def _spread_rows(cells: dict[tuple[int, int], list[int]], count: int) -> tuple[list[float], list[float]]:
    """Middle of each row, from the top, and the height of its boxes; a row is as high as its tallest stack."""
    heights = [LOWEST + PER_ROW * (count - 1 - row) for row in range(count)]
    most = [max(len(members) for (_, at), members in cells.items() if at == row) for row in range(count)]
    whole = [height * stack + STACK_GAP * (stack - 1) for height, stack in zip(heights, most, strict=True)]
    middles = [sum(whole[row + 1 :]) + ROW_GAP * (count - 1 - row) + whole[row] / 2 for row in range(count)]
    return middles, heights


def _arrows(
    stages: tuple[Stage, ...], boxes: tuple[Box, ...], columns: list[int], lanes: list[tuple[float, float]]
) -> tuple[Arrow, ...]:
    """An arrow for every map that a stage takes, from the right side of its source to the left side of its target."""
    edges = [(source, target) for target, stage in enumerate(stages) for source in stage.sources]
    leaving, arriving = _ports(edges, boxes, columns)
    tracks = _tracks(edges, columns, lanes)
    arrows = []
    for edge in edges:
        source, target = edge
        is_level = boxes[source].y == boxes[target].y  # then straight on, whatever else leaves there
        start = (boxes[source].x + boxes[source].width, arriving[edge] if is_level else leaving[edge])
        end = (boxes[target].x, arriving[edge])
        first, last = tracks[edge]
        points = _route(start, end, first, last, boxes, is_next=columns[target] == columns[source] + 1)
        arrows.append(Arrow(source, target, _way(stages[source], stages[target], columns[target] - columns[source]), points))
    return tuple(arrows)


def _way(source: Stage, target: Stage, steps: int) -> Way:
    if target.stride is None or (source.stride is not None and target.stride > source.stride):
        return "down" if source.stride is not None else "along"
    if source.stride is None or target.stride < source.stride:
        return "up"
    return "across" if steps > 1 else "along"


def _ports(edges: list[Edge], boxes: tuple[Box, ...], columns: list[int]) -> tuple[dict[Edge, float], dict[Edge, float]]:
    """The heights at which arrows leave and arrive: in the order of where they go and come from, so that they do not cross.

    Arrows to the next column leave as one.
    """
    leaving: dict[Edge, float] = {}
    arriving: dict[Edge, float] = {}
    for number, box in enumerate(boxes):
        to_next = [edge for edge in edges if edge[0] == number and columns[edge[1]] == columns[number] + 1]
        further = [edge for edge in edges if edge[0] == number and edge not in to_next]
        further.sort(key=lambda edge: boxes[edge[1]].y, reverse=True)
        bundles = [[edge] for edge in further] + [to_next] * bool(to_next)
        for place, bundle in enumerate(bundles, 1):
            leaving |= dict.fromkeys(bundle, box.y + box.height * (1 - place / (len(bundles) + 1)))
        into = [edge for edge in edges if edge[1] == number]
        into.sort(key=lambda edge: (boxes[edge[0]].y, number - edge[0]), reverse=True)
        for place, edge in enumerate(into, 1):
            arriving[edge] = box.y + box.height * (1 - place / (len(into) + 1))
    return leaving, arriving


def _tracks(edges: list[Edge], columns: list[int], lanes: list[tuple[float, float]]) -> dict[Edge, tuple[float, float]]:
    """Where, in the gap behind its source and in that before its target, an arrow may go up or down.

    Arrows that fan out from one stage share a track, and so do those that meet before one.
    """
    users: dict[int, list[tuple[str, int]]] = defaultdict(list)
    keys = {}
    for source, target in edges:
        fans_out = sum(edge[0] == source for edge in edges) > 1 and sum(edge[1] == target for edge in edges) == 1
        out, into = ("from", source), ("to", target)
        if columns[target] == columns[source] + 1:
            out = into = out if fans_out else into
        keys[source, target] = ((columns[source], out), (columns[target] - 1, into))
        for gap, user in keys[source, target]:
            if user not in users[gap]:
                users[gap].append(user)

    def place(gap: int, user: tuple[str, int]) -> float:
        left, right = lanes[gap]
        return left + (right - left) * (users[gap].index(user) + 1) / (
            len(users[gap]) + 1.5
        )  # the head needs room on the right

    return {edge: (place(*first), place(*last)) for edge, (first, last) in keys.items()}


def _route(start: Point, end: Point, first: float, last: float, boxes: tuple[Box, ...], *, is_next: bool) -> tuple[Point, ...]:
    """Straight where nothing stands between; else through the gap above what does."""
    if is_next:
        points = [start, (last, start[1]), (last, end[1]), end]
    else:
        level = next((y for y in (end[1], start[1]) if not _blocking(start[0], end[0], y, boxes)), None)
        if level is None:
            blocking = _blocking(start[0], end[0], end[1], boxes)
            level = max(box.y + box.height for box in blocking) + ROW_GAP / 2
        points = [start, (first, start[1]), (first, level), (last, level), (last, end[1]), end]
    return tuple(_without_stops(points))


def _blocking(left: float, right: float, y: float, boxes: tuple[Box, ...]) -> list[Box]:
    margin = STACK_GAP / 3
    return [
        box for box in boxes
        if box.x < right - margin and box.x + box.width > left + margin and box.y - margin < y < box.y + box.height + margin
    ]  # fmt: skip


def _without_stops(points: list[Point]) -> list[Point]:
    """The same way without points on the spot or in the middle of a straight line."""
    close = 1e-6
    moved = [points[0], *(b for a, b in pairwise(points) if abs(a[0] - b[0]) + abs(a[1] - b[1]) > close)]
    inner = (
        b for a, b, c in zip(moved, moved[1:], moved[2:], strict=False)
        if not (max(abs(a[0] - b[0]), abs(b[0] - c[0])) < close or max(abs(a[1] - b[1]), abs(b[1] - c[1])) < close)
    )  # fmt: skip
    return [moved[0], *inner, moved[-1]]
