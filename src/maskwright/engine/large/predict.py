"""An image or a stack of any size into labels of its size: strip by strip, taken up again after a kill, every pixel counted."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int64

from maskwright.base.errors import Interrupted
from maskwright.engine.large.plane import Plane
from maskwright.engine.large.stack import numbers_of, objects_of
from maskwright.engine.large.strips import StripFolder
from maskwright.engine.large.whole import found_whole
from maskwright.engine.predict import Predictor
from maskwright.formats.large_image import LargeImage, open_large
from maskwright.formats.pyramid import Strip, write_labels
from maskwright.masks.link import MIN_IOU
from maskwright.masks.tiles import Tile, blend
from maskwright.sampling.normalize import ImageScale
from maskwright.tasks.streams import first_row, has_stream, stream_of

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
    predictor: Predictor, image: Path | str, out: Path | str, *, strips_in: Path | None = None, goes_on: GoesOn | None = None,
    link: float | None = MIN_IOU, axes: str = "",
) -> LargeReport:  # fmt: skip
    """Write the labels of an image as tiled TIFF or, where `out` ends in .zarr, as OME-Zarr, with a pyramid of smaller levels.

    The labels are those of a call of the predictor with the whole image: classes from 0 on, or numbers of objects from 1 on.
    Of a stack each plane is an image of its own, and the labels are a stack of the same axes but channels; objects of
    successive planes whose intersection over union reaches `link` have one number (`masks.link`), without it (None) none.
    `axes` names the axes of a file that does not, as "ZYX".
    Strips that are done lie in `strips_in`, else in a folder beside `out`, until all are: the same call goes on after a kill.
    Raises `ImageFileError` where it is damaged, `PlanError` for a task that needs it whole, `Interrupted` when `goes_on`
    says no.
    """
    image, out = Path(image), Path(out)
    place = strips_in or out.with_name(f".{out.name}.partial")
    opened = open_large(image, axes)
    try:
        planes = list[StripFolder]()
        for number, name in enumerate(opened.planes):
            plane = Plane(opened, number, predictor.plan.channels)
            folder = place / f"{number:06d}" if len(opened.planes) > 1 else place
            planes.append(StripFolder(folder, _key(predictor, image, name), opened.size_hw[1]))
            _predict(predictor, plane, planes[-1], partial(_told, goes_on, number, len(opened.planes), opened.size_hw[0]))
        report = _written(predictor, opened, planes, out, link)
    finally:
        opened.close()
    shutil.rmtree(place, ignore_errors=True)
    return report


def _written(predictor: Predictor, image: LargeImage, planes: list[StripFolder], out: Path, link: float | None) -> LargeReport:
    """Write the labels of planes that are done."""
    height, width = image.size_hw
    pixels, expected = sum(plane.pixels for plane in planes), height * width * len(planes)
    if pixels != expected:
        raise ValueError(f"{pixels} of {expected} pixels were predicted.")  # a fault of the program
    is_semantic = predictor.plan.task == "semantic"
    numbers = None if is_semantic else numbers_of(planes, image.axes, link)
    objects = planes[0].objects() if numbers is None else objects_of(planes, numbers)
    classes = predictor.plan.classes

    def strips(plane: int) -> Iterator[Strip]:
        return planes[plane].strips() if numbers is None else (numbers[plane][rows] for rows in planes[plane].strips())

    write_labels(out, strips, image.axes, classes=classes if is_semantic else None, version=image.version)
    means = objects[:, 2:] / np.maximum(objects[:, 1:2], 1)
    return LargeReport(
        image.size_hw, len(planes), pixels,
        objects[:, 0].astype(np.int64),
        means.argmax(axis=1).astype(np.int64) + 1 if len(means) else np.zeros(0, np.int64),
        means.max(axis=1) if len(means) else np.zeros(0),
        objects[:, 1].astype(np.int64), image.notes,
    )  # fmt: skip


def _told(goes_on: GoesOn | None, plane: int, planes: int, height: int, rows: int) -> bool:
    """Whether to go on, with so many rows of a plane done."""
    return goes_on is None or goes_on((plane + rows / height) / planes)


def _predict(predictor: Predictor, plane: Plane, strips: StripFolder, goes_on: Callable[[int], bool]) -> None:
    """The strips that are not there yet; `goes_on` is told how many rows are done."""
    height = plane.image.size_hw[0]
    if strips.rows == height:
        return

    def go_on() -> None:
        if not goes_on(strips.rows):
            of = f" of {plane.name}" if plane.name else ""
            raise Interrupted(
                f"{plane.image.path}: stopped with {strips.rows} of {height} rows{of} done. "
                "Run the same command again to go on."
            )

    if not has_stream(predictor.task):
        go_on()
        strips.add(found_whole(predictor, plane))
        return
    stream = stream_of(predictor.task, plane.image.size_hw, strips.carry)
    if strips.scale is None:
        scale = plane.scale(predictor.plan.normalization)
        strips.keep_scale([part.tolist() for part in (scale.offset, scale.factor, scale.fill)])
    assert strips.scale is not None
    scale = ImageScale(*(np.array(part, np.float32) for part in strips.scale))

    def pixels_of(tile: Tile) -> Float32[np.ndarray, "c h w"]:
        go_on()
        return scale.apply(plane.pixels(tile.box_xyxy))

    start = first_row(predictor.task, strips.carry)
    said = predictor.said_of_tiles(plane.image.size_hw, pixels_of, first_row=start)
    for top, maps in blend(said, plane.image.size_hw, first_row=start):
        bottom = top + maps.shape[1]
        cuts = [top, *range(top - top % ROWS + ROWS, bottom, ROWS), bottom]  # at the same rows wherever work is taken up
        for first, last in pairwise(cuts):
            for found in stream.add(maps[:, first - top : last - top]):
                strips.add(found)
        del maps  # before the next row of tiles is predicted


def _key(predictor: Predictor, image: Path, plane: str) -> dict[str, Any]:
    """What strips depend on: image, plane, weights, thresholds, and how tiles are cut and computed."""
    status = image.stat()
    choice = predictor.choice
    return {
        "image": [str(image.absolute()), status.st_size, status.st_mtime_ns], "plane": plane,
        "weights": predictor.digest, "settled": predictor.settled,
        "runtime": choice.runtime, "tile": list(choice.tile_hw), "batch": choice.batch,
    }  # fmt: skip
