"""What an image file says of itself beside its pixels: how large a pixel is, and what its channels are called."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tifffile

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.formats.content import image_kind
from maskwright.formats.plane_paths import file_of
from maskwright.masks.pixel_size import PixelSize, unit_named

RESOLUTION_X, RESOLUTION_Y = 282, 283  # tags; pixels per unit, as a numerator and a denominator
MICROMETRE = "µm"  # OME's unit where none is said


@dataclass(frozen=True)
class ImageDescription:
    """pixel_size: None where the file does not say it with a unit. channel_names: empty where there are none.

    source: who says so, 'OME' or 'ImageJ'.
    """

    pixel_size: PixelSize | None = None
    channel_names: tuple[str, ...] = ()
    source: str = ""


def image_description(path: Path) -> ImageDescription:
    """What OME-TIFF and ImageJ's TIFF say; of any other file nothing, since dots per inch tell of printers and not of objects.

    A description that cannot be read counts as none: the pixels do not depend on it. Raises `ImageFileError` where the file
    is no image.
    """
    path = file_of(Path(path))
    if path.is_dir() or image_kind(path) != "tiff":  # a Zarr is a folder
        return ImageDescription()
    try:
        with tifffile.TiffFile(path) as file:
            if file.is_ome and file.ome_metadata:
                return _of_ome(file.ome_metadata)
            if file.is_imagej and file.imagej_metadata:
                return _of_imagej(file.imagej_metadata, file.pages.first.tags)
    except (MaskwrightError, tifffile.TiffFileError, ElementTree.ParseError, ValueError, KeyError, IndexError, OSError):
        pass
    return ImageDescription()


def _of_ome(xml: str) -> ImageDescription:
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:  # no OME file needs them, and entities can grow without end
        return ImageDescription()
    pixels = ElementTree.fromstring(xml.encode()).find(".//{*}Pixels")  # of the first image, which is the one that is read
    if pixels is None:
        return ImageDescription()
    sides = [_side(pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", MICROMETRE)) for axis in "YX"]
    names = [channel.get("Name", "") for channel in pixels.findall("{*}Channel")]
    return ImageDescription(_size(sides), _usable(names), "OME")


def _of_imagej(metadata: dict[str, Any], tags: tifffile.TiffTags) -> ImageDescription:
    sides = []
    for tag in (RESOLUTION_Y, RESOLUTION_X):
        per_unit, one = tags.valueof(tag, (0, 1))
        sides.append(_side(one / per_unit if per_unit else None, str(metadata.get("unit", ""))))
    labels = metadata.get("Labels", ())
    return ImageDescription(_size(sides), _usable(labels if isinstance(labels, list) else ()), "ImageJ")


def _side(length: Any, unit: str) -> PixelSize | None:
    known = unit_named(unit.replace("\\u00B5", "µ"))
    if length is None or known is None:
        return None
    try:
        side = PixelSize(float(length), float(length), known)
    except DataError:  # 0 or less: a program that did not know it
        return None
    return side.to("um")


def _size(sides: list[PixelSize | None]) -> PixelSize | None:
    high, wide = sides
    return None if high is None or wide is None else PixelSize(high.y, wide.x, "um")


def _usable(names: list[Any] | tuple[Any, ...]) -> tuple[str, ...]:
    """Names of channels, if each has one of its own."""
    plain = tuple(" ".join(str(name).split()) for name in names)
    return plain if all(plain) and len(set(plain)) == len(plain) else ()
