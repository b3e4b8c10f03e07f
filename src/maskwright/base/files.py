"""Files that are whole or absent: atomic writing, JSON, hashes, natural order of names."""

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from maskwright.base.errors import MaskwrightError


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Lend a temporary path beside `path`; when the block ends well the file takes the name `path`, else it vanishes.

    The file is flushed to the disk before it is renamed, and its folder after, so that a power cut leaves either the old
    file or the new one. Raises `MaskwrightError` with the path where the system refuses (full, read-only, no permission).
    """
    path = Path(path)
    # 40 characters, since a name may have 255 bytes and one character up to four of them.
    temporary = path.with_name(f".{path.name[:40]}.{os.getpid()}.{uuid.uuid4().hex[:8]}{path.suffix[:16]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)
    except OSError as error:
        raise MaskwrightError(
            f"{path}: cannot be written ({error.strerror or error}). No half-written file was left there. "
            f"Make room or permit writing in {path.parent}, or choose another folder with --out."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def atomic_write(path: Path, content: bytes | str) -> None:
    """Write the whole content under the name `path`, or leave what was there."""
    content = content.encode() if isinstance(content, str) else content
    with atomic_path(path) as temporary, temporary.open("xb") as file:
        file.write(content)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Lend a temporary folder; when the block ends well its files go to their places below `path`, else they vanish.

    Where there is no `path` yet, the folder takes its name in one step; else it lies in `path`, each file takes its name, and
    others stay. Raises `MaskwrightError` with the path where the system refuses.
    """
    path = Path(path)
    is_new = not path.exists()
    temporary = (path.parent if is_new else path) / f".{path.name[:40]}.{os.getpid()}.{uuid.uuid4().hex[:8]}"
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if not is_new:
            for file in sorted(file for file in temporary.rglob("*") if file.is_file()):
                target = path / file.relative_to(temporary)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, target)
        else:
            os.replace(temporary, path)
        sync(path.parent)
    except OSError as error:
        raise MaskwrightError(
            f"{path}: cannot be written ({error.strerror or error}). Make room or permit writing in {path.parent}, or choose "
            f"another folder."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sync(path: Path) -> None:
    """Ask the system to carry a file or a folder to the disk; folders cannot be synced on Windows and are passed over."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically; NaN is refused, since JSON has no such number."""
    atomic_write(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file; a damaged one is a `MaskwrightError` that names line and column."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise MaskwrightError(f"{path}: no such file.") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MaskwrightError(f"{path}: not a readable JSON file ({error}). Restore it from a copy.") from error
    except OSError as error:
        raise MaskwrightError(f"{path}: cannot be read ({error.strerror or error}).") from error


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts 'cell2' before 'cell10'."""
    parts = re.split(r"(\d+)", name)
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts)
