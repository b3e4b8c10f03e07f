"""What labelling costs: seconds and clicks of every object, by the tool, the class and the assistant that made it."""

import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.studio import classes
from maskwright.studio.database import Database

NOBODY = "none"
LEFT_OUT = "left out"  # objects without class: pixels to leave out


@dataclass(frozen=True)
class Group:
    """Objects that have something in common, and what one of them cost. by: 'all', 'tool', 'class' or 'assistant'."""

    by: str
    name: str
    objects: int
    median_seconds: float
    mean_seconds: float
    p90_seconds: float
    clicks: float

    def to_json(self) -> dict[str, Any]:
        return {name: round(value, 3) if isinstance(value, float) else value for name, value in vars(self).items()}


def costs(database: Database) -> tuple[Group, ...]:
    """The cost of every object that there is: the seconds of all steps that touched it, each shared by the objects it touched.

    Steps that were undone count, since a person spent them; the cost of objects that are gone is in no group.
    """
    spent: dict[tuple[int, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    with database.reading() as connection:
        for row in connection.execute("SELECT image, seconds, clicks, changes FROM edits WHERE tool != 'import'"):
            touched = {change["object"] for change in json.loads(zlib.decompress(row["changes"]))}
            for name in touched:
                cost = spent[row["image"], name]
                cost[0] += row["seconds"] / len(touched)
                cost[1] += row["clicks"] / len(touched)
        objects = [
            (spent[row["image"], row["object"]], json.loads(row["attributes"]))
            for row in connection.execute("SELECT image, object, attributes FROM objects")
            if (row["image"], row["object"]) in spent
        ]
    names = {one.id: one.name for one in classes.listed(database)}
    keys: dict[str, Callable[[dict[str, Any]], str]] = {
        "all": lambda values: "all",
        "tool": lambda values: values["tool"] or NOBODY,
        "class": lambda values: names.get(values["class_id"], LEFT_OUT),
        "assistant": lambda values: values["assistant"] or NOBODY,
    }
    groups = []
    for by, key in keys.items():
        found: dict[str, list[Sequence[float]]] = defaultdict(list)
        for cost, values in objects:
            found[key(values)].append(cost)
        groups += [_group(by, name, some) for name, some in sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))]
    return tuple(groups)


def _group(by: str, name: str, some: Sequence[Sequence[float]]) -> Group:
    seconds, clicks = np.array(some, np.float64).T
    p90 = float(np.percentile(seconds, 90))
    return Group(by, name, len(some), float(np.median(seconds)), float(seconds.mean()), p90, float(clicks.mean()))
