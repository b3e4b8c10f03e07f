"""Images that are read part by part, so that their size is no limit: what one answers, and which reader opens which file."""

from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Num

from maskwright.base.errors import ImageFileError
from maskwright.formats import large_tiff, large_zarr
from maskwright.formats.content import SUFFIXES, image_kind
from maskwright.formats.large_axes import Axes, count_planes

LARGE_PIXELS = 2**26  # an image of 8192 x 8192, of which maps of objects take a gigabyte
PARTED_KINDS = "TIFF (tiled, or in strips) and Zarr"


class LargeImage(Protocol):
    """An image of planes, such as those of a stack, of which any box can be read without the rest.

    `axes` are those of its labels: which count planes, then y and x. `planes` names the planes, as "t=0 z=3"; an image that is
    no stack has one, whose name is empty. `order` has a letter for each axis of the file, channels too. `version` is that of
    OME-NGFF, empty for what is none. Values are those of `read_image`, with NaN as they are.
    """

    path: Path
    size_hw: tuple[int, int]
    channels: int
    dtype: np.dtype[np.generic]
    axes: Axes
    planes: tuple[str, ...]
    order: str
    notes: tuple[str, ...]
    version: str

    def read(self, box_xyxy: tuple[int, int, int, int], plane: int = 0) -> Num[np.ndarray, "h w c"]:
        """The pixels of a half-open box. Raises `ImageFileError` where they are damaged, with the place in the file."""

    def close(self) -> None:
        """Let go of the file."""


def open_large(path: Path, axes: str = "") -> LargeImage:
    """The image at a path, to be closed after use. Raises `ImageFileError` where it cannot be read part by part.

    axes: those of the file as a person names them, as "ZYX", where it does not.
    """
    path = Path(path)
    if is_zarr(path):
        return large_zarr.LargeZarr(path, axes)
    kind = image_kind(path)
    if kind != "tiff":
        raise ImageFileError(
            f"{path}: a {kind.upper()} cannot be read part by part; {PARTED_KINDS} can. Convert it, as with "
            f"'vips tiffsave {path.name} {path.stem}.tif --tile --compression deflate --bigtiff'."
        )
    return large_tiff.LargeTiff(path, axes)


def is_zarr(path: Path) -> bool:
    """Whether this is a folder that holds a Zarr array or group."""
    return path.is_dir() and any((path / name).is_file() for name in large_zarr.MARKS)


def is_large(path: Path, axes: str = "", pixels: int = LARGE_PIXELS) -> bool:
    """Whether an image is to be read part by part: a Zarr and a stack always, a TIFF of more than so many pixels if it can be.

    What is no image, and axes of which nobody says what they count, are left to the reader, which says what is wrong.
    """
    if is_zarr(path):
        return True
    if path.suffix.lower() not in SUFFIXES["tiff"]:
        return False
    try:
        image = open_large(path, axes)
    except ImageFileError:
        return large_tiff.has_planes(path)
    image.close()
    is_stack = count_planes(image.axes) > 1 or (axes != "" and large_tiff.has_planes(path))  # which may be said to be channels
    return is_stack or image.size_hw[0] * image.size_hw[1] > pixels
