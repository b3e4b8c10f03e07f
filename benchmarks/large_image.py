"""One image of 20,000 x 20,000 pixels: predicted by the command, killed halfway, taken up again; seconds, memory, the count.

The image is the one that comes with the package, repeated. The file that comes of the run that was killed is compared with that
of a run that was not.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from jaxtyping import Num
from results import MASKWRIGHT, ROOT

from maskwright.base.files import read_json, sha256, write_json
from maskwright.base.journal import Journal
from maskwright.formats.images import read_image

TILE = 512
OUT = ROOT / "runs" / "large"
RESULT = Path(__file__).with_name("large_image.json")


def main() -> None:
    """Make the image, predict it twice, once with a kill, and keep what it took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("run", type=Path, help="run that takes images of one or three channels")
    arguments.add_argument("--side", type=int, default=20_000)
    arguments.add_argument("--runtime", default="auto")
    chosen = arguments.parse_args()
    image = OUT / f"mosaic-{chosen.side}.tif"
    if not image.exists():
        lay(image, chosen.side)
    command = [*MASKWRIGHT, "predict", str(chosen.run), str(image), "--to", "labels", "--runtime", chosen.runtime, "--out"]
    whole, seconds, peak_gb = predicted(command, OUT / "whole")
    parts, seconds_after, peak_after_gb = predicted(command, OUT / "parts", kill_after=seconds / 2)
    (entry,) = (entry for entry in Journal(OUT / "whole" / "predictions.jsonl").read()[-1:] if "pixels" in entry)
    megapixels = chosen.side**2 / 1e6
    write_json(RESULT, {
        "side": chosen.side, "seconds": seconds, "seconds_per_megapixel": seconds / megapixels, "peak_gb": peak_gb,
        "seconds_after_kill": seconds_after, "peak_after_kill_gb": peak_after_gb, "pixels_counted": entry["pixels"],
        "same_file_after_kill": sha256(whole) == sha256(parts), "file_mb": whole.stat().st_size / 2**20,
    })  # fmt: skip
    sys.stdout.write("\n".join(f"{name}: {value}" for name, value in read_json(RESULT).items()) + "\n")


def lay(path: Path, side: int) -> None:
    """Write the demonstration image side by side as a tiled TIFF, without ever holding all of it."""
    image = read_image(next((ROOT / "src" / "maskwright" / "demo_data" / "images").glob("*.png")))
    path.parent.mkdir(parents=True, exist_ok=True)

    def tiles() -> Iterator[Num[np.ndarray, "h w c"]]:
        for top in range(0, side, TILE):
            for left in range(0, side, TILE):
                rows = np.arange(top, min(top + TILE, side)) % image.shape[0]
                columns = np.arange(left, min(left + TILE, side)) % image.shape[1]
                tile = image[np.ix_(rows, columns)]
                yield tile if image.shape[2] > 1 else tile[..., 0]

    shape = (side, side, image.shape[2]) if image.shape[2] > 1 else (side, side)
    tifffile.imwrite(
        path, tiles(), shape=shape, dtype=image.dtype, tile=(TILE, TILE), compression="zlib",
        photometric="rgb" if image.shape[2] == 3 else "minisblack",
    )  # fmt: skip


def predicted(command: list[str], out: Path, kill_after: float | None = None) -> tuple[Path, float, float]:
    """The file, seconds and memory of the run that made it; before it one that is killed after so many seconds, if any."""
    subprocess.run(["rm", "-rf", str(out)], check=True)
    if kill_after is not None:
        process = subprocess.Popen([*command, str(out)])
        time.sleep(kill_after)
        process.send_signal(signal.SIGKILL)
        process.wait()
    began = time.perf_counter()
    process = subprocess.Popen([*command, str(out)])
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit("maskwright predict failed.")
    (made,) = out.glob("*.tif")
    return made, time.perf_counter() - began, usage.ru_maxrss / 2**20


if __name__ == "__main__":
    main()
