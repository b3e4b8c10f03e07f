"""Which images a project has: the files of its folder, and of each stack its planes."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from maskwright.base.files import natural_key
from maskwright.data.pairing import pair
from maskwright.data.walk import Walk
from maskwright.formats.large_image import is_zarr
from maskwright.formats.plane_paths import file_of, with_planes
from maskwright.formats.planes import planes_of
from maskwright.studio.database import Database

AXES = "axes"  # the fact that says what the axes of stacks are that do not say it

# A stack that could not be told to be one was listed as an image; nothing can have been done on it.
UNSTACK = """
DELETE FROM images WHERE name = ? AND revision = 0 AND touched = 0
AND NOT EXISTS (SELECT 1 FROM proposals WHERE proposals.image = images.id)
"""

# A file, or what were the planes of a stack.
GONE = "UPDATE images SET is_there = 0 WHERE name = ?1 OR substr(name, 1, length(?1) + 1) = ?1 || '/'"


def list_images(database: Database, root: Path, only: Sequence[str] | None, axes: str) -> tuple[frozenset[str], int]:
    """Bring the table of images up to the folder: the names of those that are there, and how many with labels are gone.

    only: files that are looked at, the others stay as they are. axes: of stacks that do not say theirs, kept from then
    on; "" is what was kept. Raises `ImageFileError` where `axes` are such that the names of planes would not say them.
    """
    axes = axes or _kept_axes(database)
    files = dict.fromkeys(map(file_of, _images_of(root))) if only is None else [root / name for name in only]
    paths, stacks = list[Path](), list[Path]()
    for file in files:
        planes = planes_of(file, axes)
        paths += with_planes(file, planes)
        stacks += [file] if planes else []
    names = {shown_name(path.relative_to(root)): os.fsencode(path.relative_to(root)) for path in paths}
    with database.transaction() as connection:
        if axes:
            connection.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (AXES, axes))
        if only is None:
            connection.execute("UPDATE images SET is_there = 0")
        else:
            connection.executemany(GONE, [(shown_name(file.relative_to(root)),) for file in files])
        connection.executemany(UNSTACK, [(shown_name(stack.relative_to(root)),) for stack in stacks])
        connection.executemany(
            "INSERT INTO images (name, path) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET path = excluded.path, is_there = 1",
            [(name, names[name]) for name in sorted(names, key=natural_key)],
        )
        gone = connection.execute("SELECT count(*) FROM images WHERE NOT is_there AND revision > 0").fetchone()[0]
    return frozenset(names), gone


def shown_name(relative: Path) -> str:
    """A path as any page and any label file can hold it: bytes that are no UTF-8 are written as escapes."""
    return relative.as_posix().encode("utf-8", "backslashreplace").decode()


def _kept_axes(database: Database) -> str:
    with database.reading() as connection:
        row = connection.execute("SELECT value FROM facts WHERE name = ?", (AXES,)).fetchone()
    return "" if row is None else str(row["value"])


def _images_of(root: Path) -> Iterator[Path]:
    """Every image file in a folder and below it, and every Zarr."""
    yield from (file for name in Walk(with_zarr=True).files(root) if is_zarr(file := root / name))
    pairing = pair(root)
    masks = {file_of(record.mask) for record in pairing.pairs if record.mask is not None}
    yield from (record.image for record in (*pairing.pairs, *pairing.images_without_mask))
    yield from (path for same in pairing.ambiguous for path in same if path not in masks)
