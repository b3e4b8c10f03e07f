"""Samples a second of `maskwright.train` against plain eager float32 PyTorch, and where the time of a training goes.

Both sides train the same network by the same loss on the same crops, in turns, each in a process of its own. The plain side is
a loop as a tutorial has it, handed crops that are ready; ours makes its crops, clips, averages, keeps a journal and saves its
state within the time that is measured. Then a whole training, validation and all, is watched.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from lightning_fabric import Fabric
from networks import NETWORKS, Network, nuclei, plan_of
from pairs import Way, apart, keep, pair, take_turns, timed, told
from torch.profiler import ProfilerActivity, profile

from maskwright.engine import train as training
from maskwright.engine.start import start_network
from maskwright.engine.state import TrainingState
from maskwright.engine.train import train
from maskwright.plan.objective import batches_of
from maskwright.plan.plan import Plan, change
from maskwright.sampling.batches import Batch, Batches
from maskwright.sampling.samples import PreparedSamples
from maskwright.tasks import task_of

STEPS = 3  # of a turn
NEVER = str(10**6)
KINDS = {"convolutions": "convolution", "normalisation": "batch_norm", "pooling": "pool", "ReLU": ("threshold", "clamp_min")}


def plain(value: dict[str, Any]) -> Way:
    """Steps of a loop as a tutorial writes it, in float32, on crops that are ready."""
    plan = change(Plan.from_json(value), {"precision": "fp32"})
    task = task_of(plan)
    network = task.network()
    start_network(plan, network)
    samples = PreparedSamples(nuclei().for_task(plan.task), plan.normalization, task.encode)
    ready = [batches_of(plan, samples).at(step) for step in range(1, STEPS + 1)]
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.optimizer.learning_rate)

    def steps() -> None:
        for batch in ready:
            optimizer.zero_grad()
            sum(task.losses(network, batch).values()).backward()
            optimizer.step()

    return timed(steps)


def ours(value: dict[str, Any], folder: str) -> Way:
    """Steps of a training without validation, after its first, from the end of one to the end of the last."""
    plan = change(Plan.from_json(value), {"steps": str(STEPS + 1), "validate_every": NEVER})
    turns = itertools.count()

    def seconds() -> float:
        stamps: list[float] = []

        def listen(entry: dict[str, Any]) -> None:
            if entry["event"] == "step":
                stamps.append(time.perf_counter())

        train(plan, nuclei().for_task(plan.task), out=Path(folder) / str(next(turns)), listen=listen)
        return stamps[-1] - stamps[0]

    return seconds


def compared(network: Network, turns: int) -> dict[str, Any]:
    """The row of a network."""
    plan = plan_of(network, steps="10")
    with (
        tempfile.TemporaryDirectory() as folder,
        apart(plain, plan.to_json()) as other,
        apart(ours, plan.to_json(), folder) as own,
    ):
        seconds = take_turns({"plain": other, "ours": own}, turns)
    crops = " x ".join(map(str, plan.crop_hw))
    return pair(
        f"{network.title}, {plan.batch} crops of {crops}", "torch float32", *seconds.values(), count=STEPS * plan.batch,
        unit="samples/s",
    ) | {"precision": plan.precision}  # fmt: skip


class Watch:
    """Seconds by what they were spent on, of functions that do not call one another."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def add(self, part: str, seconds: float) -> None:
        self.seconds[part] = self.seconds.get(part, 0.0) + seconds

    @contextmanager
    def over(self, part: str, holder: object, name: str, clock: Callable[[], float] = time.perf_counter) -> Iterator[None]:
        """While this lasts, calls of a function are timed."""
        function = getattr(holder, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            began = clock()
            try:
                return function(*arguments, **named)
            finally:
                self.add(part, clock() - began)

        with patch.object(holder, name, watched):
            yield

    def waiting(self, batches: Generator[Batch, None, None]) -> Generator[Batch, None, None]:
        """The batches, and how long was waited for each."""
        try:
            while True:
                began = time.perf_counter()
                batch = next(batches, None)
                self.add("waiting for crops", time.perf_counter() - began)
                if batch is None:
                    return
                yield batch
        finally:
            batches.close()


def watched(network: Network, minutes: float) -> dict[str, Any]:
    """Where the time of a training with this budget goes, as it is planned, with validation on the images that it learns."""
    data = nuclei().for_task(network.task)
    plan = plan_of(network, minutes=minutes)
    watch, prefetch, making = Watch(), training.prefetch, Watch()
    parts = [
        ("reading images", training, "PreparedSamples"),
        ("forward pass and loss", type(task_of(plan)), "losses"),
        ("backward pass", Fabric, "backward"),
        ("clipping of gradients", torch.nn.utils, "clip_grad_norm_"),
        ("optimizer", torch.optim.AdamW, "step"),
        ("running average of the weights", TrainingState, "average"),
        ("validation", training._Training, "validate"),
        ("saving", training._Training, "save"),
    ]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        for part in parts:
            stack.enter_context(watch.over(*part))
        stack.enter_context(making.over("crops", Batches, "at", time.thread_time))
        stack.enter_context(patch.object(training, "prefetch", lambda *given: watch.waiting(prefetch(*given))))
        began = time.perf_counter()
        train(plan, data, data, out=Path(folder) / "run")
        whole = time.perf_counter() - began
    rest = whole - sum(watch.seconds.values())
    return {
        "network": network.title, "seconds": whole, "steps": plan.steps, "samples": plan.steps * plan.batch,
        "validations": -(-plan.steps // plan.validate_every), "parts": watch.seconds | {"all else": rest},
        "making_crops": making.seconds["crops"], "kinds": kinds(plan),
    }  # fmt: skip


def kinds(plan: Plan) -> dict[str, float]:
    """Shares of what is worked out in the steps of a training."""
    plan = change(plan, {"steps": str(STEPS), "validate_every": NEVER})
    with tempfile.TemporaryDirectory() as folder, profile(activities=[ProfilerActivity.CPU]) as profiler:
        train(plan, nuclei().for_task(plan.task), out=Path(folder) / "run")
    seconds = dict.fromkeys((*KINDS, "all else"), 0.0)
    for event in profiler.key_averages():
        if not event.key.startswith("aten::"):
            continue
        names = {kind: (name,) if isinstance(name, str) else name for kind, name in KINDS.items()}
        kind = next((kind for kind, some in names.items() if any(name in event.key for name in some)), "all else")
        seconds[kind] += event.self_cpu_time_total
    return {kind: each / sum(seconds.values()) for kind, each in seconds.items()}


def main() -> None:
    """Compare every network, then watch the first."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--turns", type=int, default=3)
    arguments.add_argument("--minutes", type=float, default=0.75, help="budget of the training that is watched")
    chosen = arguments.parse_args()
    rows = []
    for network in NETWORKS:
        rows.append(compared(network, chosen.turns))
        sys.stdout.write(told(rows[-1]) + "\n")
        sys.stdout.flush()
    found = watched(NETWORKS[0], chosen.minutes)
    for part, seconds in found["parts"].items():
        sys.stdout.write(f"  {part}: {seconds / found['seconds']:.1%}\n")
    keep("training", {"rows": rows, "watched": found})


if __name__ == "__main__":
    main()
