"""Image files into arrays of height, width, channels, by one documented rule for every kind of file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Num, Shaped, UInt8

from maskwright.base.errors import ImageFileError
from maskwright.formats import stored, tiff_pages
from maskwright.formats.content import IMAGE_SUFFIXES, MAX_PIXELS, SUFFIXES, image_kind
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
    NaN and infinite values become the median of their channel. `image_info(path).notes` tells what of this has happened.
    """
    image, _ = _load(Path(path), max_pixels)
    return image


def image_info(path: Path, *, max_pixels: int = MAX_PIXELS) -> ImageInfo:
    """What `read_image` will return; from the header alone, but for float files, whose NaN are counted."""
    path = Path(path)
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


def _load(path: Path, max_pixels: int) -> tuple[Num[np.ndarray, "h w c"], tuple[str, ...]]:
    reader = tiff_pages.read_pixels if image_kind(path) == "tiff" else stored.read_pixels
    header, pixels = reader(path, max_pixels)
    image = shown(pixels, header, path)
    notes = list(header.notes)
    if pixels.dtype.kind in "iu" and image.dtype == np.float32 and np.abs(image).max(initial=0) > EXACT_FLOAT32:
        notes.append(f"values beyond {EXACT_FLOAT32}; their last digits are rounded")
    if image.dtype == np.float32:
        image, bad = _finite(image)
        if bad:
            notes.append(f"{bad} values that are NaN or infinite; replaced by the median of their channel")
    return np.ascontiguousarray(oriented(image, header.orientation)), tuple(notes)


def shown(pixels: Shaped[np.ndarray, "h w *c"], header: Header, path: Path) -> Num[np.ndarray, "h w c"]:
    """Stored pixels, all or a part of them, as `read_image` gives them, but not turned upright and with NaN as they are."""
    if pixels.dtype.kind not in "buif":
        raise ImageFileError(f"{path}: pixels of the type {pixels.dtype} are not read. Save them as 8-bit, 16-bit or float.")
    if header.color == "white is 0" and pixels.dtype.kind in "bu":
        pixels = np.logical_not(pixels) if pixels.dtype == np.bool_ else np.iinfo(pixels.dtype).max - pixels
    return _converted(_channels_last(pixels, header), header)


def shown_as(header: Header) -> tuple[int, np.dtype[np.generic]]:
    """Channels and type of what `shown` makes of a file's pixels."""
    return 3 if header.color in ("palette", "cmyk") else header.channels - header.has_alpha, _target(header.dtype)


def _channels_last(pixels: Shaped[np.ndarray, "h w *c"], header: Header) -> Shaped[np.ndarray, "h w c"]:
    """Gray, RGB or channels without palette, inks and alpha."""
    if header.palette is not None:
        colors = np.zeros((np.iinfo(pixels.dtype).max + 1, 3), np.uint8)
        colors[: len(header.palette)] = header.palette
        painted: UInt8[np.ndarray, "h w c"] = colors[pixels]
        return painted
    if pixels.ndim == 2:
        return pixels[..., None]
    if header.color == "cmyk":
        top = np.iinfo(pixels.dtype).max
        light = top - pixels.astype(np.float64)
        return (light[..., :3] * light[..., 3:] / top).round().astype(pixels.dtype)
    if header.has_alpha:
        return _over_black(pixels)
    return pixels


def _over_black(pixels: Shaped[np.ndarray, "h w c"]) -> Shaped[np.ndarray, "h w c1"]:
    """The channels weighted by the last one, alpha, whose full value is the type's largest number (1 for floats)."""
    color, alpha = pixels[..., :-1], pixels[..., -1:]
    opaque = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "iu" else 1
    if (alpha == opaque).all():
        return color
    weighted = color * (alpha.astype(np.float64) / opaque)
    return (weighted.round() if pixels.dtype.kind in "iu" else weighted).astype(pixels.dtype)


def _target(dtype: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """The type that an image of this stored type gets."""
    if dtype in (np.bool_, np.uint8):
        return np.dtype(np.uint8)
    return np.dtype(np.uint16) if dtype.newbyteorder("=") == np.uint16 else np.dtype(np.float32)


def _converted(pixels: Shaped[np.ndarray, "h w c"], header: Header) -> Num[np.ndarray, "h w c"]:
    if header.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    return pixels.astype(_target(pixels.dtype))


def _finite(image: Num[np.ndarray, "h w c"]) -> tuple[Num[np.ndarray, "h w c"], int]:
    """The image with its channel's median (0 where there is none) for every value that is not finite, and how many they are."""
    bad = ~np.isfinite(image)
    if not bad.any():
        return image, 0
    for channel in range(image.shape[2]):
        good = image[..., channel][~bad[..., channel]]
        image[..., channel][bad[..., channel]] = np.median(good) if good.size else 0
    return image, int(bad.sum())
