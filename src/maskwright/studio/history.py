"""The history of an image: edits that are acknowledged once they are on the disk, undo and redo, one line for all pages."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from maskwright.base.errors import MaskwrightError
from maskwright.studio.database import Database
from maskwright.studio.edits import Change, Size, Wanted, applied, carried_out, touched
from maskwright.studio.objects import Attributes, NotPossible
from maskwright.studio.rows import edit_json, edits_since, image_row, keep_object, object_of, packed, unpacked


@dataclass(frozen=True, kw_only=True)
class Step:
    """What every change of an image says of itself; with an id of its own, so that a step that is sent twice counts once."""

    edit_id: str
    base_revision: int
    seconds: float = 0.0
    clicks: int = 0
    client: str = ""


@dataclass(frozen=True, kw_only=True)
class Edit(Step):
    """Changes of objects that are one step of undo."""

    changes: tuple[Wanted, ...]
    tool: str = ""
    assistant: str | None = None
    exclusive: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a step did. since: what others did between its base and it, oldest first."""

    revision: int
    changes: tuple[Change, ...]
    merged: bool
    since: tuple[dict[str, Any], ...]
    can_undo: bool
    can_redo: bool

    def to_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("revision", "merged", "since", "can_undo", "can_redo")},
            "changes": [change.to_json() for change in self.changes],
        }


class Conflict(MaskwrightError):  # noqa: N818
    """Others changed the same since the page looked. Nothing was changed."""

    def __init__(self, message: str, revision: int, objects: Sequence[str], since: Sequence[dict[str, Any]]) -> None:
        super().__init__(message)
        self.revision, self.objects, self.since = revision, tuple(objects), tuple(since)


NOWHERE = -1  # where objects of a removed class went that had none
Kind = Literal["edit", "undo", "redo"]
Changes = Callable[[sqlite3.Connection, sqlite3.Row], Sequence[Change]]


def edit(database: Database, image: int, wanted: Edit) -> Outcome:
    """Carry out an edit, merged with what others did if it touches nothing of theirs.

    Raises `Conflict` where it does, `NotPossible` and `MaskValueError` where it contradicts the image, its objects or classes,
    `NotFound`, and `NotSaved`; then nothing was changed.
    """

    def changes(connection: sqlite3.Connection, row: sqlite3.Row) -> Sequence[Change]:
        size_hw = _size(row)
        _require_classes(connection, wanted.changes)
        later = [
            (change, bool(one["exclusive"]))
            for one in edits_since(connection, image, wanted.base_revision)
            for change in unpacked(one["changes"])
        ]
        common = touched(wanted.changes, wanted.exclusive, later, size_hw)
        if common:
            raise _conflict(connection, row, wanted, common)
        connection.execute("UPDATE edits SET status = 'gone' WHERE image = ? AND status = 'undone'", (image,))
        return _carry_out(connection, row, wanted, size_hw)

    return step_of(database, image, wanted, "edit", changes)


def undo(database: Database, image: int, wanted: Step) -> Outcome:
    """Take back the last edit that is not undone. Raises as `edit` does, and `Conflict` wherever there is a later revision."""

    def changes(connection: sqlite3.Connection, row: sqlite3.Row) -> Sequence[Change]:
        last = _last(connection, image, "done", "DESC")
        if last is None:
            raise NotPossible("There is nothing to undo on this image.")
        connection.execute("UPDATE edits SET status = 'undone' WHERE id = ?", (last["id"],))
        return [change.inverse() for change in reversed(unpacked(last["changes"]))]

    return step_of(database, image, wanted, "undo", changes)


def redo(database: Database, image: int, wanted: Step) -> Outcome:
    """Do again what was undone last. Raises as `undo` does."""

    def changes(connection: sqlite3.Connection, row: sqlite3.Row) -> Sequence[Change]:
        first = _last(connection, image, "undone", "ASC")
        if first is None:
            raise NotPossible("There is nothing to do again on this image.")
        connection.execute("UPDATE edits SET status = 'done' WHERE id = ?", (first["id"],))
        return unpacked(first["changes"])

    return step_of(database, image, wanted, "redo", changes)


def put_in(connection: sqlite3.Connection, image: int, wanted: Edit) -> None:
    """Carry out an edit of the program itself within a transaction, at the image's revision and on locked objects too."""
    row = image_row(connection, image)
    changes = _carry_out(connection, row, wanted, _size(row), locks=False)
    connection.execute("UPDATE edits SET status = 'gone' WHERE image = ? AND status = 'undone'", (image,))
    _record(connection, row, replace(wanted, base_revision=row["revision"]), "edit", "", changes, wanted.tool)


def since(database: Database, image: int, revision: int) -> dict[str, Any]:
    """What was done to an image after a revision."""
    with database.reading() as connection:
        row = image_row(connection, image)
        found = tuple(edit_json(one) for one in edits_since(connection, image, revision))
        can_undo, can_redo = can_step(connection, image)
        return {"revision": row["revision"], "edits": found, "can_undo": can_undo, "can_redo": can_redo}


def can_step(connection: sqlite3.Connection, image: int) -> tuple[bool, bool]:
    """Whether there is something to undo, and something to redo."""
    return _last(connection, image, "done", "DESC") is not None, _last(connection, image, "undone", "ASC") is not None


def step_of(database: Database, image: int, wanted: Step, kind: Kind, changes: Changes, *, tool: str = "") -> Outcome:
    """One revision of an image: known already, or made in one transaction. tool: of a step that is no `Edit`."""
    digest = hashlib.sha256(json.dumps([image, kind, asdict(wanted)], sort_keys=True).encode()).hexdigest()
    with database.transaction() as connection:
        row = image_row(connection, image)
        known = connection.execute("SELECT * FROM edits WHERE edit_id = ?", (wanted.edit_id,)).fetchone()
        if known is not None:
            if known["digest"] != digest:
                raise _conflict(connection, row, wanted, (), f"The edit_id {wanted.edit_id} was used for another edit.")
            return _outcome(connection, known, wanted.base_revision)
        if wanted.base_revision > row["revision"]:
            what = f"The image has the revision {row['revision']}, and was never at {wanted.base_revision}: load it again."
            raise _conflict(connection, row, wanted, (), what)
        if kind != "edit" and wanted.base_revision != row["revision"]:
            raise _conflict(connection, row, wanted, ())
        made = _record(connection, row, wanted, kind, digest, changes(connection, row), tool or kind)
        return _outcome(connection, made, wanted.base_revision)


def _carry_out(
    connection: sqlite3.Connection, row: sqlite3.Row, wanted: Edit, size_hw: Size, *, locks: bool = True
) -> list[Change]:
    """What an edit really changes."""
    changes: list[Change] = []
    place = row["next_place"]
    for one in wanted.changes:
        drawn = object_of(connection, row["id"], one.object)
        new = Attributes(None, place=place, tool=wanted.tool, assistant=wanted.assistant)
        change = carried_out(one, drawn, new, size_hw, locks=locks)
        place += drawn is None
        changes += [] if change is None else [change]
    connection.execute("UPDATE images SET next_place = ? WHERE id = ?", (place, row["id"]))
    return changes


def _record(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    wanted: Step,
    kind: Kind,
    digest: str,
    changes: Sequence[Change],
    tool: str,
) -> sqlite3.Row:
    """Write changes into the objects and the journal, as the next revision."""
    size_hw = _size(row)
    made = [_with_class_there_is(connection, change) for change in changes]
    for change in made:
        drawn = applied(change, object_of(connection, row["id"], change.object), size_hw)
        keep_object(connection, row["id"], change.object, drawn)
        decided = _proposal_of(change, kind)
        if decided is not None:
            connection.execute("UPDATE proposals SET state = ? WHERE id = ?", decided)
    revision = row["revision"] + 1
    how = wanted if isinstance(wanted, Edit) else None
    connection.execute(
        "INSERT INTO edits (image, revision, edit_id, digest, kind, status, tool, assistant, seconds, clicks, client,"
        " exclusive, merged, at, changes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row["id"], revision, wanted.edit_id, digest, kind, "done" if kind == "edit" and made else "",
            how.tool if how else tool, how and how.assistant, wanted.seconds, wanted.clicks, wanted.client,
            bool(how and how.exclusive), wanted.base_revision < row["revision"], time.time(), packed(made),
        ),
    )  # fmt: skip
    connection.execute("UPDATE images SET revision = ?, touched = touched + 1 WHERE id = ?", (revision, row["id"]))
    found: sqlite3.Row = connection.execute("SELECT * FROM edits WHERE edit_id = ?", (wanted.edit_id,)).fetchone()
    return found


def _outcome(connection: sqlite3.Connection, made: sqlite3.Row, base_revision: int) -> Outcome:
    between = (one for one in edits_since(connection, made["image"], base_revision) if one["revision"] < made["revision"])
    can_undo, can_redo = can_step(connection, made["image"])
    return Outcome(
        made["revision"], tuple(unpacked(made["changes"])), bool(made["merged"]), tuple(map(edit_json, between)),
        can_undo, can_redo,
    )  # fmt: skip


def _conflict(
    connection: sqlite3.Connection, row: sqlite3.Row, wanted: Step, objects: Sequence[str], what: str = ""
) -> Conflict:
    later = [edit_json(one) for one in edits_since(connection, row["id"], wanted.base_revision)]
    words = what or f"The image was changed by others since revision {wanted.base_revision}. Nothing of this edit was saved."
    return Conflict(words, row["revision"], objects, later)


def _last(connection: sqlite3.Connection, image: int, status: str, order: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute(
        f"SELECT id, changes FROM edits WHERE image = ? AND status = ? ORDER BY id {order} LIMIT 1", (image, status)
    ).fetchone()
    return found


def _size(row: sqlite3.Row) -> Size:
    """Raises `NotPossible` for an image whose size nobody has seen."""
    if row["height"] is None:
        raise NotPossible(f"{row['name']}: the image was not opened yet, so its size is not known. Load it first.")
    return row["height"], row["width"]


def _require_classes(connection: sqlite3.Connection, changes: Sequence[Wanted]) -> None:
    there = {row[0] for row in connection.execute("SELECT id FROM classes WHERE moved_to IS NULL")}
    wrong = {one.values["class_id"] for one in changes if one.values.get("class_id") is not None} - there
    if wrong:
        raise NotPossible(f"There is no class {', '.join(map(str, sorted(wrong)))}. Load the classes again.")


def _with_class_there_is(connection: sqlite3.Connection, change: Change) -> Change:
    """The change with the class to which the objects of a class went that was removed since."""
    after = change.after
    while after is not None and after.class_id is not None:
        row = connection.execute("SELECT moved_to FROM classes WHERE id = ?", (after.class_id,)).fetchone()
        if row is None or row["moved_to"] in (None, NOWHERE):
            break
        after = replace(after, class_id=row["moved_to"])
    return replace(change, after=after)


def _proposal_of(change: Change, kind: Kind) -> tuple[str, int] | None:
    """What a change says of the proposal that an object was made from."""
    if change.before is None and change.after is not None and change.after.proposal is not None:
        return "accepted", change.after.proposal
    if kind == "undo" and change.after is None and change.before is not None and change.before.proposal is not None:
        return "open", change.before.proposal
    return None
