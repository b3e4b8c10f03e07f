"""Rows of the database as values, and values as rows: objects, and what was changed by an edit."""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from maskwright.base.errors import MaskwrightError
from maskwright.studio.edits import Change
from maskwright.studio.objects import Attributes, Drawn, Mask


class NotFound(MaskwrightError):  # noqa: N818
    """An image, a class, an object or a proposal that there is not."""


def image_row(connection: sqlite3.Connection, image: int) -> sqlite3.Row:
    """Raises `NotFound` for an image that there is not."""
    row: sqlite3.Row | None = connection.execute("SELECT * FROM images WHERE id = ?", (image,)).fetchone()
    if row is None:
        raise NotFound(f"There is no image {image}. Load the list of images again.")
    return row


def drawn_of(row: sqlite3.Row) -> Drawn:
    """The object in a row."""
    mask = Mask((row["x0"], row["y0"], row["x1"], row["y1"]), row["runs"])
    return Drawn(Attributes.from_json(json.loads(row["attributes"])), mask, row["area"])


def object_of(connection: sqlite3.Connection, image: int, object: str) -> Drawn | None:
    """An object of an image, or None where there is none of this id."""
    row = connection.execute("SELECT * FROM objects WHERE image = ? AND object = ?", (image, object)).fetchone()
    return None if row is None else drawn_of(row)


def keep_object(connection: sqlite3.Connection, image: int, object: str, drawn: Drawn | None) -> None:
    """Write an object as it is now; None takes it out."""
    if drawn is None:
        connection.execute("DELETE FROM objects WHERE image = ? AND object = ?", (image, object))
        return
    values = (image, object, *drawn.mask.box, drawn.mask.runs, drawn.area, drawn.attributes.class_id, drawn.attributes.place)
    connection.execute(
        "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, json.dumps(drawn.attributes.to_json())),
    )


def objects_of(connection: sqlite3.Connection, image: int, box: Sequence[int] | None = None) -> list[tuple[str, Drawn]]:
    """The objects of an image in the order in which they came; with a box, those whose own box meets it."""
    where, values = "image = ?", [image]
    if box is not None:
        where += " AND x0 < ? AND y0 < ? AND x1 > ? AND y1 > ?"
        values += [box[2], box[3], box[0], box[1]]
    rows = connection.execute(f"SELECT * FROM objects WHERE {where} ORDER BY place, object", values)
    return [(row["object"], drawn_of(row)) for row in rows]


def packed(changes: Iterable[Change]) -> bytes:
    """The changes of an edit as they lie in the journal."""
    return zlib.compress(json.dumps([change.to_json() for change in changes]).encode(), 3)


def unpacked(content: bytes) -> list[Change]:
    """What `packed` made."""
    return [Change.from_json(value) for value in json.loads(zlib.decompress(content))]


def edit_json(row: sqlite3.Row) -> dict[str, Any]:
    """An edit of the journal, for other pages."""
    return {
        **{name: row[name] for name in ("revision", "edit_id", "client", "kind", "tool")},
        "changes": json.loads(zlib.decompress(row["changes"])),
    }


def edits_since(connection: sqlite3.Connection, image: int, revision: int) -> list[sqlite3.Row]:
    """The journal of an image after a revision, oldest first."""
    found = connection.execute("SELECT * FROM edits WHERE image = ? AND revision > ? ORDER BY revision", (image, revision))
    return list(found)
