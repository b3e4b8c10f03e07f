"""The image files below a folder, in natural order; what is passed over or cannot be followed is kept by reason."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from maskwright.base.errors import DataError
from maskwright.base.files import natural_key
from maskwright.formats.content import IMAGE_SUFFIXES
from maskwright.formats.large_image import is_zarr

# What systems leave behind; names that begin with a dot are hidden as well.
LITTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


class Walk:
    """Goes through folders, each one once however many links lead there."""

    def __init__(self, *, with_zarr: bool = False) -> None:
        """with_zarr: whether a Zarr, which is a folder, is an image too."""
        self._with_zarr = with_zarr
        self.passed_over: dict[str, list[Path]] = defaultdict(list)
        self.broken: list[tuple[Path, str]] = []
        self._seen: set[tuple[int, int]] = set()

    def files(self, root: Path, *, skip: Path | None = None) -> Iterator[PurePosixPath]:
        """Relative paths of the image files; `skip` is a folder not to enter. Raises `DataError` where there is no folder."""
        if not root.is_dir():
            what = "this is a file, not a folder" if root.exists() else "no such folder"
            raise DataError(f"{root}: {what}. Name the folder that holds the images.")
        self._skip = skip.resolve() if skip is not None and skip.resolve() != root.resolve() else None
        yield from self._folder(root, PurePosixPath())

    def pass_over(self, reason: str, *paths: Path) -> None:
        """Remember files that are not taken, and why."""
        self.passed_over[reason].extend(paths)

    def _folder(self, folder: Path, relative: PurePosixPath) -> Iterator[PurePosixPath]:
        try:
            status = folder.stat()
            names = sorted(os.listdir(folder), key=natural_key)
        except OSError as error:
            self.broken.append((folder, f"the folder cannot be opened ({error.strerror or error})"))
            return
        if (status.st_dev, status.st_ino) in self._seen:
            self.broken.append((folder, "a link to a folder that is read already; it is not entered a second time"))
            return
        self._seen.add((status.st_dev, status.st_ino))
        for name in names:
            path = folder / name
            if name.startswith(".") or name.lower() in LITTER:
                self.pass_over("hidden files", path)
            elif path.is_dir():
                if is_zarr(path):
                    if self._with_zarr:
                        yield relative / name
                    else:
                        self.pass_over("Zarr folders", path)
                elif self._skip is None or path.resolve() != self._skip:
                    yield from self._folder(path, relative / name)
            elif path.suffix.lower() not in IMAGE_SUFFIXES:
                self.pass_over(f"{path.suffix.lower() or 'other'} files", path)
            elif path.is_symlink() and not path.exists():
                self.broken.append((path, "a link to a file that is not there"))
            else:
                yield relative / name
