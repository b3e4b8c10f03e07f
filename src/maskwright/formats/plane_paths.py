"""Paths of planes: `embryo.tif/z=3` is a plane of the stack `embryo.tif`, as if the file were the folder of its planes."""

import re
from pathlib import Path, PurePath
from typing import TypeVar

from maskwright.formats.content import SUFFIXES

PLANE = re.compile(r"[tz]=(0|[1-9]\d*)( [tz]=(0|[1-9]\d*))?")  # as `large_axes.plane_names` calls them

ZARR = ".zarr"

AnyPath = TypeVar("AnyPath", bound=PurePath)


def is_plane(path: PurePath) -> bool:
    """Whether a path names a plane of a stack. It is judged by the names alone."""
    return path.parent.suffix.lower() in (*SUFFIXES["tiff"], ZARR) and PLANE.fullmatch(path.name) is not None


def file_of(path: AnyPath) -> AnyPath:
    """The file that an image lies in, or the folder of a Zarr: that of the stack for a plane, else the path itself."""
    return path.parent if is_plane(path) else path


def axes_of(path: PurePath) -> dict[str, int]:
    """Where a plane lies on each axis that counts planes, as {"t": 0, "z": 3}; of an image that is none, nothing."""
    return {part[0]: int(part[2:]) for part in path.name.split(" ")} if is_plane(path) else {}


def short_name(path: PurePath) -> str:
    """An image's name without its folders: the file's, with the plane's behind it."""
    return f"{path.parent.name}/{path.name}" if is_plane(path) else path.name


def with_planes(path: Path, planes: tuple[str, ...]) -> tuple[Path, ...]:
    """The paths of the planes of a file, or the file's where it has none."""
    return tuple(path / plane for plane in planes) or (path,)
