"""Axes of images that are read part by part: which count planes, which channels, and what a person says of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from maskwright.base.errors import DataError, ImageFileError
from maskwright.formats.image_description import image_description

PLANES, PIXELS, SAMPLES = "TZ", "YX", "CS"  # C: channels stored as planes; S: samples of a pixel
MEANINGS = {"Z": "slices", "T": "times", "C": "channels"}  # of an axis whose name says nothing


@dataclass(frozen=True)
class Axis:
    """An axis of labels: "t", "z", "y" or "x", how long it is, and how far apart its places are, where the file says that."""

    name: str
    length: int
    spacing: float = 1.0
    unit: str = ""  # as OME-NGFF spells it: micrometer, second


Axes = tuple[Axis, ...]  # the slowest first; y and x are the last two


def sides(path: Path, size_hw: tuple[int, int]) -> Axes:
    """Rows and columns of an image file, and how large a pixel is where the file says it."""
    size = image_description(path).pixel_size
    lengths, unit = ((1.0, 1.0), "") if size is None else ((size.y, size.x), "micrometer")
    return tuple(Axis(name, *side, unit) for name, side in zip("yx", zip(size_hw, lengths, strict=True), strict=True))


def size_of(axes: Axes) -> tuple[int, int]:
    """Height and width of a plane."""
    return axes[-2].length, axes[-1].length


def count_planes(axes: Axes) -> int:
    """How many planes there are; 1 where no axis counts them."""
    return prod(axis.length for axis in axes[:-2])


def place_of(axes: Axes, plane: int) -> tuple[int, ...]:
    """Where a plane lies on the axes that count planes."""
    return tuple(int(i) for i in np.unravel_index(plane, [axis.length for axis in axes[:-2]])) if axes[:-2] else ()


def plane_names(axes: Axes) -> tuple[str, ...]:
    """What planes are called, as "t=0 z=3"; an image that is no stack has one, whose name is empty."""
    places = (place_of(axes, plane) for plane in range(count_planes(axes)))
    return tuple(" ".join(f"{axis.name}={i}" for axis, i in zip(axes, place, strict=False)) for place in places)


def check_said(said: str) -> str:
    """Axes as a person says them, in capitals. Raises `DataError` where they name no planes of an image."""
    axes = said.strip().upper()
    if set(axes) - set(PLANES + PIXELS + SAMPLES) or len(set(axes)) < len(axes) or "YX" not in axes:
        raise DataError(
            f"--axes '{said}' names no axes of an image. Write one letter an axis, in the file's order: Z for slices, T for "
            "times, C for channels, YX for rows and columns, S for the samples of a pixel, as in ZYX or TCYX."
        )
    return axes


def named(own: str, shape: Sequence[int], said: str, path: Path) -> str:
    """The axes of a file: as a person says, where that fits the file, else as the file does.

    said: a letter an axis, as "TZYX", or of the axes that count planes alone, as "TZ", which a plane is called by.
    Raises `ImageFileError` that shows them where one of them says neither what it counts nor is told.
    """
    said = _filled(own, said) if said and not set(said) - set(PLANES) else said
    fits = len(said) == len(own) and all(a == b for a, b in zip(own, said, strict=True) if a in PIXELS + "S")
    axes = said if said and fits else own
    unknown = [axis for axis in axes if axis not in PLANES + PIXELS + SAMPLES]
    sizes = ", ".join(f"{axis}={size}" for axis, size in zip(own, shape, strict=True))
    if unknown or len(set(axes)) < len(axes):
        free = [letter for letter in MEANINGS if letter not in axes]
        if len(unknown) == 1:
            ways = [f"--axes {axes.replace(unknown[0], letter)} for {MEANINGS[letter]}" for letter in free]
            how = ", ".join(ways[:-1]) + f" or {ways[-1]}" if len(ways) > 1 else "".join(ways)
            raise ImageFileError(f"{path}: it does not say what its axis {unknown[0]} counts ({sizes}). Add {how}.")
        raise ImageFileError(
            f"{path}: the axes {axes} ({sizes}) do not say what is counted. Name them with --axes, as TZYX for slices at "
            "several times."
        )
    if "YX" not in axes.replace("S", ""):
        raise ImageFileError(
            f"{path}: has the axes {axes} ({sizes}), but an image has rows and columns side by side, as in ZYX. Write it anew."
        )
    return axes


def _filled(own: str, counted: str) -> str:
    """All axes of a file, of which those that count planes are said; channels that it names stay where that leaves enough."""
    for kept in (PIXELS + SAMPLES, PIXELS + "S"):
        free = [axis for axis in own if axis not in kept]
        if len(free) == len(counted):
            letters = iter(counted)
            return "".join(axis if axis in kept else next(letters) for axis in own)
    return own
