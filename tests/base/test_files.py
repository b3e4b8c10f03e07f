"""Files that are whole or absent, whichever call to the system fails."""

import errno
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import atomic_folder, atomic_path, atomic_write, natural_key, read_json, sha256, write_json

OLD, NEW = b"the old content", b"the new content, which is longer"


class FullDisk:
    """Counts the calls that touch the disk and lets the one of a given number fail, as a full disk would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, failing: int) -> None:
        self.calls: list[str] = []
        self.failing = failing
        monkeypatch.setattr(os, "open", self.counted("open", os.open))
        monkeypatch.setattr(os, "fsync", self.counted("fsync", os.fsync))
        monkeypatch.setattr(os, "replace", self.counted("replace", os.replace))
        monkeypatch.setattr(Path, "mkdir", self.counted("mkdir", Path.mkdir))
        open_path = self.counted("create", Path.open)
        monkeypatch.setattr(Path, "open", lambda *args, **kwargs: self.watched(open_path(*args, **kwargs)))

    def counted(self, name, function):
        def call(*args, **kwargs):
            self.calls.append(name)
            if len(self.calls) == self.failing:
                raise OSError(errno.ENOSPC, "No space left on device")
            return function(*args, **kwargs)

        return call

    def watched(self, file):
        """The file, whose write fails after half of the bytes are on the disk."""
        write = file.write

        def half_written(content):
            self.calls.append("write")
            if len(self.calls) == self.failing:
                write(content[: len(content) // 2])
                file.flush()
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(content)

        return Watched(file, half_written)


class Watched:
    """A file whose `write` is another."""

    def __init__(self, file, write) -> None:
        self.file, self.write = file, write

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()


def test_a_file_holds_what_was_written_and_replaces_what_was_there(tmp_path):
    path = tmp_path / "new folder" / "a.txt"
    atomic_write(path, OLD)
    atomic_write(path, "schön")
    assert path.read_bytes() == "schön".encode()
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"]


def test_whichever_call_fails_the_file_is_the_old_one_or_the_new_one_and_nothing_else_is_left(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    with monkeypatch.context() as patches:
        disk = FullDisk(patches, failing=0)
        atomic_write(path, NEW)
    assert disk.calls == ["mkdir", "create", "write", "open", "fsync", "replace", "open", "fsync"]
    for number, call in enumerate(disk.calls, start=1):
        path.write_bytes(OLD)
        with monkeypatch.context() as patches:
            FullDisk(patches, failing=number)
            with pytest.raises(MaskwrightError, match=r"a\.bin: cannot be written \(No space left"):
                atomic_write(path, NEW)
        assert path.read_bytes() == (NEW if "replace" in disk.calls[: number - 1] else OLD), call
        assert list(tmp_path.iterdir()) == [path], call


def test_a_fault_of_the_writer_leaves_the_old_file_and_is_not_hidden(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(OLD)

    def write_half() -> None:
        with atomic_path(path) as temporary:
            temporary.write_bytes(NEW[:5])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_is_whole_or_as_it_was(tmp_path, there):
    """New files come beside and over old ones; where the block fails, nothing has changed and nothing is left."""
    folder = tmp_path / "out" if there else tmp_path / "new" / "out"
    if there:
        (folder / "a").mkdir(parents=True)
        (folder / "a" / "old.txt").write_text("old")
        (folder / "both.txt").write_text("old")

    def write(fail: bool) -> None:
        with atomic_folder(folder) as temporary:
            atomic_write(temporary / "a" / "new.txt", "new")
            atomic_write(temporary / "both.txt", "new")
            if fail:
                raise ZeroDivisionError

    def tree() -> dict[str, str]:
        files = (path for path in tmp_path.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_text() for path in files}

    with pytest.raises(ZeroDivisionError):
        write(fail=True)
    old = {"a/old.txt": "old", "both.txt": "old"} if there else {}
    assert tree() == old
    assert folder.exists() == there
    write(fail=False)
    assert tree() == {**old, "a/new.txt": "new", "both.txt": "new"}
    assert all(not path.name.startswith(".") for path in tmp_path.rglob("*"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MaskwrightError, match=r"file/out: cannot be written"), atomic_folder(tmp_path / "file" / "out"):
        pass


def test_the_temporary_path_keeps_the_suffix_that_image_writers_look_at(tmp_path):
    with atomic_path(tmp_path / "a.tiff") as temporary:
        assert temporary.suffix == ".tiff"
        assert temporary.parent == tmp_path
        temporary.write_bytes(NEW)


@pytest.mark.parametrize("name", ["x" * 250 + ".json", "細" * 80 + ".json", "a b\n'\".json", ".hidden", "no suffix"])
def test_every_name_that_the_system_takes_can_be_written(tmp_path, name):
    atomic_write(tmp_path / name, NEW)
    assert (tmp_path / name).read_bytes() == NEW


def test_a_folder_in_the_place_of_the_file_is_an_error_that_names_it(tmp_path):
    (tmp_path / "a.bin").mkdir()
    with pytest.raises(MaskwrightError, match=r"a\.bin: cannot be written"):
        atomic_write(tmp_path / "a.bin", NEW)
    assert [file.name for file in tmp_path.iterdir()] == ["a.bin"]


def test_json_comes_back_as_it_was(tmp_path):
    value = {"name": "Zelle ö", "values": [1, 2.5, None], "nested": {"a": True}}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_byte_order_mark_before_json_is_passed_over(tmp_path):
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(tmp_path / "a.json") == {"a": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a": [1, 2', r"line 1 column 12"),
        (b"", "line 1 column 1"),
        (b'\xff\xfe{\x00"\x00', "not a readable JSON file"),
        (b"[" * 100_000, "not a readable JSON file"),
    ],
)
def test_damaged_json_is_an_error_that_names_file_and_place(tmp_path, content, said):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(MaskwrightError, match=rf"a\.json: .*{said}"):
        read_json(path)


def test_absent_json_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(MaskwrightError, match=r"a\.json: no such file"):
        read_json(tmp_path / "a.json")


def test_a_folder_is_no_json_file(tmp_path):
    with pytest.raises(MaskwrightError, match="cannot be read"):
        read_json(tmp_path)


def test_the_hash_is_sha256(tmp_path):
    (tmp_path / "a").write_bytes(NEW)
    assert sha256(tmp_path / "a") == hashlib.sha256(NEW).hexdigest()


def test_numbers_in_names_sort_by_value():
    names = ["cell10", "cell2", "cell", "2", "10", "cell2b", "a1b10", "a1b9"]
    assert sorted(names, key=natural_key) == ["2", "10", "a1b9", "a1b10", "cell", "cell2", "cell2b", "cell10"]


@given(st.lists(st.text(max_size=12), max_size=8))
def test_any_names_can_be_sorted_and_equal_keys_mean_equal_names(names):
    keys = [natural_key(name) for name in names]
    sorted(keys)
    assert len(set(keys)) == len(set(names))
