"""Images a second from PNG files to PNG masks in each runtime, against plain eager float32 PyTorch of the same network.

Each network is trained for some steps on the demo's nuclei first, so that its masks mean something. The sides take turns, each
in a process of its own, over the same images of 512 x 512 pixels. The plain side is what a tutorial writes: read, normalise,
one forward pass, the largest logit of every pixel (or the objects that were found, drawn as numbers), write; ours is
`predict_folder`, as `maskwright predict` runs it. What both wrote is compared.
"""

import argparse
import itertools
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from networks import NETWORKS, Network, nuclei, plan_of
from numpy.typing import NDArray
from pairs import Way, apart, keep, pair, take_turns, timed, told
from PIL import Image

from maskwright.base.openvino import installed
from maskwright.engine.predict import load
from maskwright.engine.predict_folder import predict_folder
from maskwright.engine.run import Run
from maskwright.engine.runtimes.choose import Runtime
from maskwright.engine.train import train
from maskwright.engine.weights import load_weights
from maskwright.formats.images import read_image
from maskwright.masks.convert import instances_to_labels, to_instances
from maskwright.masks.overlap import map_overlaps
from maskwright.masks.tiles import whole_tile
from maskwright.tasks import task_of

SIDE = 512
RUNTIMES: dict[Runtime, str] = {"torch": "PyTorch", "openvino": "OpenVINO"}


def lay(folder: Path, count: int) -> None:
    """The demo's image in several turns, as PNG files."""
    folder.mkdir()
    whole = nuclei()[0].image[:SIDE, :SIDE].squeeze()
    for number in range(count):
        turned = np.roll(np.rot90(whole, number % 4), 37 * number, axis=1)
        Image.fromarray(np.ascontiguousarray(turned)).save(folder / f"image{number}.png")


def plain(run: str, images: str, out: str) -> Way:
    """All images by a loop as a tutorial writes it, in float32."""
    opened = Run.open(Path(run))
    plan = replace(opened.plan, precision="fp32")
    task = task_of(plan, opened.settled)
    network = task.network()
    network.load_state_dict(load_weights(opened.best_path)[0])
    network.eval()
    Path(out).mkdir()

    def mask(pixels: torch.Tensor) -> NDArray[np.generic]:
        if plan.task == "semantic":
            ids: NDArray[np.generic] = network(pixels).argmax(dim=1)[0].numpy().astype(np.uint8)
            return ids
        size_hw = (pixels.shape[-2], pixels.shape[-1])
        found = task.confident(task.merge([(whole_tile(size_hw), task.predict_tile(network, pixels)[0])], size_hw))
        return instances_to_labels(to_instances(found)).astype(np.uint16)

    @torch.no_grad()
    def every() -> None:
        for path in sorted(Path(images).iterdir()):
            pixels = torch.from_numpy(plan.normalization.apply(read_image(path)))[None]
            Image.fromarray(mask(pixels)).save(Path(out) / path.name)

    return timed(every)


def ours(run: str, runtime: Runtime, images: str, out: str) -> Way:
    """All images by `predict_folder` into a new folder each turn."""
    predictor = load(run, device="cpu", runtime=runtime)
    turns = itertools.count()
    return timed(lambda: predict_folder(predictor, images, Path(out) / str(next(turns)), to="labels"))


def compared(network: Network, count: int, turns: int) -> list[dict[str, Any]]:
    """A row for each runtime."""
    data = nuclei().for_task(network.task)
    plan = plan_of(network, steps=str(network.steps), validate_every=str(10**6))
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        run, images = train(plan, data, out=folder / "run").folder, folder / "images"
        lay(images, count)
        ways = {"plain": stack.enter_context(apart(plain, str(run), str(images), str(folder / "plain")))}
        for runtime in RUNTIMES if installed() else ("torch",):
            out = str(folder / runtime)
            ways[runtime] = stack.enter_context(apart(ours, str(run), runtime, str(images), out))
        seconds = take_turns(ways, turns)
        rows = []
        for runtime in [name for name in ways if name != "plain"]:
            row = pair(
                f"{network.title}, {RUNTIMES[runtime]}", "torch float32", seconds["plain"], seconds[runtime], count=count,
                unit="images/s",
            )  # fmt: skip
            row["precision"] = load(run, device="cpu", runtime=runtime).precision
            row["agreement"] = agreement(folder / "plain", folder / runtime / "0", of_objects=network.task == "instance")
            rows.append(row)
    return rows


def agreement(first: Path, other: Path, *, of_objects: bool) -> float:
    """The share of pixels with the same class; of objects, the share that has a partner with an IoU above one half."""
    same, all_of_them = 0, 0
    for path in sorted(first.glob("*.png")):
        a, b = (np.asarray(Image.open(folder / path.name)).astype(np.int32) for folder in (first, other))
        if of_objects:
            of_a, of_b, overlaps = map_overlaps(a, b)
            is_object = (of_a[overlaps.true] > 0) & (of_b[overlaps.predicted] > 0)
            same += 2 * int(((overlaps.iou > 0.5) & is_object).sum())
            all_of_them += int((of_a > 0).sum() + (of_b > 0).sum())
        else:
            same, all_of_them = same + int((a == b).sum()), all_of_them + a.size
    return same / all_of_them if all_of_them else float("nan")


def main() -> None:
    """Compare every network in every runtime that is installed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--turns", type=int, default=4)
    arguments.add_argument("--images", type=int, default=6, help=f"PNG files of {SIDE}x{SIDE} pixels a turn")
    chosen = arguments.parse_args()
    rows = []
    for network in NETWORKS:
        for row in compared(network, chosen.images, chosen.turns):
            sys.stdout.write(f"{told(row)}; {row['agreement']:.2%} agree\n")
            sys.stdout.flush()
            rows.append(row)
    keep("prediction", {"rows": rows, "images": chosen.images, "side": SIDE, "openvino": installed()})


if __name__ == "__main__":
    main()
