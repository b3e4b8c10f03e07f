"""Speed of scores and measures against pycocotools, panopticapi's algorithm and scikit-image, whose numbers must be the same.

1,000 images, and one of 4096 x 4096 pixels with 5,000 objects, all drawn. Both sides start from what each holds in memory: run
lengths there, cropped masks here, or the same maps of ids. Processor seconds, in turns. Exits with 1 where a number differs.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import scored_objects
import scored_segments
from jaxtyping import Int32
from pairs import keep, pair, take_turns, timed, told
from pycocotools import mask as coco_mask
from skimage.measure import label, regionprops_table
from skimage.metrics import contingency_table

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.measure import measure
from maskwright.masks.overlap import class_table, map_overlaps, object_overlaps
from maskwright.masks.regions import components

IMAGES, AT_ONCE = 1000, 100  # street images that are in memory at once
PROPERTIES = (
    "label", "area", "perimeter", "centroid", "bbox", "axis_major_length", "axis_minor_length", "equivalent_diameter_area",
    "eccentricity", "orientation", "solidity", "intensity_mean", "intensity_min", "intensity_max",
)  # fmt: skip
ALIKE = {"area": "area", "perimeter": "perimeter", "solidity": "solidity", "intensity_mean": "mean_c1"}  # as both call it
CELLS = Classes.named("background", "cell")
EXACT = 1e-9  # a difference below it is rounding


class Remembered:
    """A function whose last result is kept, to be compared."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function, self.result = function, None

    def __call__(self) -> None:
        self.result = self.function()


def compared(
    what: str,
    theirs: str,
    other: Callable[[], Any],
    own: Callable[[], Any],
    turns: int,
    difference: Callable[[Any, Any], float],
) -> dict[str, Any]:
    """The row of two functions, and how far their results lie apart."""
    ways = Remembered(other), Remembered(own)
    clocks = {name: timed(way, time.process_time) for name, way in zip(("other", "own"), ways, strict=True)}
    seconds = take_turns(clocks, turns, warm=0)
    return pair(what, theirs, *seconds.values()) | {"difference": difference(ways[0].result, ways[1].result)}


def rows(images: int, turns: int) -> Iterator[dict[str, Any]]:
    """All rows, each when it was measured."""
    yield from precision(images)
    yield quality(images)
    ((truth, prediction),) = scored_segments.pairs_of(scored_segments.MOSAIC, 1)
    pairs = [(truth, prediction)]
    yield compared(
        f"panoptic quality, {scored_segments.MOSAIC.name}", "panopticapi's algorithm",
        lambda: scored_segments.panopticapi_quality(pairs), lambda: scored_segments.own_quality(pairs), turns, farthest,
    )  # fmt: skip
    yield from tables(truth.segment_ids, prediction.segment_ids, turns)
    yield from measures(truth.segment_ids, turns)


def precision(images: int) -> Iterator[dict[str, Any]]:
    """COCO's twelve numbers, once, for pycocotools takes a while."""
    for scene in scored_objects.SCENES:
        rng = np.random.default_rng(1)
        classes = Classes.named("background", *(f"class {i}" for i in range(1, scene.classes + 1)))
        pairs = [scored_objects.image_of(rng, scene, classes) for _ in range(images)]
        truth, prediction = (scored_objects.coco_of(side) for side in zip(*pairs, strict=True))
        yield compared(
            f"average precision, {images:,} images, {scene.name}", "pycocotools",
            lambda a=truth, b=prediction: scored_objects.pycocotools_numbers(a, b),
            lambda pairs=pairs: scored_objects.own_numbers(pairs), 1, farthest,
        )  # fmt: skip


def quality(images: int) -> dict[str, Any]:
    """Panoptic quality of many images; a turn is some of them, for all do not fit into memory."""
    seconds: dict[str, list[float]] = {"other": [], "own": []}
    apart = 0.0
    for some in in_parts(scored_segments.pairs_of(scored_segments.STREET, images)):
        ways = {
            "other": Remembered(lambda some=some: scored_segments.panopticapi_quality(some)),
            "own": Remembered(lambda some=some: scored_segments.own_quality(some)),
        }
        took = take_turns({name: timed(way, time.process_time) for name, way in ways.items()}, 1, warm=0)
        for name in seconds:
            seconds[name] += took[name]
        apart = max(apart, farthest(ways["other"].result, ways["own"].result))
    what = f"panoptic quality, {images:,} images, {scored_segments.STREET.name}"
    row = pair(what, "panopticapi's algorithm", seconds["other"], seconds["own"])
    return row | {"other": sum(seconds["other"]), "own": sum(seconds["own"]), "difference": apart}


def in_parts(pairs: Iterable[Any]) -> Iterator[list[Any]]:
    part: list[Any] = []
    for one in pairs:
        part.append(one)
        if len(part) == AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def tables(truth: Int32[np.ndarray, "h w"], prediction: Int32[np.ndarray, "h w"], turns: int) -> Iterator[dict[str, Any]]:
    """Pixels that classes and objects share."""
    size = f"{truth.shape[1]} x {truth.shape[0]} pixels"
    count = len(scored_segments.CLASSES)
    classes = [(ids % count).astype(np.uint16) for ids in (truth, prediction)]
    yield compared(
        f"pixels that {count} classes share, {size}", "scikit-image", lambda: contingency_table(*classes),
        lambda: class_table(*classes, count), turns, lambda a, b: farthest(a.toarray(), b[:, :count]),
    )  # fmt: skip
    yield compared(
        f"pixels that {truth.max():,} objects share with {prediction.max():,}, {size}", "scikit-image",
        lambda: contingency_table(truth, prediction), lambda: map_overlaps(truth, prediction)[2], turns,
        lambda a, b: farthest(np.sort(a.data[a.data > 0]), np.sort(b.pixels)),
    )  # fmt: skip
    objects = [instances_from_labels(ids, CELLS).regions for ids in (truth, prediction)]
    runs = [[scored_objects.coco_rle(region, truth.shape) for region in regions] for regions in objects]
    no_crowds = [0] * len(runs[1])
    yield compared(
        f"IoU of {len(runs[0]):,} masks with {len(runs[1]):,}, {size}", "pycocotools",
        lambda: coco_mask.iou(runs[0], runs[1], no_crowds), lambda: object_overlaps(*objects), turns,
        lambda a, b: farthest(np.sort(a[a > 0]), np.sort(b.iou)),
    )  # fmt: skip


def measures(ids: Int32[np.ndarray, "h w"], turns: int) -> Iterator[dict[str, Any]]:
    """Connected parts, and what each object measures."""
    size = f"{ids.shape[1]} x {ids.shape[0]} pixels"
    alone = np.where(ids > scored_segments.MOSAIC.bands, ids, 0)  # things
    foreground = alone % 2 == 1
    yield compared(
        f"connected parts, {size}", "scikit-image", lambda: label(foreground, connectivity=2),
        lambda: components(foreground)[0], turns, farthest,
    )  # fmt: skip
    part = np.ascontiguousarray(alone[: len(alone) // 2])
    image = np.random.default_rng(0).integers(0, 4096, part.shape).astype(np.uint16)
    yield compared(
        f"size, shape and intensities of {len(np.unique(part)) - 1:,} objects, {part.shape[1]} x {part.shape[0]} pixels",
        "scikit-image", lambda: regionprops_table(part, image, properties=PROPERTIES),
        lambda: measure(instances_from_labels(part, CELLS), image[..., None]), turns,
        lambda a, b: max(farthest(a[name], [row[own] for row in b]) for name, own in ALIKE.items()),
    )  # fmt: skip


def farthest(a: Any, b: Any) -> float:
    """The largest difference of numbers in the same order; infinite where there are more on one side."""
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape:
        return float("inf")
    return float(np.nanmax(np.abs(first - second), initial=0.0))


def main() -> int:
    """Measure each, say what was seen, and keep it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--images", type=int, default=IMAGES)
    arguments.add_argument("--turns", type=int, default=3)
    chosen = arguments.parse_args()
    found = []
    for row in rows(chosen.images, chosen.turns):
        sys.stdout.write(f"{told(row)}; largest difference {row['difference']:.0e}\n")
        sys.stdout.flush()
        found.append(row)
    keep("scores", {"rows": found})
    return int(any(not row["difference"] < EXACT for row in found))


if __name__ == "__main__":
    raise SystemExit(main())
