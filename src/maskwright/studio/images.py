"""The images of a project as a page lists them: state, notes, what is known of their files, and in which order."""

import json
import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from maskwright.base.files import natural_key
from maskwright.formats.image_description import image_description
from maskwright.studio.database import Database
from maskwright.studio.history import can_step
from maskwright.studio.order import helpful, looks_of
from maskwright.studio.pictures import Pictures
from maskwright.studio.pyramid import TILE, Pyramid, levels_of
from maskwright.studio.rows import NotFound, image_row
from maskwright.studio.stacks import plane_as_json, planes_around
from maskwright.studio.store import FileState, Store

Order = Literal["name", "random", "helpful"]
STATES = ("todo", "done", "look")

LISTED = """
SELECT images.*, (SELECT count(*) FROM objects WHERE objects.image = images.id) AS objects,
    (SELECT count(*) FROM proposals WHERE proposals.image = images.id AND proposals.state = 'open') AS proposals
FROM images
"""


def listed(
    database: Database,
    order: Order,
    *,
    only: frozenset[str] | None = None,
    state: str | None = None,
    seed: int = 0,
    offset: int = 0,
    limit: int = 100,
) -> dict[str, Any]:
    """A part of the list of images, as the protocol has it. only: names of those that are listed; None is all."""
    where, values = ("WHERE state = ?", (state,)) if state else ("", ())
    with database.reading() as connection:
        rows = connection.execute(f"SELECT id, name, uncertainty, looks FROM images {where}", values)
        found = [row for row in rows if only is None or row["name"] in only]
        ids = [row["id"] for row in _ordered(found, order, seed)]
        chosen = ids[offset : offset + limit]
        marks = ",".join("?" * len(chosen))
        shown = {row["id"]: row for row in connection.execute(f"{LISTED} WHERE id IN ({marks})", chosen)}
    return {"total": len(ids), "images": [as_json(shown[id]) for id in chosen]}


def counts(database: Database, only: frozenset[str] | None = None) -> dict[str, int]:
    """How many of the listed images have each state."""
    with database.reading() as connection:
        found = [state for name, state in connection.execute("SELECT name, state FROM images") if only is None or name in only]
    return {state: found.count(state) for state in STATES}


def opened(store: Store, pictures: Pictures, image: int) -> dict[str, Any]:
    """Everything about one image, whose file is looked at; `trouble` tells what is wrong with it. Raises `NotFound`."""
    state = store.file_state(image)
    looks: dict[str, Any] = {}
    if not state.trouble and not state.changed:
        found, state = pictures.tried(state)
        if found is not None:
            note_looks(store.database, image, found)
            looks = {
                "channels": found.channels,
                "dtype": found.levels[0].dtype.name,
                "range": [list(pair) for pair in found.ranges],
                "channel_names": _names_of_channels(state.path, found.channels),
            }
    with store.database.reading() as connection:
        row = connection.execute(f"{LISTED} WHERE id = ?", (image,)).fetchone()
        can_undo, can_redo = can_step(connection, image)
        planes = planes_around(connection, row["name"])
    return {**as_json(row, state), **looks, "planes": planes, "can_undo": can_undo, "can_redo": can_redo}


def as_json(row: sqlite3.Row, state: FileState | None = None) -> dict[str, Any]:
    """What the list says of an image; with its file's state, if that was looked at."""
    size_hw = None if row["height"] is None else [row["height"], row["width"]]
    trouble = "" if row["is_there"] else f"{row['name']}: the file is not there any more. Its labels are kept."
    return {
        **{name: row[name] for name in ("id", "name", "state", "note", "revision", "objects", "uncertainty", "proposals")},
        **plane_as_json(row["name"]),
        "size_hw": size_hw,
        "levels": None if size_hw is None else levels_of((row["height"], row["width"])),
        "tile": TILE,
        **dict.fromkeys(("channels", "dtype", "range")),
        "channel_names": [],
        "planes": None,
        "changed": bool(state and state.changed),
        "trouble": state.trouble if state and state.trouble else trouble,
    }


def change(database: Database, image: int, values: dict[str, Any]) -> None:
    """Set the state or the note of an image. Raises `NotFound`."""
    with database.transaction() as connection:
        image_row(connection, image)
        for name in ("state", "note"):
            if name in values:
                connection.execute(f"UPDATE images SET {name} = ?, touched = touched + 1 WHERE id = ?", (values[name], image))


def set_uncertainty(database: Database, image: int, value: float | None) -> None:
    """Keep how uncertain a prediction of an image was. Raises `NotFound`."""
    with database.transaction() as connection:
        if connection.execute("UPDATE images SET uncertainty = ? WHERE id = ?", (value, image)).rowcount == 0:
            raise NotFound(f"There is no image {image}. Load the list of images again.")


def note_looks(database: Database, image: int, found: Pyramid) -> None:
    """Keep how an image looks, for the order of the list, when all of it is seen first."""
    if not found.is_made():
        return
    with database.reading() as connection:
        is_known = image_row(connection, image)["looks"] is not None
    if not is_known:
        keep_looks(database, image, looks_of(found.levels[-1][:, :]))


def keep_looks(database: Database, image: int, looks: Sequence[float]) -> None:
    """Keep how an image looks: the numbers of `order.looks_of`."""
    with database.transaction() as connection:
        connection.execute("UPDATE images SET looks = ? WHERE id = ?", (json.dumps(list(looks)), image))


def _names_of_channels(path: Path, channels: int) -> list[str]:
    """What a file calls the channels; nothing where its names are those of something else, as of the slices of a stack."""
    names = image_description(path).channel_names
    return list(names) if len(names) == channels else []


def _ordered(rows: Sequence[sqlite3.Row], order: Order, seed: int) -> list[sqlite3.Row]:
    by_name = sorted(rows, key=lambda row: natural_key(row["name"]))
    if order == "random":
        random.Random(seed).shuffle(by_name)
    if order == "helpful":
        places = helpful([row["uncertainty"] for row in by_name], [row["looks"] for row in by_name])
        return [by_name[place] for place in places]
    return by_name
