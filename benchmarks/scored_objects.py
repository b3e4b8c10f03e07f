"""COCO's average precision on drawn objects, by pycocotools and by maskwright, from objects that each holds in its own form."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.rle import counts_of, to_text
from maskwright.masks.types import Instances
from maskwright.metrics.average_precision import RankedDetections, average_precision, average_recall
from maskwright.metrics.counted_objects import counted_objects
from maskwright.metrics.detections import SIZES, detections_of

SIZE_HW = (480, 640)


@dataclass(frozen=True)
class Scene:
    """What the images of a data set hold: classes, true objects and predictions of an image, and radii in pixels."""

    name: str
    classes: int
    truths: int
    predictions: int
    radii: tuple[int, int]


SCENES = (
    Scene("80 classes, 7 objects and 50 predictions an image", 80, 7, 50, (8, 120)),
    Scene("1 class, 60 objects and 70 predictions an image", 1, 60, 70, (8, 20)),
)


def disc(rng: np.random.Generator, radii: tuple[int, int]) -> Region:
    """An ellipse somewhere on the image."""
    ry, rx = rng.integers(*radii, 2)
    y0, x0 = rng.integers(0, SIZE_HW[0] - 10), rng.integers(0, SIZE_HW[1] - 10)
    y1, x1 = min(y0 + 2 * ry, SIZE_HW[0]), min(x0 + 2 * rx, SIZE_HW[1])
    y, x = np.ogrid[y0:y1, x0:x1]
    return Region((int(x0), int(y0), int(x1), int(y1)), ((y - y0 - ry) / ry) ** 2 + ((x - x0 - rx) / rx) ** 2 < 1)


def moved(rng: np.random.Generator, region: Region) -> Region:
    """Nearly the same object: a few pixels aside, inside the image."""
    x0, y0, x1, y1 = region.box_xyxy
    dy, dx = (int(min(max(step, -start), size - end)) for step, start, end, size in
              zip(rng.integers(-4, 5, 2), (y0, x0), (y1, x1), SIZE_HW, strict=True))  # fmt: skip
    return Region((x0 + dx, y0 + dy, x1 + dx, y1 + dy), region.pixels)


def image_of(rng: np.random.Generator, scene: Scene, classes: Classes) -> tuple[Instances, Instances]:
    """Ground truth with a crowd here and there, and predictions of which half follow a true object."""
    truths = [disc(rng, scene.radii) for _ in range(rng.poisson(scene.truths))]
    of = rng.integers(1, scene.classes + 1, len(truths))
    found, found_of = [], []
    for _ in range(rng.poisson(scene.predictions)):
        near = rng.integers(len(truths)) if truths and rng.random() < 0.5 else None
        found.append(disc(rng, scene.radii) if near is None else moved(rng, truths[near]))
        found_of.append(rng.integers(1, scene.classes + 1) if near is None else of[near])
    crowds, alone = rng.random(len(truths)) < 0.02, np.zeros(len(found), bool)
    return (
        Instances(SIZE_HW, tuple(truths), of.astype(np.int64), np.ones(len(truths)), crowds, classes),
        Instances(SIZE_HW, tuple(found), np.array(found_of, np.int64), rng.random(len(found)), alone, classes),
    )


def coco_rle(region: Region, size_hw: tuple[int, int]) -> dict[str, Any]:
    """A mask as pycocotools holds it."""
    return {"size": list(size_hw), "counts": to_text(counts_of(region, size_hw))}


def coco_of(images: Sequence[Instances]) -> COCO:
    """The objects as pycocotools holds them."""
    annotations = []
    for number, objects in enumerate(images, 1):
        for place, region in enumerate(objects.regions):
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": int(objects.class_ids[place]),
                "iscrowd": int(objects.is_crowd[place]), "area": region.area, "score": float(objects.scores[place]),
                "segmentation": coco_rle(region, SIZE_HW),
            })  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        made = COCO()
    made.dataset = {
        "images": [{"id": i, "height": SIZE_HW[0], "width": SIZE_HW[1]} for i in range(1, len(images) + 1)],
        "annotations": annotations,
        "categories": [{"id": i, "name": str(i)} for i in range(1, len(images[0].classes))],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        made.createIndex()
    return made


def pycocotools_numbers(truth: COCO, prediction: COCO) -> np.ndarray:
    """pycocotools' summary."""
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, prediction, "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return np.asarray(evaluation.stats)


def own_numbers(pairs: Sequence[tuple[Instances, Instances]]) -> np.ndarray:
    """The same numbers."""
    ranked = RankedDetections.of([detections_of(counted_objects(*pair)) for pair in pairs])
    once = np.ones((1, len(pairs)))
    whole = average_precision(ranked, once)
    values = [whole, whole[..., 0], whole[..., 5]]
    values += [average_precision(ranked, once, size=size) for size in list(SIZES)[1:]]
    values += [average_recall(ranked, once, most=most) for most in (1, 10, 100)]
    values += [average_recall(ranked, once, size=size) for size in list(SIZES)[1:]]
    return np.array([-1 if np.isnan(value).all() else np.nanmean(value) for value in values])
