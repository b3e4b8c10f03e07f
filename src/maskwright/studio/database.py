"""The database of a project: whole or as it was before, checked when opened, backed up, and mended where it is damaged."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import atomic_path
from maskwright.studio.schema import SCHEMA, VERSION

NAME, BACKUP = "journal.sqlite", "backup.sqlite"
BUSY_SECONDS = 5.0
# Shared memory, which the write-ahead log needs, does not work across machines.
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smbfs", "smb2", "smb3", "9p", "afpfs", "webdav", "fuse.sshfs", "afs"})


class NotSaved(MaskwrightError):  # noqa: N818  says what the page shows
    """Nothing was changed, since the disk refused: full, read-only, or broken."""


class Busy(MaskwrightError):  # noqa: N818
    """Another program holds the project's database."""


class Database:
    """One connection, used by one thread at a time. A transaction is on the disk when its block ends, or never was."""

    def __init__(self, path: Path) -> None:
        """Raises `sqlite3.DatabaseError` where the file is damaged."""
        self.path = Path(path)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        run = self._connection.execute
        found = [row[0] for row in run("PRAGMA integrity_check(1)")]
        if found != ["ok"]:
            raise sqlite3.DatabaseError(found[0])
        run(f"PRAGMA journal_mode = {'DELETE' if on_network(self.path.parent) else 'WAL'}")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA foreign_keys = ON")
        version = run("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
        elif version != VERSION:
            raise MaskwrightError(
                f"{self.path}: version {version} was written by a newer maskwright; this one reads {VERSION}. Update it."
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything in the block, or nothing of it. Raises `NotSaved` where the disk refuses, and `Busy`."""
        with self._lock, _in_words(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for questions. Raises `NotSaved` where the disk cannot be read, and `Busy`."""
        with self._lock, _in_words(self.path):
            yield self._connection

    def back_up(self) -> Path:
        """Write a whole copy beside the database, while it is in use."""
        target = self.path.with_name(BACKUP)
        with self.reading() as source, atomic_path(target) as temporary, closing(sqlite3.connect(temporary)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        return target

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def open_database(folder: Path) -> tuple[Database, str]:
    """The database of a project's folder, made where there is none; and in words what had to be mended, '' where nothing had.

    A damaged one is kept under another name. In its place comes the backup, if that is whole, else an empty one; what both
    lack is taken from the label files by who opens the project.
    """
    path = folder / NAME
    try:
        with _in_words(path):
            return Database(path), ""
    except sqlite3.DatabaseError as error:
        aside = path.with_name(f"damaged-{time.strftime('%Y%m%d-%H%M%S')}.sqlite")
        for ending in ("", "-wal", "-shm"):
            damaged = Path(f"{path}{ending}")
            if damaged.exists():
                damaged.rename(f"{aside}{ending}")
        said = f"{path}: was damaged ({error}) and is kept as {aside.name}."
    backup = path.with_name(BACKUP)
    if backup.is_file():
        with suppress(sqlite3.Error, MaskwrightError):
            with closing(sqlite3.connect(backup)) as source, atomic_path(path) as temporary:
                if source.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                    raise sqlite3.DatabaseError("the backup is damaged as well")
                with closing(sqlite3.connect(temporary)) as copy:
                    source.backup(copy)
            return Database(path), f"{said} Its backup was taken, and what that lacked from the label files."
    return Database(path), f"{said} The labels were taken from the label files; what was undone before cannot be redone."


def on_network(folder: Path) -> bool:
    """Whether a folder lies on another machine's disk."""
    with suppress(OSError, psutil.Error):
        mounts = [part for part in psutil.disk_partitions(all=True) if folder.resolve().is_relative_to(part.mountpoint)]
        if mounts:
            return max(mounts, key=lambda part: len(part.mountpoint)).fstype.lower() in NETWORK_FILE_SYSTEMS
    return False


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """What SQLite says of the surroundings, as errors of ours; damage stays `sqlite3.DatabaseError`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        what = str(error)
        if "locked" in what or "busy" in what:
            raise Busy(f"{path}: another program is using it. Close it, and try again.") from error
        raise NotSaved(
            f"{path}: cannot be written ({what}). Nothing was changed. Make room or permit writing in {path.parent}."
        ) from error
