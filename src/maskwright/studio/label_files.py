"""Label files, which are made of what the database holds: written when that has changed, taken in where it lacks something."""

import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from maskwright.base.errors import MaskwrightError
from maskwright.formats.project import SUFFIX, LabelFile, LabelledObject, label_path, read_labels, write_labels
from maskwright.formats.project_file import LABELS
from maskwright.report.words import counted
from maskwright.studio.database import Database
from maskwright.studio.edits import Wanted
from maskwright.studio.history import Edit, put_in
from maskwright.studio.objects import SETTABLE, Mask
from maskwright.studio.rows import image_row, keep_object, object_of, objects_of

ORIGIN = ("tool", "assistant")
UNWRITTEN = "SELECT id FROM images WHERE written < touched ORDER BY id"


def write_all(database: Database, folder: Path, images: Path) -> int:
    """Write every label file that is behind the database; how many they were. Raises as `write` does."""
    with database.reading() as connection:
        waiting = [row["id"] for row in connection.execute(UNWRITTEN)]
    for image in waiting:
        write(database, folder, images, image)
    return len(waiting)


def write(database: Database, folder: Path, images: Path, image: int) -> None:
    """Write the label file of an image. Raises `MaskwrightError` where the disk refuses; the database has it all."""
    with database.reading() as connection:
        row = image_row(connection, image)
        objects = objects_of(connection, image)
    if row["height"] is not None:
        made = (
            LabelledObject.model_validate({"id": name, **drawn.mask.to_json(), **drawn.attributes.to_json()})
            for name, drawn in objects
        )
        content = LabelFile(
            image=row["name"], size_hw=(row["height"], row["width"]), revision=row["revision"], state=row["state"],
            note=row["note"], sha256=row["sha256"], objects=tuple(made),
        )  # fmt: skip
        write_labels(label_path(folder, row["name"]), content)
    with database.transaction() as connection:
        connection.execute("UPDATE images SET written = max(written, ?) WHERE id = ?", (row["touched"], image))


def take_in(database: Database, folder: Path) -> list[str]:
    """Take in what label files have and the database lacks: of an imported project, or after a damage. In words, what was done.

    Each image is one transaction. What cannot be read is told and left where it is.
    """
    files = sorted((folder / LABELS).rglob(f"*{SUFFIX}")) if (folder / LABELS).is_dir() else []
    with database.reading() as connection:
        classes = {row[0] for row in connection.execute("SELECT id FROM classes WHERE moved_to IS NULL")}
    taken, words = 0, []
    for file in files:
        try:
            labels = read_labels(file)
            with database.transaction() as connection:
                taken += _take(connection, labels, classes, file)
        except MaskwrightError as error:
            words.append(str(error))
    return [*([f"{counted(taken, 'label file')} taken in"] if taken else []), *words]


def _take(connection: sqlite3.Connection, labels: LabelFile, classes: set[int], file: Path) -> bool:
    """Make an image's objects those of a label file that is newer; whether it is."""
    row = _row_of(connection, labels.image, file)
    has_more = labels.revision > row["revision"] or (row["revision"] == 0 and labels.is_labelled)
    if not has_more:
        return False
    unknown = {one.class_id for one in labels.objects if one.class_id is not None} - classes
    if unknown:
        raise MaskwrightError(f"{file}: objects have the classes {sorted(unknown)}, which are not in project.json.")
    connection.execute(
        "UPDATE images SET height = ?, width = ?, sha256 = coalesce(sha256, ?), state = ?, note = ?, revision = ? WHERE id = ?",
        (*labels.size_hw, labels.sha256, labels.state, labels.note, max(labels.revision, row["revision"]), row["id"]),
    )
    kept = {one.id for one in labels.objects}
    changes = [Wanted(name, delete=True) for name, _ in objects_of(connection, row["id"]) if name not in kept]
    changes += [_wanted(one) for one in sorted(labels.objects, key=lambda one: one.place)]
    put_in(connection, row["id"], Edit(edit_id=str(uuid.uuid4()), base_revision=0, changes=tuple(changes), tool="import"))
    for one in labels.objects:
        _keep_origin(connection, row["id"], one)
    return True


def _row_of(connection: sqlite3.Connection, name: str, file: Path) -> sqlite3.Row:
    """The image that a label file means, by its name with or without suffix."""
    rows: Sequence[sqlite3.Row] = connection.execute("SELECT * FROM images WHERE name = ?", (name,)).fetchall()
    if not rows:
        names = connection.execute("SELECT * FROM images WHERE substr(name, 1, ?) = ?", (len(name) + 1, f"{name}."))
        rows = [row for row in names if "/" not in row["name"][len(name) + 1 :]]
    if len(rows) != 1:
        what = "no image" if not rows else "several images"
        raise MaskwrightError(f"{file}: there is {what} called '{name}'. Its labels stay in the file.")
    return rows[0]


def _wanted(one: LabelledObject) -> Wanted:
    extra = one.model_extra or {}
    values = {name: getattr(one, name, extra.get(name)) for name in sorted(SETTABLE)}
    return Wanted(one.id, {name: value for name, value in values.items() if value is not None or name == "class_id"},
                  mask=Mask(one.box, one.runs))  # fmt: skip


def _keep_origin(connection: sqlite3.Connection, image: int, one: LabelledObject) -> None:
    """Give an object back how it was made, where its file says it."""
    extra = one.model_extra or {}
    drawn = object_of(connection, image, one.id)
    if drawn is not None:
        told = {name: extra[name] for name in ORIGIN if isinstance(extra.get(name), str)}
        keep_object(connection, image, one.id, drawn.with_values(replace(drawn.attributes, **told)))
