"""Image files into arrays of height, width, channels, by one documented rule for every kind of file."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Num

from maskwright.formats import stored, tiff_pages
from maskwright.formats.content import IMAGE_SUFFIXES, MAX_PIXELS, SUFFIXES, check_pixels, image_kind
from maskwright.formats.plane_paths import file_of, is_plane
from maskwright.formats.planes import Plane
from maskwright.formats.shown import shown, shown_as
from maskwright.formats.stored import Header, oriented, oriented_size

__all__ = ["IMAGE_SUFFIXES", "MAX_PIXELS", "ImageInfo", "image_info", "read_image"]

EXACT_FLOAT32 = 2**24  # whole numbers beyond it lose their last digits in float32


@dataclass(frozen=True)
class ImageInfo:
    """What `read_image` will return, and in `notes` everything that the file held and the array does not."""

    size_hw: tuple[int, int]
    channels: int
    dtype: str
    notes: tuple[str, ...] = ()
    orientation: int = 1


def read_image(path: Path, *, max_pixels: int = MAX_PIXELS) -> Num[np.ndarray, "h w c"]:
    """The image as uint8, uint16 or float32, upright, bright where it is shown bright. Raises `ImageFileError`.

    8- and 16-bit values are exact; 1-bit becomes 0 and 255; signed, 32-bit and float values become float32. A palette becomes
    RGB, CMYK becomes RGB. Alpha is left out where every pixel is opaque, otherwise the image is laid over black. The EXIF
    orientation is applied. Of several frames the first is read; of several TIFF planes only channels are (axes CYX).
    A path such as `embryo.tif/z=3` is that plane of the stack, read without the others.
    NaN and infinite values become the median of their channel. `image_info(path).notes` tells what of this has happened.
    """
    image, _ = _load(Path(path), max_pixels)
    return image


def image_info(path: Path, *, max_pixels: int = MAX_PIXELS) -> ImageInfo:
    """What `read_image` will return; from the header alone, but for float files, whose NaN are counted."""
    path = Path(path)
    if is_plane(path):
        return _plane_info(path, max_pixels)
    header = _header(path, max_pixels)
    notes = header.notes
    if header.dtype.kind == "f":
        _, notes = _load(path, max_pixels)
    channels, dtype = shown_as(header)
    if path.suffix.lower() not in SUFFIXES[header.kind]:
        notes = (*notes, f"called {path.suffix or 'without a suffix'}, but a {header.kind.upper()} file")
    if header.has_alpha:
        notes = (*notes, "an alpha channel; the image is laid over black where it is not opaque")
    if header.orientation != 1:
        notes = (*notes, f"EXIF orientation {header.orientation}; the image is turned upright")
    return ImageInfo(oriented_size(header.size_hw, header.orientation), channels, dtype.name, notes, header.orientation)


def _header(path: Path, max_pixels: int) -> Header:
    reader = tiff_pages.read_header if image_kind(path) == "tiff" else stored.read_header
    return reader(path, max_pixels)


def _plane_info(path: Path, max_pixels: int) -> ImageInfo:
    with closing(Plane(path)) as plane:
        check_pixels(file_of(path), plane.size_hw, max_pixels)
        notes = _load_plane(path, max_pixels)[1] if plane.dtype.kind == "f" else plane.notes
        return ImageInfo(plane.size_hw, plane.channels, plane.dtype.name, notes)


def _load_plane(path: Path, max_pixels: int) -> tuple[Num[np.ndarray, "h w c"], tuple[str, ...]]:
    with closing(Plane(path)) as plane:
        check_pixels(file_of(path), plane.size_hw, max_pixels)
        height, width = plane.size_hw
        image, noted = _noted(plane.read((0, 0, width, height)))
        return np.ascontiguousarray(image), (*plane.notes, *noted)


def _load(path: Path, max_pixels: int) -> tuple[Num[np.ndarray, "h w c"], tuple[str, ...]]:
    if is_plane(path):
        return _load_plane(path, max_pixels)
    reader = tiff_pages.read_pixels if image_kind(path) == "tiff" else stored.read_pixels
    header, pixels = reader(path, max_pixels)
    image = shown(pixels, header, path)
    notes = list(header.notes)
    if pixels.dtype.kind in "iu" and image.dtype == np.float32 and np.abs(image).max(initial=0) > EXACT_FLOAT32:
        notes.append(f"values beyond {EXACT_FLOAT32}; their last digits are rounded")
    image, noted = _noted(image)
    return np.ascontiguousarray(oriented(image, header.orientation)), (*notes, *noted)


def _noted(image: Num[np.ndarray, "h w c"]) -> tuple[Num[np.ndarray, "h w c"], tuple[str, ...]]:
    """The image without NaN and infinite values, and in words how many they were."""
    if image.dtype != np.float32:
        return image, ()
    image, bad = _finite(image)
    return image, (f"{bad} values that are NaN or infinite; replaced by the median of their channel",) if bad else ()


def _finite(image: Num[np.ndarray, "h w c"]) -> tuple[Num[np.ndarray, "h w c"], int]:
    """The image with its channel's median (0 where there is none) for every value that is not finite, and how many they are."""
    bad = ~np.isfinite(image)
    if not bad.any():
        return image, 0
    for channel in range(image.shape[2]):
        good = image[..., channel][~bad[..., channel]]
        image[..., channel][bad[..., channel]] = np.median(good) if good.size else 0
    return image, int(bad.sum())
