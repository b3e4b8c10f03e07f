"""What a file really holds, judged by its first bytes and never by its name, before anything is decoded."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskwright.base.errors import ImageFileError

# Pillow's own hard limit, so that a small file cannot unpack to more memory than a machine has.
MAX_PIXELS = 178_956_970

# How the files of a kind are called.
SUFFIXES: dict[str, tuple[str, ...]] = {
    "png": (".png",),
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "tiff": (".tif", ".tiff"),
    "bmp": (".bmp",),
    "webp": (".webp",),
    "gif": (".gif",),
}
IMAGE_SUFFIXES = frozenset(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\0", "tiff"), (b"MM\0*", "tiff"), (b"II+\0", "tiff"), (b"MM\0+", "tiff"),  # classic and BigTIFF, both byte orders
    (b"BM", "bmp"),
    (b"GIF87a", "gif"), (b"GIF89a", "gif"),
)  # fmt: skip

# What people most often have in hand instead of an image.
STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"<!doctype html", "HTML, as a failed download gives"),
    (b"<html", "HTML, as a failed download gives"),
    (b"<?xml", "XML"),
    (b"version https://git-lfs", "a Git LFS pointer; fetch the file itself with 'git lfs pull'"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"%pdf", "PDF"),
    (b"pk\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive (a NIfTI volume ends in .nii.gz); two-dimensional images are read"),
    (b"\x93numpy", "a NumPy array; save it as PNG or TIFF"),
    (b"\x89hdf", "HDF5"),
)
KINDS_READ = "PNG, JPEG, TIFF, BMP, WebP and GIF are read"


def image_kind(path: Path) -> str:
    """'png', 'jpeg', 'tiff', 'bmp', 'webp' or 'gif'. Raises `ImageFileError` for anything else; never waits on a pipe."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
            raise ImageFileError(f"{path}: this is {kind}, not an image file. Move it away or name another file.")
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise ImageFileError(
            f"{path}: cannot be read ({error.strerror or error}). Check the name and the permissions."
        ) from error
    if not head:
        raise ImageFileError(f"{path}: the file is empty (0 bytes). Copy or export it again.")
    for signature, kind in SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    raise ImageFileError(f"{path}: not an image (looks like {_stranger(head)}). {KINDS_READ}.")


def check_pixels(path: Path, size_hw: tuple[int, int], max_pixels: int) -> None:
    """Raises `ImageFileError` where a header promises more pixels than allowed, before memory is taken for them."""
    height, width = size_hw
    if height * width > max_pixels:
        raise ImageFileError(
            f"{path}: the file of {path.stat().st_size} bytes claims {width} x {height} pixels, but {max_pixels} are allowed. "
            f"If it is meant to be so large, pass --max-pixels {height * width}."
        )
    if height < 1 or width < 1:
        raise ImageFileError(f"{path}: the file claims {width} x {height} pixels, so there is nothing in it. Export it again.")


@contextmanager
def parsing(path: Path, kind: str) -> Iterator[None]:
    """Whatever a parser or a codec raises within, as an `ImageFileError` that names the file."""
    try:
        yield
    except ImageFileError:
        raise
    except MemoryError as error:
        raise ImageFileError(f"{path}: too large for this machine's memory. Cut it into smaller images.") from error
    except Exception as error:  # damaged files make parsers raise almost anything: OSError, SyntaxError, struct.error, ...
        raise ImageFileError(
            f"{path}: the {kind.upper()} file of {path.stat().st_size} bytes is damaged or cut off ({error}). "
            f"Copy or export it again, or take it out of the folder."
        ) from error


def _stranger(head: bytes) -> str:
    """A guess at what a file is that is no image."""
    if head[128:132] == b"DICM":
        return "DICOM; export it as PNG or TIFF"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for signature, name in STRANGERS:
        if start.startswith(signature):
            return name
    return "text" if b"\0" not in head and head.isascii() else "a format that is not known here, or a damaged file"
