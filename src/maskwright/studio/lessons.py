"""What people accepted in a project, as lessons for assistants that rank masks by it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.base.errors import MaskwrightError
from maskwright.studio.database import Database
from maskwright.studio.edits import Change
from maskwright.studio.store import Store

AT_ONCE = ("proposal", "click", "polygon", "wand")  # tools whose first edit of an object is all of it, or nearly
IMAGES, MASKS = 8, 60  # that an assistant is told of when it starts: the images edited last, and of each the newest objects

LAST_EDITED = "SELECT image FROM edits GROUP BY image ORDER BY max(id) DESC LIMIT ?"
THINGS = """
SELECT objects.x0, objects.y0, objects.x1, objects.y1, objects.runs FROM objects JOIN classes ON classes.id = objects.class
WHERE objects.image = ? AND classes.kind = 'thing' ORDER BY objects.place DESC LIMIT ?
"""


@dataclass(frozen=True)
class Lesson:
    """Masks of one image that a person accepted, as JSON values."""

    path: Path
    masks: tuple[dict[str, Any], ...]


def accepted(database: Database, changes: Sequence[Change]) -> tuple[dict[str, Any], ...]:
    """The masks of things that an edit made whole, the first ones of very many."""
    made = [
        (change.after.class_id, change.added)
        for change in changes
        if change.before is None and change.after is not None and change.added is not None and change.after.tool in AT_ONCE
    ]
    if not made:
        return ()
    with database.reading() as connection:
        things = {row[0] for row in connection.execute("SELECT id FROM classes WHERE kind = 'thing'")}
    return tuple(mask.to_json() for class_id, mask in made if class_id in things)[:MASKS]


def before(store: Store) -> list[Lesson]:
    """What an assistant that starts now is to be told, the oldest first; nothing where the project cannot be asked any more."""
    try:
        with store.database.reading() as connection:
            ids = [row[0] for row in connection.execute(LAST_EDITED, (IMAGES,))]
            found = [(id, _masks(connection, id)) for id in reversed(ids)]
    except (MaskwrightError, sqlite3.ProgrammingError):  # busy, or closed
        return []
    lessons = []
    for id, masks in found:
        try:
            lessons += [Lesson(store.path_of(id), masks)] if masks else []
        except MaskwrightError:
            continue  # an image that cannot be had teaches nothing
    return lessons


def _masks(connection: sqlite3.Connection, image: int) -> tuple[dict[str, Any], ...]:
    rows = connection.execute(THINGS, (image, MASKS))
    return tuple({"box": [row["x0"], row["y0"], row["x1"], row["y1"]], "runs": row["runs"]} for row in rows)
