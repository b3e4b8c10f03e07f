"""Splits that a file names: splits.json beside the data."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from maskwright.base.errors import DataError, did_you_mean
from maskwright.base.files import read_json
from maskwright.data.dataset import DataSet
from maskwright.data.record import Record
from maskwright.data.split import VAL_FOR_BOTH, Split, divide, n_images, not_used, part_sizes, split

# What a part may be called in a file -> what it is called here.
PART_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
PREFERRED = ("official", "suggested")  # of several splits in a file, the first of these that holds something out

PARTS: tuple[str, ...] = ("train", "val", "test")
TEST_ONCE = "The test part is looked at once, at the end."

Lists = dict[str, list[str]]


def from_file(
    path: Path,
    data: DataSet,
    *,
    name: str | None = None,
    seed: int = 0,
    group_by: str | None = None,
    together: Iterable[Sequence[str]] = (),
) -> Split:
    """The split that a JSON file names: {"train": [...], "val": [...], "test": [...]}, or several such by name.

    Images are named by id, file name or stem. Where there is a test part but none to choose the best weights by, that is made
    of the train part as `split` does, so that the test part is looked at once. A file that holds nothing out ({"all": [...]})
    is split as `split` does. Raises `DataError` for names that no image has and for images in two parts.
    """
    path = Path(path)
    chosen, lists = _choose(read_json(path), path, name)
    parts = _resolve(lists, data, path)
    masked = {part: data.with_records([one for one in records if one.mask is not None]) for part, records in parts.items()}
    sets = {part: masked[part] for part in PARTS if part in masked and len(masked[part])}
    listed, used = sum(map(len, parts.values())), sum(map(len, sets.values()))
    words = [f"The split '{chosen}' of {path.name}:" if chosen else f"The split of {path.name}:"]
    unused = not_used(len(data) - listed, "that it does not list") + not_used(listed - used, "without a mask")
    if "train" not in sets:
        raise DataError(f'{path}: names no image with a mask to train on. Add a "train" list, or give another file.')
    if len(sets) == 1:
        own = split(sets["train"], seed=seed, group_by=group_by, together=together)
        return replace(own, statement=" ".join([f"{path.name} holds nothing out.", own.statement, *unused]))
    if "test" not in sets:
        return Split(sets, "file", " ".join([*words, part_sizes(sets), VAL_FOR_BOTH, *unused]))
    words_on_val = []
    if "val" not in sets:
        inner = divide(sets["train"], seed=seed, group_by=group_by, together=together)
        sets = {**inner.parts, "test": sets["test"]}
        words_on_val = ["The part to choose by was taken from the train list.", inner.statement]
    return Split(sets, "file", " ".join([*words, part_sizes(sets), TEST_ONCE, *words_on_val, *unused]))


def _choose(value: Any, path: Path, name: str | None) -> tuple[str, Lists]:
    """The split to take, and its name where the file has several."""
    if not isinstance(value, dict):
        raise DataError(f"{path}: a split is a JSON object of lists of image names, not {type(value).__name__}.")
    named = {key: lists for key, entry in value.items() if isinstance(entry, dict) and (lists := _lists(entry))}
    if name is not None and name not in named:
        raise DataError(
            f"{path}: has no split called '{name}'. {did_you_mean(name, named) if named else 'It has no named ones.'}"
        )
    if name is not None:
        return name, named[name]
    if direct := _lists(value):
        return "", direct
    order = [*(key for key in PREFERRED if key in named), *(key for key in named if key not in PREFERRED)]
    holding = [key for key in order if len(named[key]) > 1]
    if holding or order:
        return (holding or order)[0], named[(holding or order)[0]]
    raise DataError(f'{path}: no lists of image names found. Expected is {{"train": [...], "val": [...], "test": [...]}}.')


def _lists(entry: dict[str, Any]) -> Lists:
    """The lists of names under the known part names; {"all": [...]} counts as one to train on."""
    known = {**PART_NAMES, "all": "train"}
    parts = {known[key.lower()]: value for key, value in entry.items() if key.lower() in known and isinstance(value, list)}
    return {part: [str(one) for one in value] for part, value in parts.items() if value}


def _resolve(lists: Lists, data: DataSet, path: Path) -> dict[str, tuple[Record, ...]]:
    """The records that the names stand for; files that cannot be used, which the check reports, are left out."""
    by_name: dict[str, list[Record]] = {}
    for record in data.records:
        for key in {record.id, record.image.name, record.image.stem, PurePosixPath(record.id).name}:
            by_name.setdefault(_folded(key), []).append(record)
    unusable = {_folded(key) for fault in data.faults for key in (fault.path.name, fault.path.stem)} - by_name.keys()
    parts = {
        part: {one: by_name.get(_folded(one), []) for one in names if _folded(one) not in unusable}
        for part, names in lists.items()
    }
    unknown = [one for found in parts.values() for one, records in found.items() if not records]
    if unknown:
        raise DataError(
            f"{path}: names {n_images(len(unknown))} that {data.root} does not have: {', '.join(unknown[:5])}. "
            f"Images there are called {', '.join(record.id for record in data.records[:3])} and so on. "
            f"Correct the names, or bring the images back."
        )
    unclear = [(one, records) for found in parts.values() for one, records in found.items() if len(records) > 1]
    if unclear:
        one, records = unclear[0]
        raise DataError(
            f"{path}: '{one}' may be any of {', '.join(record.id for record in records[:5])}. Name it by its whole path."
        )
    resolved = {
        part: tuple({records[0].id: records[0] for records in found.values()}.values()) for part, found in parts.items()
    }
    part_of: dict[str, str] = {}
    for part, found in resolved.items():
        for record in found:
            if part_of.setdefault(record.id, part) != part:
                raise DataError(
                    f"{path}: '{record.id}' is in both {part_of[record.id]} and {part}. An image must be in one part only."
                )
    return resolved


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name)
