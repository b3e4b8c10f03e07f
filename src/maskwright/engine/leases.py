"""Leases: who works on what in a folder that several processes write to, so that nothing is done twice at once."""

import json
import os
import socket
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil

from maskwright.base.files import write_json

FOLDER = ".leases"
TORN_SECONDS = 60.0  # after which a lease that says nothing is that of a process which died as it wrote
EXPIRY_SECONDS = 1800.0  # after which a lease of another machine that was not renewed is taken over


class Leases:
    """The leases of a folder. One belongs to a process, and is free again when that is gone or has not renewed it for long."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER
        self._held: set[str] = set()

    def __enter__(self) -> "Leases":
        return self

    def __exit__(self, *_: object) -> None:
        """Give back what was not given back."""
        for name in tuple(self._held):
            self.give_back(name)

    def take(self, name: str) -> bool:
        """Whether this process may work on it from now on."""
        path = self._path(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._create(path, name):
            return True
        if name in self._held:
            return True
        if not _is_free(path):
            return False
        with suppress(OSError):  # of several that find it free one can rename it
            taken = path.with_suffix(f".{os.getpid()}")
            path.rename(taken)
            taken.unlink()
        return self._create(path, name)

    def renew(self, name: str) -> None:
        """Say that it is still worked on."""
        with suppress(OSError):
            os.utime(self._path(name))

    def give_back(self, name: str) -> None:
        """Let others have it. The folder goes with the last lease."""
        self._held.discard(name)
        with suppress(OSError):
            self._path(name).unlink()
        with suppress(OSError):
            self.folder.rmdir()

    def hold_of(self, pid: int, host: str | None = None) -> list[str]:
        """Take over what a process that has died was working on, of this machine unless another is named; what that was."""
        names = []
        for path in sorted(self.folder.glob("*.json")):
            said = _read(path)
            if (said.get("host"), said.get("pid")) == (host or socket.gethostname(), pid):
                write_json(path, _own(said["name"]))
                names.append(said["name"])
        return names

    def _path(self, name: str) -> Path:
        return self.folder / f"{sha256(name.encode()).hexdigest()[:32]}.json"

    def _create(self, path: Path, name: str) -> bool:
        """Make the file if there is none, in one step also on a network's disk."""
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            return False
        try:
            os.write(descriptor, json.dumps(_own(name)).encode())
        finally:
            os.close(descriptor)
        self._held.add(name)
        return True


def _own(name: str) -> dict[str, Any]:
    return {"name": name, "host": socket.gethostname(), "pid": os.getpid()}


def _is_free(path: Path) -> bool:
    """Whether the process that holds it is gone; of another machine's, whether it was not renewed for long."""
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return True  # it was given back just now
    said = _read(path)
    if said.get("host") == socket.gethostname():
        return not psutil.pid_exists(int(said["pid"]))
    return age > (EXPIRY_SECONDS if said else TORN_SECONDS)


def _read(path: Path) -> dict[str, Any]:
    """What a lease says; nothing where it is being written or is gone."""
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
