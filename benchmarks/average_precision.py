"""Speed of COCO's average precision against pycocotools on the same images, in one run; the numbers are compared, too.

Each side starts from objects in its own form, ready in memory: run lengths there, cropped masks here. Both compute the twelve
numbers of COCO's summary. They run in turn; the medians of processor seconds and their ratio are printed. Exits with 1 where a
number differs by more than 1e-9.
"""

import argparse
import contextlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
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
    Scene("street: 80 classes, 7 objects, 50 predictions an image", 80, 7, 50, (8, 120)),
    Scene("cells: 1 class, 60 objects, 70 predictions an image", 1, 60, 70, (8, 20)),
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


def coco_of(images: Sequence[Instances]) -> COCO:
    """The objects as pycocotools holds them."""
    annotations = []
    for number, objects in enumerate(images, 1):
        for place, region in enumerate(objects.regions):
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": int(objects.class_ids[place]),
                "iscrowd": int(objects.is_crowd[place]), "area": region.area, "score": float(objects.scores[place]),
                "segmentation": coco_mask.encode(np.asfortranarray(region.mask(SIZE_HW).astype(np.uint8))),
            })  # fmt: skip
    made = COCO()
    made.dataset = {
        "images": [{"id": i, "height": SIZE_HW[0], "width": SIZE_HW[1]} for i in range(1, len(images) + 1)],
        "annotations": annotations,
        "categories": [{"id": i, "name": str(i)} for i in range(1, len(images[0].classes))],
    }
    made.createIndex()
    return made


def theirs(truth: COCO, prediction: COCO) -> np.ndarray:
    """pycocotools' summary."""
    evaluation = COCOeval(truth, prediction, "segm")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return np.asarray(evaluation.stats)


def ours(pairs: Sequence[tuple[Instances, Instances]]) -> np.ndarray:
    """The same numbers."""
    ranked = RankedDetections.of([detections_of(counted_objects(*pair)) for pair in pairs])
    once = np.ones((1, len(pairs)))
    whole = average_precision(ranked, once)
    values = [whole, whole[..., 0], whole[..., 5]]
    values += [average_precision(ranked, once, size=size) for size in list(SIZES)[1:]]
    values += [average_recall(ranked, once, most=most) for most in (1, 10, 100)]
    values += [average_recall(ranked, once, size=size) for size in list(SIZES)[1:]]
    return np.array([-1 if np.isnan(value).all() else np.nanmean(value) for value in values])


def seconds(call: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    began = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        result = call()
    return time.process_time() - began, result


def main() -> int:
    """Measure each scene; say what was seen."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--images", type=int, default=1000)
    arguments.add_argument("--times", type=int, default=3)
    chosen = arguments.parse_args()
    wrong = False
    for scene in SCENES:
        rng = np.random.default_rng(1)
        classes = Classes.named("background", *(f"class {i}" for i in range(1, scene.classes + 1)))
        pairs = [image_of(rng, scene, classes) for _ in range(chosen.images)]
        with contextlib.redirect_stdout(io.StringIO()):
            truth, prediction = (coco_of(side) for side in zip(*pairs, strict=True))
        runs = [
            (seconds(lambda t=truth, p=prediction: theirs(t, p)), seconds(lambda pairs=pairs: ours(pairs)))
            for _ in range(chosen.times)
        ]
        their_time, our_time = (median(run[side][0] for run in runs) for side in (0, 1))
        difference = float(np.abs(runs[0][0][1] - runs[0][1][1]).max())
        wrong |= not difference < 1e-9
        print(f"{scene.name}; {chosen.images} images, AP {runs[0][1][1][0]:.3f}, largest difference {difference:.0e}")
        print(
            f"  pycocotools {their_time:.2f} s, maskwright {our_time:.2f} s: {their_time / our_time:.1f} times as fast",
            flush=True,
        )
    return int(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
