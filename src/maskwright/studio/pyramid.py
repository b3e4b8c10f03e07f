"""An image at full size and half, quarter, ... of it, down to one tile, so that a page is shown a part of any size at once."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Num

from maskwright.base.files import atomic_folder, natural_key

TILE = 512
BAND = 1024  # rows that are halved at a time
SAMPLE = 1 << 20  # pixels from which intensities are learnt
DARK, BRIGHT = 0.1, 99.9  # percentiles that are shown black and white

Image = Num[np.ndarray, "h w c"]


@runtime_checkable
class Level(Protocol):
    """Pixels of height, width, channels: an array, or what gives any box of one when it is asked."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        ...

    def __getitem__(self, box: Any, /) -> Any:
        """The pixels of rows and columns, each a slice."""
        ...


@dataclass(frozen=True, eq=False)
class Pyramid:
    """levels: finest first. ranges: of each channel, the values to show black and white. is_made: whether all is there."""

    levels: tuple[Level, ...]
    ranges: tuple[tuple[float, float], ...]
    is_made: Callable[[], bool] = lambda: True

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.levels[0].shape[0], self.levels[0].shape[1]

    @property
    def channels(self) -> int:
        return self.levels[0].shape[2]

    @property
    def bytes_in_memory(self) -> int:
        return sum(level.nbytes for level in self.levels if not isinstance(level, np.memmap))

    def tile(self, z: int, x: int, y: int) -> Image | None:
        """A tile of a level; None where there is none."""
        if not 0 <= z < len(self.levels):
            return None
        height, width, _ = self.levels[z].shape
        if not (0 <= x * TILE < width and 0 <= y * TILE < height):
            return None
        return np.ascontiguousarray(self.levels[z][y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE])


def levels_of(size_hw: tuple[int, int]) -> int:
    """How many levels an image of this size has."""
    count, side = 1, max(size_hw)
    while side > TILE:
        count, side = count + 1, -(-side // 2)
    return count


def pyramid(image: Image) -> Pyramid:
    """The levels of an image, in memory."""
    levels = [image]
    while len(levels) < levels_of((image.shape[0], image.shape[1])):
        levels.append(np.concatenate(list(halved(levels[-1]))))
    return Pyramid(tuple(levels), ranges_of(coarse(levels)))


def keep(folder: Path, image: Image) -> None:
    """Write the levels of an image into a folder, which is whole or absent; a few bands are in memory beside the image."""
    with atomic_folder(folder) as staging:
        level: np.ndarray = image
        for z in range(levels_of((image.shape[0], image.shape[1]))):
            height, width, channels = level.shape
            if z > 0:
                height, width = -(-height // 2), -(-width // 2)
            kept = reserved(staging / f"{z}.npy", level.dtype, (height, width, channels))
            if z == 0:
                kept[:] = level
            else:
                top = 0
                for band in halved(level):
                    kept[top : top + len(band)] = band
                    top += len(band)
            kept.flush()
            level = kept


def reserved(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> "np.memmap[Any, Any]":
    """An array on the disk, to be filled. Raises `OSError` where there is no room: found out later, that ends the process."""
    array = np.lib.format.open_memmap(path, "w+", dtype, shape)
    if hasattr(os, "posix_fallocate"):
        file = os.open(path, os.O_RDWR)
        try:
            os.posix_fallocate(file, 0, path.stat().st_size)
        finally:
            os.close(file)
    return array


def kept_pyramid(folder: Path) -> Pyramid:
    """What `keep` wrote, read from the disk as it is needed."""
    files = sorted(folder.glob("*.npy"), key=lambda file: natural_key(file.name))
    levels = [np.load(file, mmap_mode="r") for file in files]
    return Pyramid(tuple(levels), ranges_of(coarse(levels)))


def halved(level: Image) -> Iterator[Image]:
    """The next coarser level, band by band: each pixel the mean of up to four."""
    for top in range(0, len(level), BAND):
        band = level[top : top + BAND]
        wide = np.pad(band, ((0, len(band) % 2), (0, band.shape[1] % 2), (0, 0)), mode="edge")
        parts = [wide[rows::2, columns::2] for rows in (0, 1) for columns in (0, 1)]
        if band.dtype == np.float32:
            yield sum(parts[1:], parts[0]) / np.float32(4)
        else:
            total = sum((part.astype(np.uint32) for part in parts), np.uint32(2))  # 2: the nearest whole number
            yield np.right_shift(total, 2).astype(band.dtype)


def coarse(levels: list[np.ndarray]) -> Image:
    """The finest level that is small enough to look at whole."""
    return next((level for level in levels if level.shape[0] * level.shape[1] <= SAMPLE), levels[-1])


def ranges_of(image: Image) -> tuple[tuple[float, float], ...]:
    """0 to 255 of 8-bit images, else all but the outermost values of each channel."""
    if image.dtype == np.uint8:
        return ((0.0, 255.0),) * int(image.shape[2])
    found = np.percentile(image.reshape(-1, image.shape[2]), (DARK, BRIGHT), axis=0)
    pairs: list[tuple[float, float]] = [(float(low), float(high)) for low, high in found.T]
    return tuple((low, high if high > low else low + 1) for low, high in pairs)
