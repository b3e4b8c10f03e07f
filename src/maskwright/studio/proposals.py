"""Masks that a program proposes and a person accepts or rejects, many at a time; what is accepted becomes an object."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.studio.database import Database
from maskwright.studio.edits import Change
from maskwright.studio.history import Outcome, Step, step_of
from maskwright.studio.objects import Attributes, Mask, NotPossible
from maskwright.studio.rows import NotFound, image_row

TOOL = "proposal"


@dataclass(frozen=True)
class Proposed:
    """A mask that may be an object. class_id: None where the program does not know."""

    class_id: int | None
    mask: Mask
    score: float
    assistant: str | None = None


@dataclass(frozen=True, kw_only=True)
class Decision(Step):
    """What is to become of proposals, by their ids."""

    accept: tuple[int, ...] = ()
    reject: tuple[int, ...] = ()
    class_id: int | None = None


def listed(database: Database, image: int, state: str | None = "open") -> list[dict[str, Any]]:
    """Proposals of an image, surest first. Raises `NotFound`."""
    with database.reading() as connection:
        image_row(connection, image)
        where, values = ("AND state = ?", (state,)) if state else ("", ())
        rows = connection.execute(f"SELECT * FROM proposals WHERE image = ? {where} ORDER BY score DESC, id", (image, *values))
        return [
            {
                **{name: row[name] for name in ("id", "runs", "area", "score", "assistant", "state")},
                "class_id": row["class"],
                "box": [row["x0"], row["y0"], row["x1"], row["y1"]],
            }
            for row in rows
        ]


def add(database: Database, image: int, proposed: Sequence[Proposed], *, replace_open: bool = False) -> list[int]:
    """Keep proposals; with `replace_open`, those that nobody has decided on go first. Their ids.

    Raises `NotFound`, `NotPossible`, and `MaskValueError` for a mask that does not fit the image.
    """
    with database.transaction() as connection:
        row = image_row(connection, image)
        if row["height"] is None:
            raise NotPossible(f"{row['name']}: the image was not opened yet, so its size is not known. Load it first.")
        there = {one[0] for one in connection.execute("SELECT id FROM classes WHERE moved_to IS NULL")}
        if replace_open:
            connection.execute("DELETE FROM proposals WHERE image = ? AND state = 'open'", (image,))
        ids = []
        for one in proposed:
            spans = one.mask.spans((row["height"], row["width"]))
            mask = Mask.of(spans)
            if mask is None or (one.class_id is not None and one.class_id not in there):
                raise NotPossible(
                    f"A proposal has {'no pixel' if mask is None else f'the class {one.class_id}, which is none'}."
                )
            values = (image, one.class_id, *mask.box, mask.runs, spans.area, one.score, one.assistant)
            made = connection.execute(
                "INSERT INTO proposals (image, class, x0, y0, x1, y1, runs, area, score, assistant)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            ids.append(int(made.lastrowid or 0))
        return ids


def decide(database: Database, image: int, wanted: Decision) -> Outcome:
    """Make an object of each accepted proposal and put the rejected ones aside, as one step. Raises as `history.edit` does.

    Objects of proposals of no class get the decision's; undone, the accepted ones are open again.
    """

    def changes(connection: sqlite3.Connection, row: sqlite3.Row) -> Sequence[Change]:
        chosen = [_open(connection, image, id) for id in wanted.accept]
        for id in wanted.reject:
            _open(connection, image, id)
            connection.execute("UPDATE proposals SET state = 'rejected' WHERE id = ?", (id,))
        place = row["next_place"]
        connection.execute("UPDATE images SET next_place = ? WHERE id = ?", (place + len(chosen), image))
        connection.execute("UPDATE edits SET status = 'gone' WHERE image = ? AND status = 'undone'", (image,))
        return [_accepted(one, place + number, wanted.class_id) for number, one in enumerate(chosen)]

    return step_of(database, image, wanted, "edit", changes, tool=TOOL)


def _open(connection: sqlite3.Connection, image: int, id: int) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute("SELECT * FROM proposals WHERE id = ? AND image = ?", (id, image)).fetchone()
    if row is None:
        raise NotFound(f"There is no proposal {id} on this image. Load the proposals again.")
    if row["state"] != "open":
        raise NotPossible(f"The proposal {id} is {row['state']} already. Load the proposals again.")
    return row


def _accepted(row: sqlite3.Row, place: int, class_id: int | None) -> Change:
    chosen = row["class"] if row["class"] is not None else class_id
    if chosen is None:
        raise NotPossible(f"The proposal {row['id']} has no class. Say which its object gets, in class_id.")
    attributes = Attributes(chosen, place=place, tool=TOOL, assistant=row["assistant"], proposal=row["id"])
    mask = Mask((row["x0"], row["y0"], row["x1"], row["y1"]), row["runs"])
    return Change(f"proposal-{row['id']}", None, attributes, mask, None)
