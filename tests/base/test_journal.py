"""A journal outlives a kill at any moment."""

import errno
import os

import pytest

from maskwright.base.errors import MaskwrightError
from maskwright.base.journal import Journal

ENTRIES = [{"step": 1, "loss": 0.5}, {"step": 2, "note": "zwei\nZeilen, ö"}, {"step": 3, "list": [1, {"a": None}]}]


def written(path) -> Journal:
    journal = Journal(path)
    for entry in ENTRIES:
        journal.append(entry)
    return journal


def test_entries_come_back_in_order(tmp_path):
    assert written(tmp_path / "run" / "journal.jsonl").read() == ENTRIES


def test_an_absent_journal_holds_nothing(tmp_path):
    assert Journal(tmp_path / "journal.jsonl").read() == []


def test_wherever_a_kill_tears_the_last_line_all_others_are_read_and_writing_goes_on(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = written(path)
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(last, len(whole)):
        path.write_bytes(whole[:cut])
        kept = ENTRIES if cut == len(whole) - 1 else ENTRIES[:-1]  # only the line break is missing: the entry is whole
        assert journal.read() == kept
        journal.append({"step": 4})
        journal.append({"step": 5})
        assert journal.read() == [*kept, {"step": 4}, {"step": 5}]


def test_a_line_that_is_no_entry_is_passed_over(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = written(path)
    path.write_bytes(b"\x00\x00\x00\n[1]\n\n\xff\n" + path.read_bytes())
    assert journal.read() == ENTRIES


def test_an_entry_is_on_the_disk_before_append_returns(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    path = tmp_path / "journal.jsonl"
    written(path)
    assert synced[-1] == path.stat().st_size
    assert len(synced) == len(ENTRIES)


def test_a_full_disk_is_an_error_that_names_the_journal(tmp_path, monkeypatch):
    journal = written(tmp_path / "journal.jsonl")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MaskwrightError, match=r"journal\.jsonl: cannot be written \(No space left"):
        journal.append({"step": 4})


def test_nan_is_refused_before_anything_is_written(tmp_path):
    journal = written(tmp_path / "journal.jsonl")
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.append({"loss": float("nan")})
    assert journal.read() == ENTRIES
