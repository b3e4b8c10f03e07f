"""The classes of a project: named, coloured, ordered; removed ones keep their id and say where their objects went."""

import json
import sqlite3
import uuid
from collections.abc import Sequence
from typing import Any

from maskwright.formats.project_file import Kind, ProjectClass
from maskwright.masks.classes import PALETTE
from maskwright.studio.database import Database
from maskwright.studio.edits import Wanted
from maskwright.studio.history import NOWHERE, Edit, put_in
from maskwright.studio.objects import NotPossible
from maskwright.studio.rows import NotFound

FIRST = "object"  # of a project for which nobody named classes
LONGEST_NAME = 200


def prepare(database: Database, kept: Sequence[ProjectClass], names: Sequence[str]) -> None:
    """The classes of a project that is opened: those it has, or those of its project.json; and those that were named."""
    if not _rows(database):
        with database.transaction() as connection:
            for position, one in enumerate(kept):
                values = (one.id, one.name, json.dumps(one.color), one.kind, position)
                connection.execute("INSERT INTO classes (id, name, color, kind, position) VALUES (?, ?, ?, ?, ?)", values)
    known = {one.name for one in listed(database)}
    for name in names or ([] if known else [FIRST]):
        if name.strip() not in known:
            add(database, name)
            known.add(name.strip())


def listed(database: Database) -> list[ProjectClass]:
    """The classes there are, in their order."""
    return [_class(row) for row in _rows(database) if row["moved_to"] is None]


def add(database: Database, name: str, color: tuple[int, int, int] | None = None, kind: Kind = "thing") -> ProjectClass:
    """A new class, last in order. Raises `NotPossible` for a name that is empty, too long or taken."""
    with database.transaction() as connection:
        name = _free_name(connection, name)
        count, last = connection.execute("SELECT count(*), coalesce(max(position), 0) FROM classes").fetchone()
        color = color or PALETTE[1 + count % (len(PALETTE) - 1)]
        made = connection.execute(
            "INSERT INTO classes (name, color, kind, position) VALUES (?, ?, ?, ?)", (name, json.dumps(color), kind, last + 1)
        )
        return _found(connection, made.lastrowid)


def change(database: Database, id: int, values: dict[str, Any]) -> ProjectClass:
    """Set the name, colour, kind or position of a class. Raises `NotFound`, and `NotPossible` as `add` does."""
    with database.transaction() as connection:
        _found(connection, id)
        if "name" in values:
            values = {**values, "name": _free_name(connection, values["name"], but=id)}
        if "color" in values:
            values = {**values, "color": json.dumps(values["color"])}
        for name in ("name", "color", "kind", "position"):
            if name in values:
                connection.execute(f"UPDATE classes SET {name} = ? WHERE id = ?", (values[name], id))
        return _found(connection, id)


def remove(database: Database, id: int, to: int | None = None) -> int:
    """Take a class out; its objects become those of the class `to`. How many they were.

    Raises `NotPossible` where it has objects and nobody says where they go. Each image gets an edit, in one transaction.
    """
    with database.transaction() as connection:
        _found(connection, id)
        rows = connection.execute("SELECT image, object FROM objects WHERE class = ? ORDER BY image", (id,)).fetchall()
        if to is not None and _found(connection, to).id == id:
            raise NotPossible("A class cannot take over its own objects. Name another one.")
        if rows and to is None:
            raise NotPossible(f"The class has {len(rows)} objects. Say which class takes them over, or delete them first.")
        connection.execute("UPDATE classes SET moved_to = ? WHERE id = ?", (NOWHERE if to is None else to, id))
        connection.execute("UPDATE proposals SET class = ? WHERE class = ?", (to, id))
        for image in sorted({row["image"] for row in rows}):
            moved = tuple(Wanted(row["object"], {"class_id": to}) for row in rows if row["image"] == image)
            put_in(connection, image, Edit(edit_id=str(uuid.uuid4()), base_revision=0, changes=moved, tool="class removed"))
        return len(rows)


def _free_name(connection: sqlite3.Connection, name: str, but: int | None = None) -> str:
    name = " ".join(name.split())
    taken = {row["name"] for row in connection.execute("SELECT * FROM classes WHERE moved_to IS NULL") if row["id"] != but}
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name in taken:
        why = "is taken" if name in taken else f"has no letters, letters that cannot be printed, or more than {LONGEST_NAME}"
        raise NotPossible(f"'{name[:LONGEST_NAME]}' cannot be the name of a class: it {why}.")
    return name


def _found(connection: sqlite3.Connection, id: int | None) -> ProjectClass:
    row = connection.execute("SELECT * FROM classes WHERE id = ? AND moved_to IS NULL", (id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no class {id}. Load the classes again.")
    return _class(row)


def _rows(database: Database) -> list[sqlite3.Row]:
    with database.reading() as connection:
        return list(connection.execute("SELECT * FROM classes ORDER BY position, id"))


def _class(row: sqlite3.Row) -> ProjectClass:
    red, green, blue = json.loads(row["color"])
    return ProjectClass(row["id"], row["name"], (red, green, blue), row["kind"])
