"""dataset.json in a data folder: the classes and how the masks code them, said once instead of guessed every time."""

from pathlib import Path
from typing import Any

from maskwright.base.errors import DataError
from maskwright.base.files import read_json, write_json
from maskwright.masks.coding import MaskCoding

NAME = "dataset.json"
FORMAT = "maskwright-dataset"
VERSION = 1


def is_native(folder: Path) -> bool:
    """Whether the folder holds a dataset.json of this format; other programs use the same file name."""
    path = Path(folder) / NAME
    return path.is_file() and _says_ours(read_json(path))


def read_native(folder: Path) -> MaskCoding:
    """The coding that the folder's dataset.json gives. Raises `DataError` where it is of a newer version or incomplete."""
    path = Path(folder) / NAME
    value = read_json(path)
    if not _says_ours(value):
        raise DataError(f'{path}: this file belongs to another program: it does not say "format": "{FORMAT}". Rename it.')
    if value.get("version") != VERSION:
        raise DataError(
            f"{path}: version {value.get('version')} was written by a newer program; this one reads {VERSION}. Update it."
        )
    try:
        return MaskCoding.from_json(value)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def write_native(folder: Path, coding: MaskCoding) -> None:
    """Write dataset.json, so that the folder is read the same way ever after."""
    write_json(Path(folder) / NAME, {"format": FORMAT, "version": VERSION, **coding.to_json()})


def _says_ours(value: Any) -> bool:
    return isinstance(value, dict) and value.get("format") == FORMAT
