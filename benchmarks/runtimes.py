"""Prediction in each runtime against plain eager float32 PyTorch of the same U-Net, in one process, from files to files.

The network has 7.8 million weights and was trained for some steps on the demo's nuclei, so that its masks mean something. The
sides take turns, image by image; the medians, the ratio of each pair, and how many pixels agree with plain float32 go to
benchmarks/runtimes.json. The plain side is what a tutorial writes: read, normalise, one forward pass, argmax, write a PNG.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image

import maskwright
from maskwright.base.openvino import installed
from maskwright.data.dataset import read
from maskwright.engine.environment import environment
from maskwright.engine.predict import Predictor, load
from maskwright.engine.predict_folder import predict_folder
from maskwright.engine.runtimes.choose import Runtime
from maskwright.engine.train import train
from maskwright.engine.weights import load_weights
from maskwright.formats.images import read_image
from maskwright.plan.make import plan as make_plan
from maskwright.tasks import task_of

DEMO = Path(maskwright.__file__).parent / "demo_data"
WIDTHS = "[32,64,128,256,512]"


def images(folder: Path, count: int) -> list[Path]:
    """The demo's image in several turns, as PNG files of 512x512 pixels."""
    whole = read(DEMO, kind="instances")[0].image[:512, :512]
    paths = []
    for number in range(count):
        path = folder / f"image{number}.png"
        turned = np.roll(np.rot90(whole, number % 4), 37 * number, axis=1)
        Image.fromarray(np.ascontiguousarray(turned.squeeze())).save(path)
        paths.append(path)
    return paths


def plain(predictor: Predictor, network: torch.nn.Module, path: Path, out: Path) -> np.ndarray:
    """The mask of an image as a tutorial makes it."""
    pixels = torch.from_numpy(predictor.plan.normalization.apply(read_image(path)))[None]
    with torch.no_grad():
        ids = network(pixels).argmax(dim=1)[0].numpy().astype(np.uint8)
    Image.fromarray(ids).save(out)
    return ids


def main() -> None:
    """Train for some steps, then let the sides take turns."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--turns", type=int, default=5)
    arguments.add_argument("--images", type=int, default=8, help="PNG files of 512x512 pixels a turn")
    arguments.add_argument("--steps", type=int, default=150, help="of the training before")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        data = read(DEMO, kind="instances")
        plan = make_plan(data, changes={"model.widths": WIDTHS, "steps": str(chosen.steps), "task": "semantic"})
        run = train(plan, data, out=folder / "run")
        (folder / "images").mkdir()
        paths = images(folder / "images", chosen.images)
        network = task_of(plan).network()
        network.load_state_dict(load_weights(run.best_path)[0])
        network.eval()
        names: tuple[Runtime, ...] = ("torch", "openvino") if installed() else ("torch",)
        sides = {str(name): load(run.folder, device="cpu", runtime=name) for name in names}
        seconds: dict[str, list[float]] = {name: [] for name in ("plain", *sides)}
        same: dict[str, list[float]] = {name: [] for name in sides}
        for turn in range(chosen.turns + 1):  # the first warms up
            began = time.perf_counter()
            expected = [plain(sides["torch"], network, path, folder / f"plain-{path.name}") for path in paths]
            seconds["plain"].append(time.perf_counter() - began)
            for name, predictor in sides.items():
                began = time.perf_counter()
                predict_folder(predictor, folder / "images", folder / f"{name}{turn}")
                seconds[name].append(time.perf_counter() - began)
                found = [np.asarray(Image.open(folder / f"{name}{turn}" / path.name)) for path in paths]
                same[name] += [float(np.mean(a == b)) for a, b in zip(found, expected, strict=True)]
    about = environment(torch.device("cpu"))
    rows = []
    for name in ("plain", *sides):
        timed = seconds[name][1:]
        ratio = median(p / s for p, s in zip(seconds["plain"][1:], timed, strict=True))
        row = {"side": name, "images_per_second": chosen.images / median(timed), "times_faster": ratio}
        if name in sides:
            row |= {"precision": sides[name].precision, "least_agreement": min(same[name])}
        rows.append(row)
    print(f"{about['processor']}, {about['threads']} threads, torch {about['torch']}, OpenVINO {installed()}")
    for row in rows:
        agreement = f"   {row['least_agreement']:.3%} of pixels agree, {row['precision']}" if "precision" in row else ""
        print(f"{row['side']:<10} {row['images_per_second']:7.2f} images/s   {row['times_faster']:.2f} times plain{agreement}")
    result = {"environment": about | {"openvino": installed()}, "images": chosen.images, "steps": chosen.steps, "rows": rows}
    Path(__file__).with_name("runtimes.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
