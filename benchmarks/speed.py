"""Speed of training and prediction against plain eager float32 PyTorch of the same network, in one run.

Each side runs in a process of its own, in turn, several times; the medians and the ratio of each pair are printed and written
to benchmarks/speed.json. The plain side is handed ready batches and whole images; ours makes its batches (crops, augmentation),
cuts its tiles, normalises and takes the argmax within the time that is measured.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch

import maskwright
from maskwright.data.dataset import DataSet, read
from maskwright.engine.environment import environment
from maskwright.engine.predict import Predictor
from maskwright.engine.run import Run
from maskwright.engine.train import train
from maskwright.engine.weights import load_weights
from maskwright.losses import build_loss
from maskwright.plan.make import plan as make_plan
from maskwright.plan.plan import Plan, change
from maskwright.sampling.batches import Batches
from maskwright.sampling.samples import PreparedSamples
from maskwright.tasks import task_of

DEMO = Path(maskwright.__file__).parent / "demo_data"
STEPS = 6  # timed, after two that are not
SIDES = (512, 1024, 2048)  # pixels of the square images predicted
WIDTHS = "[32,64,128,256,512]"  # the network measured: 7.8 million weights


def nuclei() -> DataSet:
    return read(DEMO, kind="instances")


def timed(once: Callable[[], object], times: int, warm: int = 1) -> float:
    """Median seconds of a call."""
    seconds = []
    for _ in range(warm + times):
        began = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - began)
    return median(seconds[warm:])


def batches_of(plan: Plan) -> Batches:
    task = task_of(plan)
    return Batches(
        PreparedSamples(nuclei(), plan.normalization, task.encode), crop_hw=plan.crop_hw, batch=plan.batch,
        augmentation=plan.augmentation, foreground_share=plan.foreground_share, background=plan.background,
    )  # fmt: skip


def train_plain(plan: Plan) -> float:
    """Seconds a step of a loop as a tutorial writes it."""
    network, loss = task_of(plan).network(), build_loss(plan.loss, plan.class_weights)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    ready = [batches_of(plan).at(step) for step in range(2)]

    def step(turn: list[int] = [0]) -> None:  # noqa: B006  counts the turns
        batch = ready[turn[0] % 2]
        turn[0] += 1
        optimizer.zero_grad()
        loss(network(batch.image), batch.target).backward()
        optimizer.step()

    return timed(step, STEPS, warm=2)


def train_ours(plan: Plan, folder: Path) -> float:
    """Seconds a step of `maskwright.train`, from the journal of a run."""
    change_to = {"steps": str(STEPS + 3), "validate_every": str(10**6)}
    stamps: list[float] = []
    train(
        change(plan, change_to), nuclei(), out=folder / "timed",
        listen=lambda entry: stamps.append(time.perf_counter()) if entry["event"] == "step" else None,
    )  # fmt: skip
    return median(np.diff(stamps)[1:-1])


def predict_plain(plan: Plan, network: torch.nn.Module, image: np.ndarray) -> np.ndarray:
    """Class ids of a whole image as a tutorial predicts it: float32, one forward pass, argmax."""
    pixels = torch.from_numpy(plan.normalization.apply(image))[None]
    with torch.no_grad():
        return network.eval()(pixels).argmax(dim=1)[0].numpy()


def enlarged(side: int) -> np.ndarray:
    """The sample image laid side by side and mirrored until it has this size."""
    image = nuclei()[0].image
    again = -(-side // image.shape[0])
    return np.pad(image, ((0, (again - 1) * 512), (0, (again - 1) * 512), (0, 0)), mode="symmetric")[:side, :side]


def one(side: str, folder: Path) -> dict[str, float]:
    """The measurements of one process."""
    run = Run.open(folder / "run")
    plan, tensors = run.plan, load_weights(run.best_path)[0]
    network = task_of(plan).network()
    network.load_state_dict(tensors)
    results: dict[str, float] = {}
    if side == "plain":
        results["train"] = train_plain(plan)
        for size in SIDES:
            image = enlarged(size)
            results[f"predict {size}"] = timed(lambda image=image: predict_plain(plan, network, image), 3)  # type: ignore[misc]
    else:
        with tempfile.TemporaryDirectory() as place:
            results["train"] = train_ours(plan, Path(place))
        predictor = Predictor(plan, network, device=torch.device("cpu"))
        for size in SIDES:
            image = enlarged(size)
            results[f"predict {size}"] = timed(lambda image=image: predictor(image), 3)  # type: ignore[misc]
            agree = predictor(image).ids == predict_plain(plan, network, image)  # type: ignore[union-attr]
            results[f"agreement {size}"] = float(np.mean(agree))
    return results


def main() -> None:
    """Train a network for some minutes so that its predictions mean something, then let the two sides take turns."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeat", type=int, default=3, help="turns of each side")
    arguments.add_argument("--steps", type=int, default=150, help="of the training before")
    arguments.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.one:
        print(json.dumps(one(chosen.one[0], Path(chosen.one[1]))))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        plan = make_plan(nuclei(), changes={"model.widths": WIDTHS, "steps": str(chosen.steps)})
        train(plan, nuclei(), out=folder / "run")
        turns = [{side: _turn(side, folder) for side in ("plain", "ours")} for _ in range(chosen.repeat)]
    crops = plan.batch
    rows = [_row("training, samples/s", turns, "train", lambda seconds: crops / seconds)]
    for side in SIDES:
        megapixels = side * side / 1e6
        rows.append(_row(f"prediction {side}x{side}, s/megapixel", turns, f"predict {side}", lambda s, m=megapixels: s / m))  # type: ignore[misc]
    agreement = min(turn["ours"][f"agreement {side}"] for turn in turns for side in SIDES)
    about = environment(torch.device("cpu"))
    print(
        f"{about['processor']}, {about['threads']} threads, torch {about['torch']}, {plan.precision}; U-Net {plan.model.widths}"
    )
    for row in rows:
        print(f"{row['what']:<38} plain {row['plain']:8.3f}   maskwright {row['ours']:8.3f}   {row['ratio']:.2f} times faster")
    print(f"pixels that agree with plain float32: {agreement:.4%}")
    result = {"environment": about, "rows": rows, "agreement": agreement}
    Path(__file__).with_name("speed.json").write_text(json.dumps(result, indent=1) + "\n")


def _turn(side: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", side, str(folder)]
    result: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result


def _row(what: str, turns: list[dict[str, dict[str, float]]], name: str, unit: Callable[[float], float]) -> dict[str, object]:
    """Medians in the unit that is printed; the ratio is that of the seconds, pair by pair."""
    plain, ours = ([turn[side][name] for turn in turns] for side in ("plain", "ours"))
    ratio = median(p / o for p, o in zip(plain, ours, strict=True))
    return {"what": what, "plain": unit(median(plain)), "ours": unit(median(ours)), "ratio": ratio}


if __name__ == "__main__":
    main()
