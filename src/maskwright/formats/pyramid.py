"""Label images and stacks of any size with their pyramids, written strip by strip: tiled TIFF or BigTIFF, and OME-Zarr.

A level shows every second pixel of the one before: labels have no mean. Planes of a stack stay as many at every level.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from jaxtyping import Integer

from maskwright.base.files import atomic_folder, atomic_path
from maskwright.formats import large_zarr
from maskwright.formats.large_axes import Axes, count_planes, place_of, size_of
from maskwright.masks.classes import Classes

SIDE = 512  # of a tile or chunk, at most
STEP = 16  # of which TIFF wants the sides of tiles to be multiples
CLASSIC_BYTES = 2**32 - 2**25  # more does not fit a classic TIFF for sure
Strip = Integer[np.ndarray, "rows width"]
Strips = Callable[[int], Iterable[Strip]]  # the plane of a number, from top to bottom, as often as it is asked for


def write_labels(path: Path, strips: Strips, axes: Axes, *, classes: Classes | None = None, version: str = "") -> None:
    """Labels, as OME-Zarr where the name ends in .zarr, else as TIFF.

    `classes` are what the values mean, as 8-bit numbers where these hold them; without, the values number objects, in 32 bits.
    `version` is that of OME-NGFF; empty is the one that most programs read.
    """
    dtype = np.dtype(np.uint32) if classes is None else np.dtype(np.uint8 if len(classes) < 256 else np.uint16)

    def typed(plane: int) -> Iterator[Strip]:
        return (rows.astype(dtype, copy=False) for rows in strips(plane))

    if path.suffix == ".zarr":
        write_zarr(path, typed, axes, dtype, classes=classes, version="0.5" if version == "0.5" else "0.4")
    else:
        write_tiff(path, typed, axes, dtype)


def write_tiff(path: Path, strips: Strips, axes: Axes, dtype: np.dtype[np.generic]) -> None:
    """A tiled TIFF with the levels of its pyramid as SubIFDs, as viewers of slides read them; whole or not there.

    A stack is an OME-TIFF, which says what its planes are. Raises `ValueError` where strips do not cover a plane exactly.
    """
    size_hw, planes = size_of(axes), count_planes(axes)
    steps = _steps(size_hw)
    is_big = 1.5 * planes * size_hw[0] * size_hw[1] * dtype.itemsize > CLASSIC_BYTES
    is_stack = len(axes) > 2
    side = min(SIDE, -(-max(size_hw) // STEP) * STEP)
    with atomic_path(path) as temporary, tifffile.TiffWriter(temporary, bigtiff=is_big, ome=is_stack) as writer:
        for step in steps:
            shape = (*(axis.length for axis in axes[:-2]), *_shape(size_hw, step))
            first = step == 1
            writer.write(
                (tile for plane in range(planes) for tile in _tiles(strips(plane), size_hw, step, side)),
                shape=shape, dtype=dtype, tile=(side, side), photometric="minisblack", compression="zlib",
                subifds=len(steps) - 1 if first and len(steps) > 1 else None, subfiletype=int(not first),
                metadata=_said(axes) if first else None, maxworkers=1,
            )  # fmt: skip


def write_zarr(
    path: Path, strips: Strips, axes: Axes, dtype: np.dtype[np.generic], *,
    classes: Classes | None = None, version: Literal["0.4", "0.5"] = "0.4",
) -> None:  # fmt: skip
    """An OME-Zarr label image with its pyramid; whole or not there. Raises `MaskwrightError` without the zarr library.

    classes: what the values mean, where they are classes; viewers find colours for objects. version: of OME-NGFF.
    """
    large_zarr.require(path, "writing")
    import zarr

    zarr_format: Literal[2, 3] = 2 if version == "0.4" else 3
    size_hw = size_of(axes)
    with atomic_folder(path) as temporary:
        group = zarr.open_group(str(temporary), mode="w", zarr_format=zarr_format)
        steps = _steps(size_hw)
        for level, step in enumerate(steps):
            shape = _shape(size_hw, step)
            chunks = (min(SIDE, shape[0]), min(SIDE, shape[1]))
            names = None if zarr_format == 2 else [axis.name for axis in axes]
            keys: Any = {"name": "v2" if zarr_format == 2 else "default", "separator": "/"}
            array = group.create_array(
                str(level), shape=(*(axis.length for axis in axes[:-2]), *shape), chunks=(*(1 for _ in axes[:-2]), *chunks),
                dtype=dtype, chunk_key_encoding=keys, dimension_names=names,
            )  # fmt: skip
            for plane in range(count_planes(axes)):
                for top, rows in _row_blocks(strips(plane), size_hw, step, chunks[0]):
                    place: tuple[Any, ...] = (*place_of(axes, plane), slice(top, top + len(rows)), slice(None))
                    array[place] = rows
        described = _described(axes, steps, classes)
        if version == "0.4":
            described["multiscales"][0]["version"] = described["image-label"]["version"] = version
            group.attrs.update(described)
        else:
            group.attrs["ome"] = {"version": version, **described}


def _described(axes: Axes, steps: list[int], classes: Classes | None) -> dict[str, Any]:
    """What OME-NGFF wants to know of an image that holds labels."""
    named = [
        {"name": axis.name, "type": "time" if axis.name == "t" else "space"} | ({"unit": axis.unit} if axis.unit else {})
        for axis in axes
    ]
    scales = [[axis.spacing * (step if axis in axes[-2:] else 1) for axis in axes] for step in steps]
    levels = [
        {"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": scale}]}
        for level, scale in enumerate(scales)
    ]
    label: dict[str, Any] = {}
    if classes is not None:
        label["colors"] = [
            {"label-value": value, "rgba": [*info.color, 0 if value == classes.background else 255]}
            for value, info in enumerate(classes)
        ]
        label["properties"] = [{"label-value": value, "class": info.name} for value, info in enumerate(classes)]
    return {"multiscales": [{"axes": named, "datasets": levels, "type": "nearest"}], "image-label": label}


def _said(axes: Axes) -> dict[str, Any]:
    """What a TIFF says of its axes; of a stack that is OME's own words."""
    said: dict[str, Any] = {"axes": "".join(axis.name for axis in axes).upper()}
    if len(axes) > 2:
        for axis in axes:
            if axis.unit == "micrometer" and axis.name in "zyx":
                said |= {f"PhysicalSize{axis.name.upper()}": axis.spacing, f"PhysicalSize{axis.name.upper()}Unit": "µm"}
    return said


def _steps(size_hw: tuple[int, int]) -> list[int]:
    """1, 2, 4, ... until a level fits a tile."""
    steps = [1]
    while max(_shape(size_hw, steps[-1])) > SIDE:
        steps.append(2 * steps[-1])
    return steps


def _shape(size_hw: tuple[int, int], step: int) -> tuple[int, int]:
    return -(-size_hw[0] // step), -(-size_hw[1] // step)


def _tiles(strips: Iterable[Strip], size_hw: tuple[int, int], step: int, side: int) -> Iterator[Integer[np.ndarray, "h w"]]:
    """The tiles of a level, row by row; those at the rim are cut where the image ends."""
    for _, rows in _row_blocks(strips, size_hw, step, side):
        for left in range(0, rows.shape[1], side):
            yield np.ascontiguousarray(rows[:, left : left + side])


def _row_blocks(
    strips: Iterable[Strip], size_hw: tuple[int, int], step: int, height: int
) -> Iterator[tuple[int, Integer[np.ndarray, "h w"]]]:
    """A level in blocks of `height` rows, the last one shorter, each with its first row."""
    waiting: list[Integer[np.ndarray, "h w"]] = []
    seen = held = top = 0
    for strip in strips:
        rows = strip[-seen % step :: step, ::step].copy()  # a view would hold the whole strip
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
