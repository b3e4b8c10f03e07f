"""dataset.json in a data folder: the classes and how the masks code them, said once instead of guessed every time."""

from pathlib import Path
from typing import Any

from maskwright.base.errors import DataError
from maskwright.base.files import natural_key, read_json, write_json
from maskwright.formats.content import IMAGE_SUFFIXES
from maskwright.masks.coding import MaskCoding

NAME = "dataset.json"
FORMAT = "maskwright-dataset"
VERSION = 1

MASKS = "masks"  # where masks lie if other files lie beside them
PREDICTIONS = "predictions.jsonl"  # marks a folder that `predict` wrote, where these folders hold no masks:
SHARD = "predictions-{}of{}.jsonl"  # of one of several processes
NO_MASKS = ("overlays", "probabilities")


def is_native(folder: Path) -> bool:
    """Whether the folder holds a dataset.json of this format; other programs use the same file name."""
    path = Path(folder) / NAME
    return path.is_file() and _says_ours(read_json(path))


def read_native(folder: Path, *, with_table: bool = False) -> MaskCoding:
    """The coding that the folder's dataset.json gives. Raises `DataError` where it is of a newer version or incomplete.

    with_table: whether the reader knows the table of objects that it may name, without which their classes would be wrong.
    """
    path = Path(folder) / NAME
    value = read_json(path)
    if not _says_ours(value):
        raise DataError(f'{path}: this file belongs to another program: it does not say "format": "{FORMAT}". Rename it.')
    if value.get("version") != VERSION:
        raise DataError(
            f"{path}: version {value.get('version')} was written by a newer program; this one reads {VERSION}. Update it."
        )
    if value.get("objects") is not None and not with_table:
        raise DataError(
            f"{path}: the classes of the objects stand in {value['objects']}, which mask files alone do not tell. Read the "
            f"folder with --format labels."
        )
    try:
        return MaskCoding.from_json(value)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def write_native(folder: Path, coding: MaskCoding, *, table: str | None = None) -> None:
    """Write dataset.json, so that the folder is read the same way ever after. table: the file with the classes of objects."""
    objects = {} if table is None else {"objects": table}
    write_json(Path(folder) / NAME, {"format": FORMAT, "version": VERSION, **coding.to_json(), **objects})


def table_of(folder: Path) -> Path | None:
    """The file in the folder in which the classes of its objects stand, if there is one."""
    name = read_json(Path(folder) / NAME).get("objects")
    return None if name is None else Path(folder) / Path(str(name)).name


def beside_masks(folder: Path) -> tuple[Path, ...]:
    """Folders of pictures that `predict` lays beside its masks and that are no masks; nothing where it wrote none."""
    folder = Path(folder)
    return tuple(folder / name for name in NO_MASKS) if journals(folder) else ()


def journals(folder: Path) -> list[Path]:
    """The journals of all that predicted into a folder."""
    return sorted(folder.glob("predictions*.jsonl"))


def mask_files(folder: Path) -> list[Path]:
    """The masks of a folder: all that lie in its masks/, if it has one, but not what `predict` lays beside them."""
    folder = Path(folder)
    masks = folder / MASKS if (folder / MASKS).is_dir() else folder
    others = beside_masks(folder)
    files = (file for file in masks.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file())
    kept = (file for file in files if not any(map(file.is_relative_to, others)) and not file.name.startswith("."))
    return sorted(kept, key=lambda file: natural_key(file.as_posix()))


def _says_ours(value: Any) -> bool:
    return isinstance(value, dict) and value.get("format") == FORMAT
