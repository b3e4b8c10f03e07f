"""Every network on every data set through the commands a person types: train, stop, resume, score, predict.

Only a few steps each; what is checked is that each command ends as it should, not what was learned.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from experiments import DATA, MASKWRIGHT, NETWORKS, ONLY_PLAIN

from maskwright.base.journal import Journal

FEW = ("--budget", "10s", "--set", "steps=4", "--set", "validate_every=4", "--set", "batch=2", "--set", "validation_images=1")
PATIENCE_SECONDS = 600


def main() -> None:
    """One line for each network on each data set; exit code 1 when any failed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path, help="folder of the data sets")
    chosen = arguments.parse_args()
    failed = False
    for data in DATA:
        for name, options in NETWORKS.items():
            if data.name in ONLY_PLAIN:
                continue
            with tempfile.TemporaryDirectory() as folder:
                trouble = walk(chosen.data / data.name, (*data.options, *options), Path(folder))
            failed |= bool(trouble)
            sys.stdout.write(f"{data.name} {name}: {trouble or 'trained, resumed, scored, predicted'}\n")
            sys.stdout.flush()
    sys.exit(int(failed))


def walk(data: Path, options: tuple[str, ...], folder: Path) -> str:
    """What went wrong, or nothing."""
    run = folder / "run"
    process = subprocess.Popen(
        [*MASKWRIGHT, "train", str(data), *options, *FEW, "--out", str(run)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < PATIENCE_SECONDS:
        if any(entry["event"] == "step" for entry in Journal(run / "journal.jsonl").read()):
            os.kill(process.pid, signal.SIGINT)
            break
        time.sleep(0.05)
    error = process.communicate(timeout=PATIENCE_SECONDS)[1].decode()
    if process.returncode not in (0, 130):  # a fast machine may be done before it is stopped
        return f"training ended with {process.returncode}: {error[-300:]}"
    image = next((data / "images").iterdir())
    for command in (
        ("train", "--resume", "--out", run),
        ("evaluate", run),
        ("predict", run, image, "--out", folder / "masks"),
    ):
        done = subprocess.run([*MASKWRIGHT, *map(str, command)], capture_output=True, text=True)
        if done.returncode != 0:
            return f"{command[0]} ended with {done.returncode}: {done.stderr[-300:]}"
    if not list((folder / "masks").glob("*.png")):
        return "no mask was written"
    return ""


if __name__ == "__main__":
    main()
