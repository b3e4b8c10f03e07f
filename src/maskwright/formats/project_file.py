"""project.json of a labelling project: where its images lie, and its classes, whose ids stay whatever they are called."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from maskwright.base.errors import DataError
from maskwright.base.files import read_json, write_json
from maskwright.formats.annotations import object_classes
from maskwright.masks.classes import Classes, ClassInfo

NAME = "project.json"
FORMAT = "maskwright-project"
VERSION = 1
LABELS = "labels"

Kind = Literal["thing", "stuff"]


@dataclass(frozen=True)
class ProjectClass:
    """A class of a project. Its id is never given to another, so labels outlive new names and another order."""

    id: int
    name: str
    color: tuple[int, int, int]
    kind: Kind = "thing"


@dataclass(frozen=True)
class ProjectFile:
    """images: the folder of the images; None where nobody said. classes: in the order in which they are shown."""

    images: Path | None
    classes: tuple[ProjectClass, ...]

    def as_classes(self) -> tuple[Classes, dict[int, int]]:
        """The classes behind a background, and the place of each class by its id in the project."""
        behind = object_classes([one.name for one in self.classes])[0]
        infos = [ClassInfo(one.name, one.color, one.kind == "thing") for one in self.classes]
        return Classes((behind, *infos)), {one.id: place for place, one in enumerate(self.classes, 1)}


_CLASSES = TypeAdapter(tuple[ProjectClass, ...])


def is_project(folder: Path) -> bool:
    """Whether a folder holds a project.json of ours; other programs use the same file name."""
    path = Path(folder) / NAME
    return path.is_file() and _says_ours(read_json(path))


def read_project(folder: Path) -> ProjectFile:
    """Raises `DataError` where project.json is not ours, of a newer version, or damaged."""
    path = Path(folder) / NAME
    value = read_json(path)
    if not _says_ours(value):
        raise DataError(f'{path}: this file belongs to another program: it does not say "format": "{FORMAT}".')
    if value.get("version") != VERSION:
        raise DataError(
            f"{path}: version {value.get('version')} was written by a newer program; this one reads {VERSION}. Update it."
        )
    try:
        classes = _CLASSES.validate_python(value.get("classes"))
    except ValidationError as error:
        raise DataError(f"{path}: its classes are damaged ({error.errors()[0]['msg']}). Correct them.") from error
    images = value.get("images")
    return ProjectFile(None if images is None else (Path(folder) / str(images)).resolve(), classes)


def write_project(folder: Path, images: Path | None, classes: Sequence[ProjectClass]) -> None:
    """Write project.json; the images' folder as seen from the project, so that both can be moved together."""
    value = {
        "format": FORMAT,
        "version": VERSION,
        "images": None if images is None else _seen_from(Path(folder), images),
        "classes": [asdict(one) for one in classes],
    }
    write_json(Path(folder) / NAME, value)


def _seen_from(folder: Path, images: Path) -> str:
    try:
        return Path(os.path.relpath(images.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return images.resolve().as_posix()


def _says_ours(value: Any) -> bool:
    return isinstance(value, dict) and value.get("format") == FORMAT
