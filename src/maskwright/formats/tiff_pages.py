"""Pixels as a TIFF stores them, through tifffile: one plane of any type, or planes that are channels."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tifffile
from jaxtyping import Shaped
from tifffile import COMPRESSION, PHOTOMETRIC

from maskwright.base.errors import ImageFileError
from maskwright.formats.content import check_pixels, parsing
from maskwright.formats.stored import ORIENTATION_TAG, ColorModel, Header

# tifffile logs what it also raises; without a handler Python would print it over the progress bar.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

AXES_READ = ("YX", "YXS", "SYX", "CYX")  # S: samples of a pixel (RGB); C: channels stored as planes
AXES_OF_STACKS = "TZCYXS"
MAX_CHANNELS_AT_MAX_PIXELS = 4
LOSSY = (
    COMPRESSION.OJPEG, COMPRESSION.JPEG, COMPRESSION.JPEG_LOSSY, COMPRESSION.WEBP,
    COMPRESSION.JPEG2000, COMPRESSION.APERIO_JP2000_RGB, COMPRESSION.APERIO_JP2000_YCBC, COMPRESSION.JPEGXR,
)  # fmt: skip
COLORS: dict[int, ColorModel] = {
    PHOTOMETRIC.MINISWHITE: "white is 0",
    PHOTOMETRIC.MINISBLACK: "gray",
    PHOTOMETRIC.RGB: "rgb",
    PHOTOMETRIC.PALETTE: "palette",
    PHOTOMETRIC.SEPARATED: "cmyk",
    PHOTOMETRIC.YCBCR: "rgb",  # tifffile turns JPEG's YCbCr into RGB
}

CHANNELS: dict[ColorModel, int] = {"gray": 1, "white is 0": 1, "palette": 1, "rgb": 3, "cmyk": 4}


def read_header(path: Path, max_pixels: int) -> Header:
    """The header of a TIFF's first image; the pixels are not decoded. Raises `ImageFileError` on axes that are no image."""
    with opened(path) as file:
        return _header(file, path, max_pixels)


def read_pixels(path: Path, max_pixels: int) -> tuple[Header, Shaped[np.ndarray, "h w *c"]]:
    """Header and pixels, channels last. Raises `ImageFileError` where the file is cut off or damaged."""
    with opened(path) as file:
        header = _header(file, path, max_pixels)
        series = file.series[0]
        _check_whole(series, path)
        pixels = series.asarray()
    if series.axes in ("SYX", "CYX"):
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.ndim < len(header.size_hw):
        pixels = pixels.reshape(header.size_hw)
    return header, pixels


@contextmanager
def opened(path: Path) -> Iterator[tifffile.TiffFile]:
    """The file with its pages listed; whatever its parser or a codec raises within names it."""
    with parsing(path, "tiff"), tifffile.TiffFile(path) as file:
        yield file


def _header(file: tifffile.TiffFile, path: Path, max_pixels: int) -> Header:
    _check_chain(file, path)
    series = file.series[0]
    size_hw = (series.keyframe.imagelength, series.keyframe.imagewidth)
    check_pixels(path, size_hw, max_pixels)
    channels = _channels(series, path)
    check_pixels(path, (size_hw[0] * size_hw[1], channels), max_pixels * MAX_CHANNELS_AT_MAX_PIXELS)
    return described(file, path, channels)


def described(file: tifffile.TiffFile, path: Path, channels: int) -> Header:
    """What a TIFF says of its first image, of so many channels. Raises `ImageFileError` for colours that are not read."""
    series = file.series[0]
    page = series.keyframe
    size_hw = (page.imagelength, page.imagewidth)
    if page.photometric not in COLORS or (page.photometric == PHOTOMETRIC.YCBCR and page.compression not in LOSSY):
        name = getattr(page.photometric, "name", page.photometric)
        raise ImageFileError(f"{path}: the TIFF's colour space {name} is not read. Save it as gray or RGB.")
    color: ColorModel = COLORS[page.photometric]
    extra = tuple(page.extrasamples)
    has_alpha = bool(extra) and extra[-1] in (1, 2) and color in ("gray", "white is 0", "rgb")
    if channels - has_alpha != CHANNELS[color]:
        color = "channels"
    notes = []
    if len(file.series) > 1:
        notes.append(f"{len(file.series)} images; only the first is read")
    colormap = page.colormap if color == "palette" else None
    palette = None if colormap is None else tuple((int(r) >> 8, int(g) >> 8, int(b) >> 8) for r, g, b in colormap.T)
    orientation = page.tags.valueof(ORIENTATION_TAG, 1)
    return Header(
        "tiff", size_hw, color, channels, has_alpha, np.dtype(series.dtype), int(page.bitspersample),
        palette, int(orientation), page.compression in LOSSY, tuple(notes),
    )  # fmt: skip


def _channels(series: tifffile.TiffPageSeries, path: Path) -> int:
    """Values a pixel. Raises `ImageFileError` that shows the axes where they are more than those of one image."""
    if series.size == series.keyframe.imagelength * series.keyframe.imagewidth:
        return 1
    if series.axes not in AXES_READ:
        sizes = ", ".join(f"{axis}={size}" for axis, size in zip(series.axes, series.shape, strict=True))
        seen = f"{path}: the TIFF has the axes {series.axes} ({sizes}), but one image has {' or '.join(AXES_READ)}."
        if set(series.axes) <= set(AXES_OF_STACKS):
            raise ImageFileError(
                f"{seen} Of this stack each plane is an image where the masks are a stack of as many planes, or files such as "
                f"masks/{path.name}/z=3.png."
            )
        raise ImageFileError(
            f"{seen} Write it anew so that it names its axes, as tifffile does with metadata={{'axes': 'ZYX'}}: planes are "
            "slices (Z), times (T) or channels (C)."
        )
    return int(series.shape[-1] if series.axes == "YXS" else series.shape[0])


def _check_chain(file: tifffile.TiffFile, path: Path) -> None:
    """Raises `ImageFileError` where the last page names a next one that is not there: tifffile would read the rest as whole."""
    place = file.pages.next_page_offset
    if place is not None:
        file.filehandle.seek(place)
        if any(file.filehandle.read(file.tiff.offsetsize)):
            raise ImageFileError(
                f"{path}: the TIFF file of {path.stat().st_size} bytes is cut off: its last page names a next one. "
                f"Copy or export it again."
            )


def _check_whole(series: tifffile.TiffPageSeries, path: Path) -> None:
    """Raises `ImageFileError` where a strip or tile lies beyond the end of the file: tifffile would fill it with zeros."""
    size = path.stat().st_size
    for page in series.pages:
        if page is None:
            raise ImageFileError(f"{path}: a plane of the TIFF is missing. Copy or export the file again.")
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
            if count <= 0 or offset + count > size:
                raise ImageFileError(
                    f"{path}: the TIFF file is cut off: it has {size} bytes, but pixels lie at {offset} to {offset + count}. "
                    f"Copy or export it again."
                )
