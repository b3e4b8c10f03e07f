"""Exported files against the runs they come from, on twenty real images a run, and what 8-bit integers cost and gain.

Each run is exported as ONNX and, where its data lie, in 8-bit integers for OpenVINO; the single-precision and the 8-bit
file then take turns, image by image. What was seen is kept in docs/results/records; the page is written from it.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import openvino
import torch
from experiments import EXPORTS
from results_page import write_page

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import read_json, write_json
from maskwright.base.openvino import core
from maskwright.data.channels import with_channels
from maskwright.data.pairing import list_images
from maskwright.engine.environment import environment
from maskwright.engine.export import export
from maskwright.engine.export_images import quantization
from maskwright.engine.run import Run
from maskwright.formats.images import read_image

IMAGES = 20
TIMED = 5  # of them


def main() -> None:
    """Export every run, compare, and write the page; a run that is measured again replaces what was seen of it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("images", type=Path, help="folder of real images of the kind that the runs were trained on")
    arguments.add_argument("runs", type=Path, nargs="+")
    arguments.add_argument("--no-int8", action="store_true")
    chosen = arguments.parse_args()
    images = [read_image(record.image) for record in list_images([chosen.images])[:IMAGES]]
    rows = read_json(EXPORTS)["rows"] if EXPORTS.exists() else []
    for run in chosen.runs:
        measured = exported(run, images, wants_int8=not chosen.no_int8)
        sys.stdout.write(f"{measured}\n")
        rows = [row for row in rows if row["run"] != measured["run"]] + [measured]
        write_json(EXPORTS, {"environment": environment(torch.device("cpu")), "rows": rows})
    write_page()


def exported(run: Path, images: list[np.ndarray], *, wants_int8: bool) -> dict[str, Any]:
    """How far the files of a run agree with it, and what the 8-bit one costs and gains."""
    plan = Run.open(run).plan
    network = next(decision.value for decision in plan.decisions if decision.name == "network")
    images = [with_channels(image, plan.channels, name="an image") for image in images]
    row: dict[str, Any] = {"run": run.name, "network": network, "images": len(images), "int8": None}
    with tempfile.TemporaryDirectory() as folder:
        onnx = export(run, Path(folder, "a.onnx"), to="onnx", images=images, least=0.0)
        row |= {"agreement": onnx.agreement, "with_run": onnx.with_run, "by": onnx.by}
        if wants_int8:
            plain, small = Path(folder, "plain.xml"), Path(folder, "small.xml")
            export(run, plain, to="openvino", images=images[:1], least=0.0)
            try:
                done = export(run, small, to="openvino", images=images, least=0.0, int8=quantization(run))
            except MaskwrightError as error:
                row["int8"] = {"refused": str(error).split(" was not written, for ")[-1]}
                return row
            before, after = turns(plain, small, images[:TIMED])
            sizes = [path.with_suffix(".bin").stat().st_size for path in (plain, small)]
            assert done.scores is not None
            row["int8"] = {"scores": done.scores, "seconds": [before, after], "bytes": sizes, "agreement": done.agreement}
    return row


def turns(plain: Path, small: Path, images: list[np.ndarray]) -> tuple[float, float]:
    """Median seconds an image of two files of OpenVINO, in turn; the first turn does not count."""
    files = [core().compile_model(str(path), "CPU") for path in (plain, small)]
    seconds: list[list[float]] = [[], []]
    for image in (images[0], *images):
        for compiled, kept in zip(files, seconds, strict=True):
            began = time.perf_counter()
            compiled([openvino.Tensor(np.ascontiguousarray(image, np.float32))])
            kept.append(time.perf_counter() - began)
    before, after = (median(kept[1:]) for kept in seconds)
    return before, after


if __name__ == "__main__":
    main()
