"""What the files of a data set were when a run began, so that a change is noticed."""

import functools
from collections.abc import Iterable

from maskwright.base.files import sha256
from maskwright.data.dataset import DataSet


def manifest(parts: Iterable[DataSet]) -> dict[str, str]:
    """SHA-256 of every record's image and mask file, by record id."""
    records = {record.id: record for part in parts for record in part.records}
    digest = functools.cache(sha256)  # an annotation file belongs to many records
    return {
        id: " ".join(digest(path) if path else "-" for path in (record.image, record.mask))
        for id, record in sorted(records.items())
    }


def differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """In words, what was removed, added or changed."""
    removed = [f"{id} is gone" for id in sorted(before.keys() - now.keys())]
    added = [f"{id} is new" for id in sorted(now.keys() - before.keys())]
    changed = [f"{id} has changed" for id in sorted(before.keys() & now.keys()) if before[id] != now[id]]
    return removed + added + changed
