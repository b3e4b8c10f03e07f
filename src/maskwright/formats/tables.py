"""Tables of rows as files: CSV (RFC 4180, UTF-8) and JSON, written row by row and atomically."""

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO

from maskwright.base.errors import MaskwrightError, did_you_mean
from maskwright.base.files import atomic_path

# What a spreadsheet takes for the beginning of a formula, and runs when the file is opened.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
OTHERS = {".xlsx": "Excel", ".xls": "Excel", ".ods": "LibreOffice", ".parquet": "Parquet", ".feather": "Feather"}


class Table(Protocol):
    """A table that is being written."""

    def add(self, row: Mapping[str, Any]) -> None:
        """One row by its columns; what is missing, None or no finite number is an empty cell (null in JSON)."""

    def end(self) -> None:
        """What stands behind the last row; `table` writes it."""


def check_table_name(path: Path) -> None:
    """Raises `MaskwrightError` where no table is written under such a name. To be called before any work is done."""
    suffix = Path(path).suffix.lower()
    if suffix in WRITERS:
        return
    if suffix in OTHERS:
        raise MaskwrightError(
            f"{path}: {OTHERS[suffix]} files are not written. Write a .csv file, which such programs read too."
        )
    raise MaskwrightError(f"{path}: a table is written as .csv or .json, not as '{suffix}'. {did_you_mean(suffix, WRITERS)}")


@contextmanager
def table(path: Path, columns: Sequence[str]) -> Iterator[Table]:
    """A table in the format of the file's name; it lies there whole when the block ends well, else not at all.

    The header is written even where no row follows. Text that a spreadsheet would take for a formula gets a ' before it.
    """
    check_table_name(path)
    with (
        atomic_path(Path(path)) as temporary,
        temporary.open("x", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        writer = WRITERS[Path(path).suffix.lower()](file, tuple(columns))
        yield writer
        writer.end()


class _Csv:
    def __init__(self, file: TextIO, columns: tuple[str, ...]) -> None:
        self._columns = columns
        self._writer = csv.writer(file, lineterminator="\r\n")
        self._writer.writerow(map(_harmless, columns))

    def add(self, row: Mapping[str, Any]) -> None:
        self._writer.writerow([_harmless(value) for value in _cells(row, self._columns)])

    def end(self) -> None:
        """Nothing follows the last row."""


class _Json:
    def __init__(self, file: TextIO, columns: tuple[str, ...]) -> None:
        self._file, self._columns, self._before = file, columns, "[\n"

    def add(self, row: Mapping[str, Any]) -> None:
        cells = dict(zip(self._columns, _cells(row, self._columns), strict=True))
        self._file.write(self._before + json.dumps(cells, ensure_ascii=False, allow_nan=False))
        self._before = ",\n"

    def end(self) -> None:
        self._file.write("[]\n" if self._before == "[\n" else "\n]\n")


WRITERS: dict[str, Callable[[TextIO, tuple[str, ...]], Table]] = {".csv": _Csv, ".json": _Json}


def _cells(row: Mapping[str, Any], columns: tuple[str, ...]) -> list[Any]:
    values = (row.get(name) for name in columns)
    return [None if isinstance(value, float) and not math.isfinite(value) else value for value in values]


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
