"""Stacks in a data set: each plane that has labels is an image of its own, and all planes of a stack are one group."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from maskwright.data.record import Record
from maskwright.formats.plane_paths import is_plane


def planes_named(names: Iterable[str]) -> dict[str, list[str]]:
    """The planes that names such as `a/embryo.tif/z=3` mean, by the names of their stacks."""
    planes: dict[str, dict[str, None]] = defaultdict(dict)  # each once, in order
    for name in names:
        path = PurePosixPath(unicodedata.normalize("NFC", name.replace("\\", "/")))
        if is_plane(path):
            planes[str(path.parent)][path.name] = None
    return {stack: list(named) for stack, named in planes.items()}


def plane_record(record: Record, plane: str) -> Record:
    """A plane of the stack that a record is: its id keeps the file's suffix, as `embryo.tif/z=3`."""
    id = record.id + record.image.suffix
    return replace(record, id=f"{id}/{plane}", image=record.image / plane, group=id)


def kept_together(records: Iterable[Record]) -> list[str]:
    """The group of each record; an image beside stacks that is in none is a group of its own, not one with all its like."""
    records = tuple(records)
    beside = any(is_plane(record.image) for record in records)
    return [record.group or (record.id if beside else "") for record in records]


def relative_name(image: Path, root: Path) -> str:
    """An image's path below the data folder, with '/' between folders, in composed Unicode."""
    return unicodedata.normalize("NFC", image.relative_to(root).as_posix())
