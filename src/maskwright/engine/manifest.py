"""What the files of a data set were when a run began, so that a change is noticed."""

import functools
from collections.abc import Iterable

from maskwright.data.dataset import DataSet
from maskwright.formats.file_state import digest_of
from maskwright.formats.plane_paths import file_of


def manifest(parts: Iterable[DataSet]) -> dict[str, str]:
    """SHA-256 of every record's image and mask file by record id, and of a file that describes them all by its name."""
    parts = tuple(parts)
    records = {record.id: record for part in parts for record in part.records}
    described = {part.labels.described_by for part in parts if part.labels is not None} - {None}
    digest = functools.cache(digest_of)  # an annotation file belongs to many records, and so does a stack
    digests = {
        id: " ".join(digest(file_of(path)) if path else "-" for path in (record.image, record.mask))
        for id, record in sorted(records.items())
    }
    return {**digests, **{path.name: digest(path) for path in described if path}}


def differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """In words, what was removed, added or changed."""
    removed = [f"{id} is gone" for id in sorted(before.keys() - now.keys())]
    added = [f"{id} is new" for id in sorted(now.keys() - before.keys())]
    changed = [f"{id} has changed" for id in sorted(before.keys() & now.keys()) if before[id] != now[id]]
    return removed + added + changed
