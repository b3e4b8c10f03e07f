"""What tells whether the file of an image is still what it was; of a Zarr, which is a folder, by what describes it."""

import hashlib
import os
from pathlib import Path

from maskwright.base.files import sha256
from maskwright.formats.large_image import is_zarr
from maskwright.formats.plane_paths import file_of

DESCRIBING = (".zgroup", ".zattrs", ".zarray", "zarr.json")  # of a Zarr, in its folder and in those of its levels


def status_of(path: Path) -> os.stat_result:
    """The status of an image's file, that of the stack for a plane. Raises `OSError` where it is not there.

    Of a Zarr that of the newest file that describes it: its chunks, which may be a million, are not looked at one by one.
    """
    file = file_of(path)
    if not is_zarr(file):
        return file.stat()
    found = [place / name for place in (file, *filter(Path.is_dir, file.iterdir())) for name in DESCRIBING]
    return max((one.stat() for one in found if one.is_file()), key=lambda status: status.st_mtime_ns)


def digest_of(path: Path) -> str:
    """Hexadecimal SHA-256 of the content of an image's file, of all files of a Zarr."""
    file = file_of(path)
    if not is_zarr(file):
        return sha256(file)
    total = hashlib.sha256()
    for one in sorted(one for one in file.rglob("*") if one.is_file()):
        total.update(f"{one.relative_to(file).as_posix()} {sha256(one)}\n".encode())
    return total.hexdigest()
