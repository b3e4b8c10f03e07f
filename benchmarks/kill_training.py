"""Kill a training at random moments, resume it each time, and compare its weights with those of an undisturbed one.

The training is that of the sample image of the package, through the command line, as a user starts and resumes it. Exits with
1 where a single bit differs.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

import maskwright
from maskwright.engine.run import Run
from maskwright.engine.weights import load_weights

DATA = Path(maskwright.__file__).parent / "demo_data"
COMMAND = (sys.executable, "-c", "from maskwright.cli.main import run; run()", "train")


def start(folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """The command, with its words kept in a file beside the run."""
    log = folder.with_suffix(".log").open("ab")
    return subprocess.Popen([*COMMAND, *arguments, "--out", str(folder)], stdout=log, stderr=subprocess.STDOUT)


def step_of(folder: Path) -> int:
    """The last step that the journal knows."""
    return max((entry.get("step", 0) for entry in Run(folder).journal.read()), default=0)


def main() -> int:
    """Train once undisturbed and once with kills; say what was seen."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=20)
    arguments.add_argument("--steps", type=int, default=500)
    arguments.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    chosen = arguments.parse_args()
    moments = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as place:
        whole, killed = Path(place) / "whole", Path(place) / "killed"
        settings = (
            str(DATA),
            "--set",
            f"steps={chosen.steps}",
            "--set",
            "model.widths=[8,16,32]",
            "--set",
            "validate_every=50",
        )
        if start(whole, *settings).wait() != 0:
            print(whole.with_suffix(".log").read_text())
            return 1
        plan = whole / "plan.json"
        process = start(killed, str(DATA), "--plan", str(plan))
        for kill in range(chosen.kills):
            while not (killed / "plan.json").exists():
                time.sleep(0.1)
            time.sleep(moments.uniform(0.0, 12.0))
            process.kill()
            process.wait()
            print(f"kill {kill + 1:2d}: at step {step_of(killed)} of {chosen.steps}", flush=True)
            process = start(killed, "--resume")
        if process.wait() != 0:
            print(killed.with_suffix(".log").read_text())
            return 1
        differing = [
            f"{file}: {name}"
            for file in ("last.safetensors", "best.safetensors")
            for name, tensor in load_weights(whole / file)[0].items()
            if not torch.equal(tensor, load_weights(killed / file)[0][name])
        ]
    print(f"tensors that differ after {chosen.kills} kills: {', '.join(differing) or 'none'}")
    return bool(differing)


if __name__ == "__main__":
    sys.exit(main())
