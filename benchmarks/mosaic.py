"""One large image of thousands of nuclei: predicted, stitched, written and scored by the commands, with the memory they take.

The mosaic is laid from parts of the fluorescence images of `dsb2018_nuclei`, each turned and mirrored by chance; its true
objects are known, and those that a seam cuts are cut in the truth too.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from experiments import MASKWRIGHT, MOSAIC, ROOT
from jaxtyping import Int32, UInt8
from skimage.segmentation import relabel_sequential

from maskwright.base.files import read_json, write_json
from maskwright.data.sample import Sample
from maskwright.engine.reading import Reading
from maskwright.formats import write_instances
from maskwright.formats.png import write_picture
from maskwright.masks.convert import instances_from_labels, instances_to_labels, to_instances

SIDE, CELL = 4096, 256
NUCLEI = 5000
OUT = ROOT / "runs" / "mosaic"


def main() -> None:
    """Lay the mosaic, predict it with a run, score it, and keep seconds, memory and scores."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("run", type=Path, help="run that was trained on the nuclei")
    arguments.add_argument("data", type=Path, help="folder of the data sets")
    chosen = arguments.parse_args()
    nuclei = lay(chosen.data / "dsb2018_nuclei")
    predicted = OUT / "predicted"
    seconds, predict_gb = measured("predict", chosen.run, OUT / "images", "--out", predicted, "--format", "tiff", "--overwrite")
    score_seconds, score_gb = measured(
        "evaluate", "--ground-truth", OUT / "masks", "--prediction", predicted, "--json", OUT / "scores.json"
    )
    write_json(MOSAIC, {
        "side": SIDE, "nuclei": nuclei, "predict_seconds": seconds, "predict_gb": predict_gb,
        "seconds_per_megapixel": seconds / (SIDE * SIDE / 1e6), "score_seconds": score_seconds, "score_gb": score_gb,
        "scores": read_json(OUT / "scores.json")["rows"],
    })  # fmt: skip
    sys.stdout.write(
        f"{nuclei} nuclei: predicted in {seconds:.0f} s and {predict_gb:.2f} GB, "
        f"scored in {score_seconds:.0f} s and {score_gb:.2f} GB\n"
    )


def lay(data: Path) -> int:
    """Write the mosaic and its true objects, cells in random order until there are enough nuclei; how many there are."""
    found = Reading(path=data).read(None)
    types = read_json(data / "metadata.json")
    numbers = [i for i, record in enumerate(found.records) if types[record.image.stem]["type"] == "fluorescence"]
    rng = np.random.default_rng(0)
    image, labels, count = np.zeros((SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), np.int32), 0
    corners = [(y, x) for y in range(0, SIDE, CELL) for x in range(0, SIDE, CELL)]
    for y, x in rng.permutation(corners).tolist():
        if count >= NUCLEI:
            break
        pixels, objects = cell(found[int(rng.choice(numbers))], rng)
        image[y : y + CELL, x : x + CELL] = pixels
        labels[y : y + CELL, x : x + CELL] = np.where(objects > 0, objects + count, 0)
        count += int(objects.max())
    write_picture(OUT / "images" / "mosaic.png", np.repeat(image[..., None], 3, axis=2))
    write_instances(OUT / "masks" / "mosaic.tif", instances_from_labels(labels, found.classes))
    return count


def cell(sample: Sample, rng: np.random.Generator) -> tuple[UInt8[np.ndarray, "h w"], Int32[np.ndarray, "h w"]]:
    """A part of an image, evenly exposed, and the numbers of its objects, turned and mirrored by chance."""
    assert sample.segmentation is not None  # every image of the set has a mask
    labels = instances_to_labels(to_instances(sample.segmentation))
    y, x = (int(rng.integers(side - CELL + 1)) for side in labels.shape)
    here = slice(y, y + CELL), slice(x, x + CELL)
    turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    objects = relabel_sequential(labels[here])[0].astype(np.int32)
    gray = sample.image[..., 0].astype(np.float32)
    low, high = np.percentile(gray, (0.5, 99.5))  # as one exposure would show them all
    exposed = np.clip((gray[here] - low) / max(high - low, 1) * 255, 0, 255).astype(np.uint8)
    pixels, objects = np.rot90(exposed, turns), np.rot90(objects, turns)
    return (pixels[:, ::-1], objects[:, ::-1]) if mirrored else (pixels, objects)


def measured(*arguments: str | Path) -> tuple[float, float]:
    """Seconds and the most memory, in GB, that a command takes."""
    began = time.perf_counter()
    process = subprocess.Popen([*MASKWRIGHT, *map(str, arguments)])
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"maskwright {arguments[0]} failed.")
    return time.perf_counter() - began, usage.ru_maxrss / 2**20


if __name__ == "__main__":
    main()
