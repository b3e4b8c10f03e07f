"""Files of predictions, and Zarrs, which are folders: a place until all is there, a digest, and labels as OME-Zarr."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256 as digest_of
from pathlib import Path

from maskwright.base.files import atomic_folder, atomic_path, sha256
from maskwright.formats.large_axes import sides
from maskwright.formats.pyramid import write_labels
from maskwright.masks.convert import instances_to_labels, to_label_map
from maskwright.masks.types import Instances, Segmentation

ZARR = ".zarr"


@contextmanager
def lent(path: Path) -> Iterator[Path]:
    """Lend a place for a file, or for a Zarr, which is a folder; it gets its name when all of it is there."""
    if path.suffix != ZARR:
        with atomic_path(path) as temporary:
            yield temporary
        return
    shutil.rmtree(path, ignore_errors=True)  # an earlier one, whose parts must not mix with those of this one
    with atomic_folder(path) as folder:
        yield folder / path.name
        for part in sorted((folder / path.name).iterdir()):
            part.rename(folder / part.name)
        (folder / path.name).rmdir()


def digest(path: Path) -> str:
    """The digest of a file, or of all files of a folder with their names."""
    if not path.is_dir():
        return sha256(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = (f"{file.relative_to(path).as_posix()} {sha256(file)}\n" for file in files)
    return digest_of("".join(lines).encode()).hexdigest()


def write_zarr(path: Path, image: Path, segmentation: Segmentation) -> None:
    """Classes, or numbers of objects, of an image that is no stack."""
    if isinstance(segmentation, Instances):
        labels, classes = instances_to_labels(segmentation), None
    else:
        labels, classes = to_label_map(segmentation).ids, segmentation.classes
    write_labels(path, lambda _: [labels], sides(image, labels.shape), classes=classes)
