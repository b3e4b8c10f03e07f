"""objects.csv: the class, the score and the crowd mark of every object of a folder of label images."""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from maskwright.base.errors import DataError, did_you_mean
from maskwright.base.files import atomic_path
from maskwright.formats.annotations import read_text
from maskwright.masks.classes import Classes

COLUMNS = ("image", "label", "class", "score", "crowd")
MAX_BYTES = 1 << 30
CROWD = {"0": False, "": False, "1": True}


@dataclass(frozen=True)
class Entry:
    """What the table says of an object: its number in the label image, and what the image cannot tell."""

    label: int
    class_id: int
    score: float = 1.0
    is_crowd: bool = False


Table = dict[str, dict[int, Entry]]  # by image (its path without suffix) and label


def read_table(path: Path, classes: Classes) -> Table:
    """The entries of a table. Raises `DataError` with the line that is wrong: a class that there is not, an object twice."""
    class_of = {name: class_id for class_id, name in enumerate(classes.names)}
    lines = csv.DictReader(io.StringIO(read_text(path, MAX_BYTES), newline=""))
    missing = [name for name in COLUMNS[:3] if name not in (lines.fieldnames or ())]
    if missing:
        raise DataError(f"{path}: has no column called {' and none called '.join(missing)}. Expected are {', '.join(COLUMNS)}.")
    table: Table = defaultdict(dict)
    try:
        for line in lines:
            entry = _entry(line, class_of, f"{path}, line {lines.line_num}")
            if entry.label in table[line["image"]]:
                raise DataError(
                    f"{path}, line {lines.line_num}: the object {entry.label} of '{line['image']}' stands there twice. "
                    f"Take one of both lines out."
                )
            table[line["image"]][entry.label] = entry
    except csv.Error as error:
        raise DataError(f"{path}, line {lines.line_num}: cannot be read ({error}). Correct it.") from error
    return dict(table)


def written_table(entries: Iterable[tuple[str, Entry]], classes: Classes) -> str:
    """The text of a table."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(COLUMNS)
    for image, entry in entries:
        lines.writerow((image, entry.label, classes[entry.class_id].name, repr(entry.score), int(entry.is_crowd)))
    return text.getvalue()


def join_tables(path: Path, parts: Iterable[Path]) -> None:
    """Write the lines of several tables as one, atomically. Raises `DataError` where a part is no such table."""
    header = written_table((), Classes.named("background")).encode()
    with atomic_path(Path(path)) as temporary, temporary.open("xb") as file:
        file.write(header)
        for part in parts:
            content = part.read_bytes()
            if not content.startswith(header):
                raise DataError(f"{part}: is not the table of an image. Delete it and predict again.")
            file.write(content.removeprefix(header))


def _entry(line: dict[str, str], class_of: dict[str, int], where: str) -> Entry:
    label, name, score, crowd = (line.get(column) or "" for column in COLUMNS[1:])
    if not label.isdecimal() or int(label) < 1:
        raise DataError(f"{where}: the label '{label}' is no whole number above 0. Write the object's value in the image.")
    if name not in class_of:
        raise DataError(f"{where}: there is no class '{name}' in dataset.json. {did_you_mean(name, class_of)}")
    try:
        number = float(score or 1)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"{where}: the score '{score}' is no number. Write one, or leave it empty for 1.")
    if crowd not in CROWD:
        raise DataError(f"{where}: the crowd mark is '{crowd}'. Write 1 for a crowd, else 0.")
    return Entry(int(label), class_of[name], number, CROWD[crowd])
