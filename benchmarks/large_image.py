"""One image of 20,000 x 20,000 pixels: predicted by the command, killed halfway, taken up again; seconds, memory, the objects.

The image is the one that comes with the package, repeated; its true objects come with the package too. The file that comes of
the run that was killed is compared with that of a run that was not, and its objects with the true ones, copy by copy, beside
those that the run finds in one copy alone. Objects that the rim of a copy cuts are left out.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from experiments import LARGE, MASKWRIGHT, ROOT
from jaxtyping import Int32, Num
from results_page import write_page
from skimage.measure import label

from maskwright.base.files import read_json, sha256, write_json
from maskwright.base.journal import Journal
from maskwright.engine.environment import processor
from maskwright.formats import read_mask
from maskwright.formats.images import read_image
from maskwright.formats.large_image import LARGE_PIXELS, open_large
from maskwright.masks.overlap import map_overlaps

TILE = 512
OUT = ROOT / "runs" / "large"
DEMO = ROOT / "src" / "maskwright" / "demo_data"


def main() -> None:
    """Make the image, predict it twice, once with a kill, check what was found, and keep what it took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("run", type=Path, help="run that finds nuclei in images of one or three channels")
    arguments.add_argument("--side", type=int, default=20_000, help="width, and height where no other is said")
    arguments.add_argument("--height", type=int, help="where the whole would take too long: memory follows the width")
    arguments.add_argument("--runtime", default="auto")
    arguments.add_argument("--precision", default="auto")
    chosen = arguments.parse_args()
    size_hw = (chosen.height or chosen.side, chosen.side)
    if size_hw[0] * size_hw[1] <= LARGE_PIXELS:
        sys.exit(f"Such an image is read whole; above {LARGE_PIXELS} pixels it is read part by part.")
    image = OUT / f"mosaic-{size_hw[0]}x{size_hw[1]}.tif"
    copy = read_image(next((DEMO / "images").glob("*.png")))
    if not image.exists():
        lay(image, copy, size_hw)
    how = ["--to", "labels", "--format", "tiff", "--runtime", chosen.runtime, "--precision", chosen.precision]
    command = [*MASKWRIGHT, "predict", str(chosen.run), *how]
    alone, _, _ = predicted([*command, str(next((DEMO / "images").glob("*.png")))], OUT / "alone")
    whole, seconds, peak_gb = predicted([*command, str(image)], OUT / "whole")
    parts, seconds_after, peak_after_gb = predicted([*command, str(image)], OUT / "parts", kill_at=size_hw[0] // 2)
    (entry,) = (entry for entry in Journal(OUT / "whole" / "predictions.jsonl").read()[-1:] if "pixels" in entry)
    megapixels = size_hw[0] * size_hw[1] / 1e6
    write_json(LARGE, {
        "size_hw": size_hw, "seconds": seconds, "seconds_per_megapixel": seconds / megapixels, "peak_gb": peak_gb,
        "seconds_after_kill": seconds_after, "peak_after_kill_gb": peak_after_gb, "pixels_counted": entry["pixels"],
        "same_file_after_kill": sha256(whole) == sha256(parts), "file_mb": whole.stat().st_size / 2**20,
        "objects": checked(whole), "objects_of_one_copy": checked(alone),
        "processor": processor(), "threads": int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)),
    })  # fmt: skip
    sys.stdout.write("\n".join(f"{name}: {value}" for name, value in read_json(LARGE).items()) + "\n")
    write_page()


def lay(path: Path, image: Num[np.ndarray, "h w c"], size_hw: tuple[int, int]) -> None:
    """Write the image side by side as a tiled TIFF, without ever holding all of it."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def tiles() -> Iterator[Num[np.ndarray, "h w c"]]:
        for top in range(0, size_hw[0], TILE):
            for left in range(0, size_hw[1], TILE):
                rows = np.arange(top, min(top + TILE, size_hw[0])) % image.shape[0]
                columns = np.arange(left, min(left + TILE, size_hw[1])) % image.shape[1]
                tile = image[np.ix_(rows, columns)]
                yield tile if image.shape[2] > 1 else tile[..., 0]

    shape = (*size_hw, image.shape[2]) if image.shape[2] > 1 else size_hw
    tifffile.imwrite(
        path, tiles(), shape=shape, dtype=image.dtype, tile=(TILE, TILE), compression="zlib",
        photometric="rgb" if image.shape[2] == 3 else "minisblack",
    )  # fmt: skip


def predicted(command: list[str], out: Path, kill_at: int | None = None) -> tuple[Path, float, float]:
    """The file, seconds and memory of the run that made it; before it one that is killed when so many rows are done, if any."""
    subprocess.run(["rm", "-rf", str(out)], check=True)
    if kill_at is not None:
        process = subprocess.Popen([*command, "--out", str(out)])
        while rows_done(out) < kill_at:
            if process.poll() is not None:
                sys.exit("maskwright predict ended before it was killed.")
            time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
    began = time.perf_counter()
    process = subprocess.Popen([*command, "--out", str(out)])
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit("maskwright predict failed.")
    (made,) = out.glob("*.tif")
    return made, time.perf_counter() - began, usage.ru_maxrss / 2**20


def rows_done(out: Path) -> int:
    """Rows of the image that are on the disk."""
    return sum(entry.get("rows", 0) for path in out.glob(".strips/*/strips.jsonl") for entry in Journal(path).read())


def checked(path: Path) -> dict[str, Any]:
    """What was found in all whole copies of the image: hits of the true objects that no rim cuts, and numbers that are wrong.

    scattered: numbers in copies that do not touch. in_pieces: objects within a copy that do not hang together.
    """
    truth = read_mask(next((DEMO / "masks").glob("*.png"))).values.astype(np.int32)
    high, wide = truth.shape
    labels = open_large(path)
    true, found, hits, in_pieces, copies = 0, 0, 0, 0, 0
    seen: dict[int, list[int]] = {}
    for i, j in np.ndindex(labels.size_hw[0] // high, labels.size_hw[1] // wide):
        here = labels.read((j * wide, i * high, (j + 1) * wide, (i + 1) * high))[..., 0].astype(np.int32)
        for number in np.unique(here[here > 0]).tolist():
            place = seen.setdefault(number, [i, i, j, j])
            place[:] = min(place[0], i), max(place[1], i), min(place[2], j), max(place[3], j)
        expected, objects = inside(truth), inside(here)
        hits += hits_of(expected, here)
        true, found, copies = true + len(numbers(expected)), found + len(numbers(objects)), copies + 1
        in_pieces += int(label(objects, connectivity=2).max()) - len(numbers(objects))
    labels.close()
    scattered = sum(bottom - top > 1 or right - left > 1 for top, bottom, left, right in seen.values())
    return {
        "copies": copies, "objects": len(seen), "true_inside": true, "found_inside": found, "hits": hits,
        "scattered": scattered, "in_pieces": in_pieces,
    }  # fmt: skip


def numbers(labels: Int32[np.ndarray, "h w"]) -> list[int]:
    found: list[int] = np.unique(labels[labels > 0]).tolist()
    return found


def inside(labels: Int32[np.ndarray, "h w"]) -> Int32[np.ndarray, "h w"]:
    """The objects that do not reach the rim."""
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return np.where(np.isin(labels, rim[rim > 0]), 0, labels)


def hits_of(truth: Int32[np.ndarray, "h w"], found: Int32[np.ndarray, "h w"]) -> int:
    """True objects of which a found one covers more than half, by intersection over union."""
    true, predicted, overlaps = map_overlaps(truth, found)
    return int(((overlaps.iou > 0.5) & (true[overlaps.true] > 0) & (predicted[overlaps.predicted] > 0)).sum())


if __name__ == "__main__":
    main()
