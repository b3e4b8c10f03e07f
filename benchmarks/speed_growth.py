"""How seconds grow with the pixels of an image, with the objects on it, and with the processes that predict.

Each beside what a person would have otherwise: plain eager float32 PyTorch for pixels, scikit-image where objects are found in
maps, pycocotools where masks are compared, one process where several predict.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from experiments import MASKWRIGHT
from jaxtyping import Int32
from networks import NETWORKS, nuclei, plan_of
from pairs import Way, apart, keep, pair, take_turns, timed, told
from pycocotools import mask as coco_mask
from scipy import ndimage
from scored_objects import coco_rle
from skimage.measure import label, regionprops
from skimage.segmentation import watershed
from speed_prediction import lay

from maskwright.base.openvino import installed
from maskwright.engine.predict import Predictor
from maskwright.engine.train import train
from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.object_maps import (
    CLASS,
    DEPTH,
    DEPTH_STEPS,
    OUTLINE,
    SMOOTH_PX,
    Finding,
    ObjectMaps,
    find_objects,
    instances_of,
    to_maps,
)
from maskwright.masks.overlap import object_overlaps
from maskwright.metrics.matching import match
from maskwright.plan.plan import Plan
from maskwright.tasks import task_of

SIDES = (256, 512, 1024, 2048)  # of square images
OBJECTS, OBJECTS_ON, RADIUS = (64, 256, 1024, 4096), 2048, 8  # on an image of that side; discs, two and two touching
SHARED = 24  # images that processes share
CELLS = Classes.named("background", "cell")
FINDING = Finding()
CPU = time.process_time  # of what works on one core


def mirrored(side: int) -> np.ndarray:
    """The demo's image, repeated and mirrored until it has this size."""
    image = nuclei()[0].image
    again = -(-side // image.shape[0])
    around = [(0, (again - 1) * length) for length in image.shape[:2]]
    return np.pad(image, (*around, (0, 0)), mode="symmetric")[:side, :side]


def plain(value: dict[str, Any], side: int) -> Way:
    """An image in one forward pass in float32, and the largest logit of every pixel."""
    plan, image = Plan.from_json(value), mirrored(side)
    network = task_of(plan).network().eval()

    @torch.no_grad()
    def predict() -> None:
        network(torch.from_numpy(plan.normalization.apply(image))[None]).argmax(dim=1)[0].numpy()

    return timed(predict)


def ours(value: dict[str, Any], side: int) -> Way:
    """The same image by a `Predictor`, in tiles, blended."""
    plan, image = Plan.from_json(value), mirrored(side)
    runtime = "openvino" if installed() else "torch"
    predictor = Predictor(plan, task_of(plan).network(), device=torch.device("cpu"), runtime=runtime)
    return timed(lambda: predictor(image))


def by_pixels(turns: int) -> list[dict[str, Any]]:
    plan = plan_of(NETWORKS[0], steps="1")
    rows = []
    for side in SIDES:
        with apart(plain, plan.to_json(), side) as other, apart(ours, plan.to_json(), side) as own:
            seconds = take_turns({"plain": other, "ours": own}, turns)
        row = pair(f"{NETWORKS[0].title}, {side} x {side} pixels", "torch float32", *seconds.values())
        rows.append(row | {"size": side * side / 1e6})
    return rows


def discs(count: int) -> Int32[np.ndarray, "h w"]:
    """So many discs spread over the image, two and two touching."""
    labels = np.zeros((OBJECTS_ON, OBJECTS_ON), np.int32)
    across = round((count // 2) ** 0.5) or 1
    cell = OBJECTS_ON // (across + 1)
    y, x = np.ogrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    disc = y * y + x * x <= RADIUS * RADIUS
    for number in range(count):
        row, column = divmod(number // 2, across)
        top, left = cell // 2 + row * cell, cell // 2 + column * cell + (number % 2) * 2 * RADIUS
        labels[top : top + disc.shape[0], left : left + disc.shape[1]][disc] = number + 1
    return labels


def by_objects(turns: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Objects found in maps, and masks compared."""
    found, matched = [], []
    for count in OBJECTS:
        labels = discs(count)
        truth, moved = (instances_from_labels(np.roll(labels, step, (0, 1)), CELLS).regions for step in (0, 2))
        layers = to_maps(instances_from_labels(labels, CELLS))
        inside = (layers[CLASS] > 0).astype(np.float32)
        drawn = (
            np.stack([1 - inside, inside]),
            layers[OUTLINE].astype(np.float32),
            layers[DEPTH].astype(np.float32) / DEPTH_STEPS,
        )
        ways = {"scikit-image": timed(lambda drawn=drawn: by_scikit_image(*drawn), CPU),
                "ours": timed(lambda drawn=drawn: of_maps(ObjectMaps(*drawn)), CPU)}  # fmt: skip
        row = pair(f"{count:,} objects found in maps", "scikit-image", *take_turns(ways, turns).values())
        found.append(row | {"size": count})
        runs = [[coco_rle(region, labels.shape) for region in regions] for regions in (truth, moved)]
        ways = {
            "pycocotools": timed(lambda runs=runs: coco_mask.iou(*runs, [0] * len(runs[1])), CPU),
            "ours": timed(lambda a=truth, b=moved: match(object_overlaps(a, b)), CPU),
        }
        row = pair(f"{count:,} masks compared with as many", "pycocotools", *take_turns(ways, turns).values())
        matched.append(row | {"size": count})
    return found, matched


def of_maps(maps: ObjectMaps) -> None:
    instances_of(find_objects(maps, FINDING), maps, CELLS)


def by_scikit_image(classes: np.ndarray, outline: np.ndarray, depth: np.ndarray) -> None:
    """Seeds, a watershed from them over all of the foreground, and the objects' boxes, masks and mean probabilities."""
    middles = ndimage.gaussian_filter(depth * (1 - outline), SMOOTH_PX, mode="nearest", truncate=3)
    foreground = classes[1] >= FINDING.foreground
    seeds = label(foreground & (middles >= FINDING.seed), connectivity=1)
    labels = watershed(-middles, seeds, mask=foreground)
    for each in regionprops(labels, classes[1]):
        _ = each.bbox, each.image, each.intensity_mean


def by_workers(turns: int) -> list[dict[str, Any]]:
    """Seconds of `maskwright predict --workers N` over the same images, start and all, beside one process."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run = train(plan_of(NETWORKS[0], steps="2"), nuclei().for_task("semantic"), out=folder / "run").folder
        lay(folder / "images", SHARED)
        out = (folder / f"out{number}" for number in itertools.count())

        def command(workers: int) -> Way:
            words = ["predict", run, folder / "images", "--workers", workers, "--out"]
            return timed(
                lambda: subprocess.run([*MASKWRIGHT, *map(str, words), str(next(out))], check=True, capture_output=True)
            )

        counts = sorted({1, 2, os.cpu_count() or 1})
        seconds = take_turns({str(workers): command(workers) for workers in counts}, turns)
    return [
        pair(f"{workers} workers", "one process", seconds["1"], seconds[str(workers)], count=SHARED, unit="images/s")
        | {"size": workers}
        for workers in counts
    ]  # fmt: skip


def main() -> None:
    """Measure all, and say what was seen."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--turns", type=int, default=2)
    turns = arguments.parse_args().turns
    found, matched = by_objects(turns)
    pixels = by_pixels(turns)
    workers = by_workers(turns)
    for row in [*pixels, *found, *matched, *workers]:
        sys.stdout.write(told(row) + "\n")
    keep("growth", {
        "pixels": pixels, "found": found, "matched": matched, "workers": workers, "shared": SHARED, "side": OBJECTS_ON,
    })  # fmt: skip


if __name__ == "__main__":
    main()
