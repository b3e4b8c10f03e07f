"""Which images of a project are read part by part, and how large each is."""

from pathlib import Path

from maskwright.base.errors import ImageFileError
from maskwright.formats import large_tiff
from maskwright.formats.content import SUFFIXES
from maskwright.formats.images import image_info
from maskwright.formats.large_image import LargeImage, is_zarr, open_large
from maskwright.formats.plane_paths import is_plane
from maskwright.formats.planes import open_parted

LARGE_BYTES = 64 << 20  # of a decoded image, from which it is read part by part where it can be


def parted(path: Path) -> LargeImage | None:
    """The image, to be closed, if it is read part by part: a large TIFF or a large plane of a stack, if its parts can be read.

    None for every other, and for a file that is wrong, which who reads it whole is told.
    """
    if not is_plane(path) and path.suffix.lower() not in SUFFIXES["tiff"]:
        return None
    try:
        image = open_parted(path)
    except ImageFileError:
        return None
    size = image.size_hw[0] * image.size_hw[1] * image.channels * image.dtype.itemsize
    if len(image.planes) == 1 and size >= LARGE_BYTES:
        return image
    image.close()
    return None


def is_parted(path: Path) -> bool:
    """Whether an image is read part by part."""
    image = parted(path)
    if image is not None:
        image.close()
    return image is not None


def size_of(path: Path, *, max_pixels: int) -> tuple[int, int]:
    """Height and width. max_pixels: of images that are read whole. Raises `ImageFileError`."""
    image = parted(path)
    if image is None:
        if is_zarr(path) or (path.suffix.lower() in SUFFIXES["tiff"] and large_tiff.has_planes(path)):
            open_large(path).close()  # which says of a stack what its planes lack
        if is_zarr(path):
            if not is_plane(path / "z=0"):
                raise ImageFileError(
                    f"{path}: a Zarr is labelled where its name ends with .zarr, as {path.name}.zarr. Rename it."
                )
            raise ImageFileError(f"{path}: has neither slices nor times, and such a Zarr is not labelled. Write it as a TIFF.")
        return image_info(path, max_pixels=max_pixels).size_hw
    image.close()
    return image.size_hw
