"""A labelling project that is open: its folder, its database, and the images that it labels and never writes to."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.file_state import digest_of, status_of
from maskwright.formats.project_file import ProjectClass, ProjectFile, is_project, read_project, write_project
from maskwright.report.words import counted
from maskwright.studio import classes, label_files
from maskwright.studio.database import NAME as DATABASE
from maskwright.studio.database import Database, open_database
from maskwright.studio.image_files import size_of
from maskwright.studio.listing import list_images
from maskwright.studio.rows import image_row

LOCK = ".lock"
ENDING = "-labels"  # of a project's folder, beside that of its images


class InUse(MaskwrightError):  # noqa: N818
    """Another server has the project open."""


@dataclass(frozen=True)
class FileState:
    """An image's file: its size, whether it is another one than was labelled, and why it cannot be used."""

    path: Path
    size_hw: tuple[int, int] | None
    changed: bool = False
    trouble: str = ""


class Store:
    """An open project. It is closed by `close`, or by leaving the `with` block; a kill at any moment costs nothing."""

    def __init__(
        self,
        folder: Path,
        images: Path,
        database: Database,
        lock: FileLock,
        words: tuple[str, ...],
        only: frozenset[str] | None = None,
    ) -> None:
        """only: names of the images that are listed; None is all."""
        self.folder, self.images, self.database, self.words, self.only = folder, images, database, words, only
        self.max_pixels = MAX_PIXELS
        self._lock = lock
        self._written_classes: list[ProjectClass] | None = None

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def write_files(self) -> int:
        """Bring project.json and every label file up to what the database holds; how many label files were written."""
        listed = classes.listed(self.database)
        if listed != self._written_classes:
            write_project(self.folder, self.images, listed)
            self._written_classes = listed
        return label_files.write_all(self.database, self.folder, self.images)

    def close(self) -> None:
        """Write what is not written yet, and let others open the project."""
        if not self._lock.is_locked:
            return
        try:
            with suppress(MaskwrightError):  # the database has it all, and the next start writes the files
                self.write_files()
            self.database.close()
        finally:
            self._lock.release()

    def path_of(self, image: int) -> Path:
        """Where an image lies. Raises `NotFound`, and `DataError` for a link that leads out of the images' folder."""
        with self.database.reading() as connection:
            row = image_row(connection, image)
        path = self.images / os.fsdecode(row["path"])
        if not path.resolve().is_relative_to(self.images.resolve()):
            raise DataError(f"{row['name']}: leads out of the images' folder. Put the image itself there.")
        return path

    def file_state(self, image: int) -> FileState:
        """What the image's file is now; its size is kept when it is seen first. Raises `NotFound`."""
        with self.database.reading() as connection:
            row = image_row(connection, image)
        known = None if row["height"] is None else (row["height"], row["width"])
        path = self.images / os.fsdecode(row["path"])
        try:
            path = self.path_of(image)
            status = status_of(path)
            if known is not None and (row["bytes"], row["changed_ns"]) == (status.st_size, status.st_mtime_ns):
                return FileState(path, known)
            size_hw = size_of(path, max_pixels=self.max_pixels)
        except OSError as error:
            return FileState(path, known, trouble=f"{row['name']}: cannot be read ({error.strerror or error}).")
        except MaskwrightError as error:
            return FileState(path, known, trouble=str(error))
        is_same = known is None or (known == size_hw and row["sha256"] is not None and row["sha256"] == digest_of(path))
        if not is_same and row["revision"] > 0:
            return FileState(path, known, changed=True)
        self._keep_state(image, size_hw, status, row["sha256"] if is_same else None)
        return FileState(path, size_hw)

    def accept(self, image: int) -> FileState:
        """Take a file that has changed as it is now. Raises `DataError` where its size is another: the labels do not fit it."""
        state = self.file_state(image)
        if state.changed:
            size_hw = size_of(state.path, max_pixels=self.max_pixels)
            if size_hw != state.size_hw and state.size_hw is not None:
                raise DataError(
                    f"{state.path}: has {size_hw[1]} x {size_hw[0]} pixels, but its labels are for {state.size_hw[1]} x "
                    f"{state.size_hw[0]}. Bring the image back that was labelled, or add this one under another name."
                )
            self._keep_state(image, size_hw, status_of(state.path), digest_of(state.path))
        return self.file_state(image)

    def _keep_state(self, image: int, size_hw: tuple[int, int], status: os.stat_result, sha256: str | None) -> None:
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE images SET height = ?, width = ?, bytes = ?, changed_ns = ?, sha256 = ? WHERE id = ?",
                (*size_hw, status.st_size, status.st_mtime_ns, sha256, image),
            )


def open_store(
    folder: Path,
    images: Path | None = None,
    class_names: Sequence[str] = (),
    only: Sequence[str] | None = None,
    axes: str = "",
) -> Store:
    """Open the project in a folder, made where there is none; the images' folder where the project does not know it.

    only: files of the images' folder that are listed this time; the project's other images stay as they are. axes: those of
    stacks that do not say theirs, as "ZYX"; the project keeps them.
    Label files that the database does not know are taken in: of a project that was imported, or whose database was damaged.
    Raises `InUse` where a server has it open, `DataError` where there are no images, and as the database does.
    """
    folder = Path(folder)
    kept = read_project(folder) if is_project(folder) else ProjectFile(None, ())
    root = images or kept.images
    if root is None:
        raise DataError(f"{folder}: the project does not say where its images lie. Name their folder: maskwright label IMAGES.")
    if not root.is_dir():
        raise DataError(f"{root}: no such folder, but the images of {folder} should lie there. Name where they are now.")
    root = root.resolve()
    if folder.resolve().is_relative_to(root):
        raise DataError(f"{folder}: lies among the images, to which nothing is written. Name another folder with --project.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder / LOCK, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InUse(f"{folder}: is open already. Go on in the page of the server that runs, or stop it first.") from error
    try:
        is_new = not (folder / DATABASE).exists()
        database, mended = open_database(folder)
    except BaseException:
        lock.release()
        raise
    try:
        classes.prepare(database, kept.classes, class_names)
        found, gone = list_images(database, root, only, axes)
        words = [
            *([mended] if mended else []),
            *([f"{counted(gone)} {'is' if gone == 1 else 'are'} not there any more; the labels are kept"] if gone else []),
        ]
        if is_new or mended:
            words += label_files.take_in(database, folder)
        if not found:
            raise DataError(f"{root}: no image files found. Name the folder that holds the images.")
        store = Store(folder, root, database, lock, tuple(words), None if only is None else found)
        store.write_files()
    except BaseException:
        database.close()
        lock.release()
        raise
    return store


@contextmanager
def journal_of(folder: Path) -> Iterator[Database]:
    """The database of a project, to be asked while a server may have it open. Raises `DataError` where there is no project."""
    if not is_project(folder) or not (folder / DATABASE).is_file():
        raise DataError(f"{folder}: is no labelling project. Make one with: maskwright label IMAGES.")
    try:
        database = Database(folder / DATABASE)
    except sqlite3.DatabaseError as error:
        raise DataError(
            f"{folder / DATABASE}: is damaged ({error}). Open the project with 'maskwright label', which mends it."
        ) from error
    with closing(database):
        yield database


def beside(images: Path) -> Path:
    """The folder of the project for a folder of images, where nobody names another."""
    images = images.resolve()
    return images.with_name(images.name + ENDING)
