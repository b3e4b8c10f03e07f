"""An image of any size into a label image of its size: strip by strip, taken up again after a kill, every pixel counted."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int64

from maskwright.base.errors import ImageFileError, Interrupted
from maskwright.engine.large.plane import Plane
from maskwright.engine.large.strips import StripFolder
from maskwright.engine.predict import Predictor
from maskwright.formats.large_image import open_large
from maskwright.formats.pyramid import write_tiff, write_zarr
from maskwright.masks.tiles import Tile, blend
from maskwright.sampling.normalize import ImageScale
from maskwright.tasks.streams import first_row, stream_of

ROWS = 256  # in which objects are looked for at a time: what that needs beside the maps follows it
GoesOn = Callable[[float], bool]  # is told the share that is done, and says whether to go on


@dataclass(frozen=True, eq=False)
class LargeReport:
    """What was predicted: pixels are counted strip by strip as they are written. Of objects: number, class, score, pixels."""

    size_hw: tuple[int, int]
    planes: int
    pixels: int
    numbers: Int64[np.ndarray, " n"]
    class_ids: Int64[np.ndarray, " n"]
    scores: Float64[np.ndarray, " n"]
    areas: Int64[np.ndarray, " n"]
    notes: tuple[str, ...]


def predict_large(
    predictor: Predictor, image: Path | str, out: Path | str, *, strips_in: Path | None = None, goes_on: GoesOn | None = None
) -> LargeReport:
    """Write the labels of an image as tiled TIFF or, where `out` ends in .zarr, as OME-Zarr, with a pyramid of smaller levels.

    The labels are those of a call of the predictor with the whole image: classes from 0 on, or numbers of objects from 1 on.
    Strips that are done lie in `strips_in`, else in a folder beside `out`, until all are: the same call goes on after a kill.
    Raises `ImageFileError` where it is damaged, `PlanError` for a task that needs it whole, `Interrupted` when `goes_on`
    says no.
    """
    image, out = Path(image), Path(out)
    opened = open_large(image)
    try:
        plane = Plane(opened, 0, predictor.plan.channels)
        if len(opened.planes) > 1:
            raise ImageFileError(
                f"{image}: a stack of {len(opened.planes)} planes ({opened.planes[0]} to {opened.planes[-1]}). "
                "Save every plane as a file of its own."
            )
        strips = StripFolder(strips_in or out.with_name(f".{out.name}.partial"), _key(predictor, image), opened.size_hw[1])
        _predict(predictor, plane, strips, goes_on or (lambda share: True))
        size_hw, notes = opened.size_hw, opened.notes
    finally:
        opened.close()
    if strips.pixels != size_hw[0] * size_hw[1]:
        raise ValueError(f"{strips.pixels} of {size_hw[0] * size_hw[1]} pixels were predicted.")  # a fault of the program
    objects = strips.objects()
    highest = len(predictor.plan.classes) - 1 if predictor.plan.task == "semantic" else int(objects[:, 0].max(initial=0))
    dtype = _dtype(highest, predictor.plan.task)
    write = write_zarr if out.suffix == ".zarr" else write_tiff
    write(out, lambda: (rows.astype(dtype) for rows in strips.strips()), size_hw, dtype)
    strips.remove()
    means = objects[:, 2:] / np.maximum(objects[:, 1:2], 1)
    return LargeReport(
        size_hw, 1, strips.pixels,
        objects[:, 0].astype(np.int64),
        means.argmax(axis=1).astype(np.int64) + 1 if len(means) else np.zeros(0, np.int64),
        means.max(axis=1) if len(means) else np.zeros(0),
        objects[:, 1].astype(np.int64), notes,
    )  # fmt: skip


def _predict(predictor: Predictor, plane: Plane, strips: StripFolder, goes_on: GoesOn) -> None:
    """The strips that are not there yet."""
    height = plane.image.size_hw[0]
    if strips.rows == height:
        return
    stream = stream_of(predictor.task, plane.image.size_hw, strips.carry)
    if strips.scale is None:
        scale = plane.scale(predictor.plan.normalization)
        strips.keep_scale([part.tolist() for part in (scale.offset, scale.factor, scale.fill)])
    assert strips.scale is not None
    scale = ImageScale(*(np.array(part, np.float32) for part in strips.scale))

    def pixels_of(tile: Tile) -> Float32[np.ndarray, "c h w"]:
        if not goes_on(strips.rows / height):
            raise Interrupted(
                f"{plane.image.path}: stopped with {strips.rows} of {height} rows done. Run the same command again to go on."
            )
        return scale.apply(plane.pixels(tile.box_xyxy))

    start = first_row(predictor.task, strips.carry)
    said = predictor.said_of_tiles(plane.image.size_hw, pixels_of, first_row=start)
    for top, maps in blend(said, plane.image.size_hw, first_row=start):
        bottom = top + maps.shape[1]
        cuts = [top, *range(top - top % ROWS + ROWS, bottom, ROWS), bottom]  # at the same rows wherever work is taken up
        for first, last in pairwise(cuts):
            for found in stream.add(maps[:, first - top : last - top]):
                strips.add(found)


def _key(predictor: Predictor, image: Path) -> dict[str, Any]:
    """What strips depend on: image, weights, thresholds, and how tiles are cut and computed."""
    status = image.stat()
    choice = predictor.choice
    return {
        "image": [str(image.absolute()), status.st_size, status.st_mtime_ns],
        "weights": predictor.digest, "settled": predictor.settled,
        "runtime": choice.runtime, "tile": list(choice.tile_hw), "batch": choice.batch,
    }  # fmt: skip


def _dtype(highest: int, task: str) -> np.dtype[np.generic]:
    """Numbers of objects as 32-bit, as in other label images; classes as small as they fit."""
    return np.dtype(np.uint32) if task != "semantic" else np.dtype(np.uint8 if highest < 255 else np.uint16)
