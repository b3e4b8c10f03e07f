"""The tables of the page: scores under their rule, what was taken for what, every image."""

import math
from dataclasses import dataclass
from itertools import groupby

from maskwright.metrics.scores import Score, Scores

MOST_CLASSES = 24  # of a confusion table; a larger one cannot be read, the list of the largest confusions can
MOST_CONFUSIONS = 8
MOST_COLUMNS = 12  # of classes beside an image
MOST_IMAGES = 400  # listed, worst first


@dataclass(frozen=True)
class ScoreGroup:
    """Scores of one metric, and the rule that its first row and most others follow; the rest name their own."""

    metric: str
    rule: str
    rows: tuple[Score, ...]


@dataclass(frozen=True)
class Cell:
    """How many pixels of a true class got which prediction, also as a share of the true class."""

    true: str
    predicted: str
    pixels: int
    share: float
    hit: bool


@dataclass(frozen=True)
class ConfusionRow:
    """Where the pixels of one true class went."""

    name: str
    pixels: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Confusion:
    """The class table, one row a true class; without rows where it would be too large to read. `worst` are its mistakes."""

    columns: tuple[str, ...]
    rows: tuple[ConfusionRow, ...]
    worst: tuple[Cell, ...]


@dataclass(frozen=True)
class ImageRow:
    """One image and its values, in the order of the table's columns."""

    id: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class ImageTable:
    """The worst images, and the first column's value of all of them."""

    columns: tuple[str, ...]
    rows: tuple[ImageRow, ...]
    all_values: tuple[float, ...]


def score_groups(scores: Scores) -> tuple[ScoreGroup, ...]:
    """The rows of each metric together: the headline's first, the others in the order they come."""
    groups = [(metric, tuple(rows)) for metric, rows in groupby(scores.rows, key=lambda row: row.metric)]
    groups.sort(key=lambda group: group[0] != scores.headline_row.metric)
    return tuple(ScoreGroup(metric, rows[0].rule, rows) for metric, rows in groups)


def confusion(scores: Scores) -> Confusion | None:
    """The class table as shares of each true class; None where there is no table."""
    if not scores.table or not any(map(sum, scores.table)):
        return None
    columns = (*scores.class_names, "not predicted")
    used = len(columns) if any(row[-1] for row in scores.table) else len(columns) - 1
    rows = []
    for place, (name, counts) in enumerate(zip(scores.class_names, scores.table, strict=True)):
        pixels = sum(counts)
        cells = tuple(
            Cell(name, column, counts[to], counts[to] / pixels if pixels else 0.0, to == place)
            for to, column in enumerate(columns[:used])
        )
        rows.append(ConfusionRow(name, pixels, cells))
    mistakes = [cell for row in rows for cell in row.cells if cell.pixels and not cell.hit]
    worst = sorted(mistakes, key=lambda cell: cell.share, reverse=True)[:MOST_CONFUSIONS]
    shown = rows if len(rows) <= MOST_CLASSES else []
    return Confusion(columns[:used], tuple(shown), tuple(worst) if len(rows) > 2 else ())


def images(scores: Scores, background: int | None) -> ImageTable:
    """Every image with its own headline score, worst first, and the same metric of each class but the background."""
    metric, subject = scores.headline.split("/", 1)
    names = [name for index, name in enumerate(scores.class_names) if index != background and name != subject]
    rows = []
    for entry in scores.per_image:
        by_class = entry.get(metric) or {}
        values = (entry.get("score"), *(by_class.get(name) for name in names))
        rows.append(ImageRow(str(entry["id"]), tuple(math.nan if value is None else float(value) for value in values)))
    if len(names) > MOST_COLUMNS:
        names, rows = [], [ImageRow(row.id, row.values[:1]) for row in rows]
    return ImageTable((subject, *names), tuple(rows[:MOST_IMAGES]), tuple(row.values[0] for row in rows))
