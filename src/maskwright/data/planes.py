"""Stacks in a data set: each plane that has labels is an image of its own, and all planes of a stack are one group."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from maskwright.base.errors import MaskwrightError
from maskwright.data.record import Record
from maskwright.formats.plane_paths import axes_of, is_plane
from maskwright.formats.planes import planes_of


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


def planes_in(record: Record) -> tuple[Record, ...]:
    """All planes of the stack that a record is, or the record itself where it is none."""
    return tuple(plane_record(record, plane) for plane in planes_of(record.image)) or (record,)


def by_planes(record: Record) -> tuple[Record, ...]:
    """The planes of a stack whose mask is a stack of as many, each with its own; any other record as it is.

    Where one of both files does not name its axes, they are those of the other.
    """
    if record.mask is None:
        return (record,)
    first = next((file / planes[0] for file in (record.image, record.mask) if (planes := planes_of(file))), None)
    if first is None:
        return (record,)
    said = "".join(axes_of(first)).upper() + "YX"
    with suppress(MaskwrightError):  # what cannot be a stack of masks is told by who reads it
        planes = planes_of(record.mask, said)
        if planes == planes_of(record.image, said):
            return tuple(replace(plane_record(record, plane), mask=record.mask / plane) for plane in planes)
    return (record,)


def kept_together(records: Iterable[Record]) -> list[str]:
    """The group of each record; an image beside stacks that is in none is a group of its own, not one with all its like."""
    records = tuple(records)
    beside = any(is_plane(record.image) for record in records)
    return [record.group or (record.id if beside else "") for record in records]


def relative_name(image: Path, root: Path) -> str:
    """An image's path below the data folder, with '/' between folders, in composed Unicode."""
    return unicodedata.normalize("NFC", image.relative_to(root).as_posix())
