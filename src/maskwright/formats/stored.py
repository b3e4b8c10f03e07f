"""Pixels as a PNG, JPEG, BMP, WebP or GIF stores them, through Pillow: not rotated, not converted, palette indices kept."""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import imagecodecs
import numpy as np
from jaxtyping import Shaped
from PIL import BmpImagePlugin, GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from maskwright.base.errors import ImageFileError
from maskwright.formats.content import check_pixels, image_kind, parsing
from maskwright.masks.coding import Color

ColorModel = Literal["gray", "white is 0", "palette", "rgb", "cmyk", "channels"]

# One parser a kind: no other parser of Pillow (PSD, FITS, EPS ...) can be reached by a crafted file.
PARSERS: dict[str, type[ImageFile.ImageFile]] = {
    "png": PngImagePlugin.PngImageFile,
    "jpeg": JpegImagePlugin.JpegImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "gif": GifImagePlugin.GifImageFile,
}

# Pillow's mode -> (what the channels are, channels, last one is alpha, type of the numbers)
MODES: dict[str, tuple[ColorModel, int, bool, str]] = {
    "1": ("gray", 1, False, "bool"),
    "L": ("gray", 1, False, "uint8"),
    "LA": ("gray", 2, True, "uint8"),
    "P": ("palette", 1, False, "uint8"),
    "RGB": ("rgb", 3, False, "uint8"),
    "RGBA": ("rgb", 4, True, "uint8"),
    "RGBX": ("rgb", 4, True, "uint8"),
    "CMYK": ("cmyk", 4, False, "uint8"),
    "I;16": ("gray", 1, False, "uint16"),
    "I;16B": ("gray", 1, False, "uint16"),
    "I": ("gray", 1, False, "int32"),
    "F": ("gray", 1, False, "float32"),
}

ORIENTATION_TAG = 0x0112
# PNG's colour types of several channels -> Pillow's mode of the same channels with 8 bits.
PNG_COLOR_TYPES = {2: "RGB", 4: "LA", 6: "RGBA"}


@dataclass(frozen=True)
class Header:
    """What a file says of its pixels before they are decoded. `orientation` is EXIF's number: 1 upright, 5 to 8 turned."""

    kind: str
    size_hw: tuple[int, int]
    color: ColorModel
    channels: int
    has_alpha: bool
    dtype: np.dtype[np.generic]
    bits: int
    palette: tuple[Color, ...] | None = None
    orientation: int = 1
    lossy: bool = False
    notes: tuple[str, ...] = ()


def read_header(path: Path, max_pixels: int) -> Header:
    """The header of an image file that Pillow reads; the pixels are not decoded."""
    with _opened(path, max_pixels) as image:
        return _header(image, path)


def read_pixels(path: Path, max_pixels: int) -> tuple[Header, Shaped[np.ndarray, "h w *c"]]:
    """Header and pixels. Raises `ImageFileError` where the file is cut off or damaged."""
    with _opened(path, max_pixels) as image:
        header = _header(image, path)
        if header.kind == "png" and header.bits == 16 and header.channels > 1:
            # Pillow would drop the lower 8 bits in silence. A transparent colour makes imagecodecs add a channel.
            return header, imagecodecs.png_decode(path.read_bytes())[..., : header.channels]
        image.load()
        pixels = np.asarray(image)
    return header, pixels.astype(header.dtype, copy=False)


def oriented(pixels: Shaped[np.ndarray, "h w *c"], orientation: int) -> Shaped[np.ndarray, "h1 w1 *c"]:
    """The pixels turned and mirrored as the EXIF orientation says they are to be seen."""
    turned = pixels.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else pixels
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    return turned[:, ::-1] if orientation in (2, 3, 6, 7) else turned


def oriented_size(size_hw: tuple[int, int], orientation: int) -> tuple[int, int]:
    """The size after `oriented`."""
    return size_hw[::-1] if orientation in (5, 6, 7, 8) else size_hw


@contextmanager
def _opened(path: Path, max_pixels: int) -> Iterator[ImageFile.ImageFile]:
    """The file opened by the parser of its content, its size checked."""
    kind = image_kind(path)
    with parsing(path, kind), path.open("rb") as file, PARSERS[kind](file) as image:
        check_pixels(path, (image.height, image.width), max_pixels)
        yield image


def _header(image: ImageFile.ImageFile, path: Path) -> Header:
    kind = image_kind(path)
    if image.mode not in MODES:
        raise ImageFileError(f"{path}: images of the mode {image.mode} are not read. Save it as gray, RGB or RGBA.")
    mode, bits, notes = image.mode, 0, list[str]()
    if kind == "png":
        bits, color_type = _png_depth(path)
        mode = PNG_COLOR_TYPES.get(color_type, mode) if bits == 16 else mode
    color, channels, has_alpha, dtype = MODES[mode]
    if bits == 16:
        dtype = "uint16"
    if getattr(image, "is_animated", False):
        notes.append("an animation; only the first frame is read")
    if "transparency" in image.info:
        notes.append("a transparent colour; it is taken as it is painted")
    orientation = _orientation(image, path, kind, notes)
    palette = _palette(image) if color == "palette" else None
    return Header(
        kind, (image.height, image.width), color, channels, has_alpha, np.dtype(dtype), bits or 8 * np.dtype(dtype).itemsize,
        palette, orientation, _is_lossy(path, kind), tuple(notes),
    )  # fmt: skip


def _palette(image: Image.Image) -> tuple[Color, ...]:
    flat = image.getpalette("RGB") or []
    return tuple((flat[i], flat[i + 1], flat[i + 2]) for i in range(0, len(flat) - 2, 3))


def _orientation(image: ImageFile.ImageFile, path: Path, kind: str, notes: list[str]) -> int:
    """EXIF's orientation, 1 where there is none or where the EXIF data is damaged."""
    try:
        if kind == "png":  # Pillow decodes the whole PNG to look for an EXIF block after the pixels
            exif = Image.Exif()
            exif.load(_png_chunk(path, b"eXIf"))
        else:
            exif = image.getexif()
        orientation = exif.get(ORIENTATION_TAG, 1)
    except Exception as error:  # foreign metadata: any fault in it must not cost the image
        notes.append(f"EXIF data that cannot be read ({error}); taken as upright")
        return 1
    return orientation if orientation in range(1, 9) else 1


def _png_depth(path: Path) -> tuple[int, int]:
    """Bits a channel, and PNG's colour type (0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGBA)."""
    with path.open("rb") as file:
        head = file.read(26)
    return head[24], head[25]


def _png_chunk(path: Path, name: bytes) -> bytes:
    """The content of the first chunk of this name; empty where there is none. Steps over the pixels without reading them."""
    with path.open("rb") as file:
        file.seek(8)
        while len(start := file.read(8)) == 8:
            length, found = struct.unpack(">I4s", start)
            if found == name:
                return file.read(length)
            file.seek(length + 4, os.SEEK_CUR)
    return b""


def _is_lossy(path: Path, kind: str) -> bool:
    """Whether the format changes pixels: JPEG always, WebP unless its pixels lie in a VP8L block."""
    return kind == "jpeg" or (kind == "webp" and b"VP8L" not in path.read_bytes())
