"""How a project learns while it is labelled, as a person set it; kept in the project's database."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from maskwright.studio.database import Database

FACT = "learning"


@dataclass(frozen=True)
class Settings:
    """enabled: whether training starts by itself. after: finished images, since the last training, that start one.

    minutes: a training takes. task: "auto" is by the kinds of the classes.
    """

    enabled: bool = True
    after: int = 5
    minutes: float = 2.0
    task: Literal["auto", "semantic", "instance", "panoptic"] = "auto"


def read_settings(database: Database) -> Settings:
    """What was kept, or what holds where nobody set anything."""
    with database.reading() as connection:
        row = connection.execute("SELECT value FROM facts WHERE name = ?", (FACT,)).fetchone()
    kept: dict[str, Any] = {}
    if row is not None:
        with suppress(ValueError, TypeError):
            kept = dict(json.loads(row[0]))
    known = {field.name for field in fields(Settings)}
    return replace(Settings(), **{name: value for name, value in kept.items() if name in known})


def keep_settings(database: Database, settings: Settings) -> None:
    """Raises `NotSaved`."""
    with database.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (FACT, json.dumps(asdict(settings))))
