"""Label images of any size with their pyramids, written strip by strip: tiled TIFF, BigTIFF where it must be, and OME-Zarr.

A level shows every second pixel of the one before: labels have no mean.
"""

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from jaxtyping import UInt

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import atomic_folder, atomic_path

SIDE = 512  # of a tile or chunk
CLASSIC_BYTES = 2**32 - 2**25  # more does not fit a classic TIFF for sure
Strips = Callable[[], Iterable[UInt[np.ndarray, "rows width"]]]  # the image from top to bottom, as often as it is asked for


def write_tiff(path: Path, strips: Strips, size_hw: tuple[int, int], dtype: np.dtype[np.generic]) -> None:
    """A tiled TIFF with the levels of its pyramid as SubIFDs, as viewers of slides read them; whole or not there.

    Raises `ValueError` where the strips do not cover the image exactly.
    """
    steps = _steps(size_hw)
    is_big = 1.5 * size_hw[0] * size_hw[1] * dtype.itemsize > CLASSIC_BYTES
    with atomic_path(path) as temporary, tifffile.TiffWriter(temporary, bigtiff=is_big) as writer:
        for step in steps:
            shape = _shape(size_hw, step)
            first = step == 1
            writer.write(
                _tiles(strips(), size_hw, step), shape=shape, dtype=dtype, tile=(SIDE, SIDE), photometric="minisblack",
                compression="zlib", subifds=len(steps) - 1 if first and len(steps) > 1 else None, subfiletype=int(not first),
                metadata={"axes": "YX"} if first else None, maxworkers=1,
            )  # fmt: skip


def write_zarr(path: Path, strips: Strips, size_hw: tuple[int, int], dtype: np.dtype[np.generic]) -> None:
    """An OME-Zarr (0.4) label image with its pyramid; whole or not there. Raises `MaskwrightError` without the zarr library."""
    if importlib.util.find_spec("zarr") is None:
        raise MaskwrightError(f"{path}: writing Zarr needs another package. Install it with: pip install 'maskwright[large]'")
    import zarr

    with atomic_folder(path) as temporary:
        group = zarr.open_group(str(temporary), mode="w", zarr_format=2)
        steps = _steps(size_hw)
        for level, step in enumerate(steps):
            shape = _shape(size_hw, step)
            chunks = (min(SIDE, shape[0]), min(SIDE, shape[1]))
            array = group.create_array(
                str(level), shape=shape, chunks=chunks, dtype=dtype, chunk_key_encoding={"name": "v2", "separator": "/"}
            )
            for top, rows in _row_blocks(strips(), size_hw, step, chunks[0]):
                array[top : top + len(rows)] = rows
        scales: list[Any] = [
            {"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": [step, step]}]}
            for level, step in enumerate(steps)
        ]
        axes: list[Any] = [{"name": axis, "type": "space"} for axis in "yx"]
        group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": scales, "type": "nearest"}]
        group.attrs["image-label"] = {"version": "0.4"}


def _steps(size_hw: tuple[int, int]) -> list[int]:
    """1, 2, 4, ... until a level fits a tile."""
    steps = [1]
    while max(_shape(size_hw, steps[-1])) > SIDE:
        steps.append(2 * steps[-1])
    return steps


def _shape(size_hw: tuple[int, int], step: int) -> tuple[int, int]:
    return -(-size_hw[0] // step), -(-size_hw[1] // step)


def _tiles(
    strips: Iterable[UInt[np.ndarray, "rows width"]], size_hw: tuple[int, int], step: int
) -> Iterator[UInt[np.ndarray, "h w"]]:
    """The tiles of a level, row by row; those at the rim are cut where the image ends."""
    for _, rows in _row_blocks(strips, size_hw, step, SIDE):
        for left in range(0, rows.shape[1], SIDE):
            yield np.ascontiguousarray(rows[:, left : left + SIDE])


def _row_blocks(
    strips: Iterable[UInt[np.ndarray, "rows width"]], size_hw: tuple[int, int], step: int, height: int
) -> Iterator[tuple[int, UInt[np.ndarray, "h w"]]]:
    """A level in blocks of `height` rows, the last one shorter, each with its first row."""
    waiting: list[UInt[np.ndarray, "h w"]] = []
    seen = held = top = 0
    for strip in strips:
        rows = strip[-seen % step :: step, ::step]
        seen += len(strip)
        waiting.append(rows)
        held += len(rows)
        if held >= height:
            joined = np.concatenate(waiting)
            for first in range(0, held - held % height, height):
                yield top, joined[first : first + height]
                top += height
            waiting = [joined[held - held % height :].copy()]
            held %= height
    if seen != size_hw[0]:
        raise ValueError(f"The strips have {seen} rows, but the image {size_hw[0]}.")
    if held:
        yield top, np.concatenate(waiting)
