"""Several processes train one network: the same weights as one process, from any step on, and no end of one goes unnoticed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from maskwright.base.errors import Interrupted, MaskwrightError, PlanError
from maskwright.data.dataset import DataSet
from maskwright.engine import rank, ranks
from maskwright.engine.rank import Rank, own_rank
from maskwright.engine.ranks import ALONE, Ranks
from maskwright.engine.train import train
from maskwright.engine.weights import load_weights
from maskwright.losses import LossTerm
from maskwright.models import MaskRCNNConfig, UNetConfig
from maskwright.plan.plan import Optimizer, Plan

Make = Callable[..., Plan]

# One process of several: it takes part in one training after the other, and says how the last one ended.
SCRIPT = """
import json, sys
from pathlib import Path
from maskwright.base.errors import MaskwrightError
from maskwright.data.dataset import read
from maskwright.engine.ranks import joined
from maskwright.engine.train import join, resume, train
from maskwright.plan.plan import Plan

with joined() as ranks:
    for job in json.loads(sys.argv[1]):
        run, data = Path(job["run"]), read(job["data"][ranks.own.number])
        try:
            if not ranks.is_first:
                join(run, data, ranks=ranks, device="cpu")
            elif run.exists():
                resume(run, data, ranks=ranks, device="cpu")
            else:
                plan = Plan.from_json(json.loads(job["plan"]))
                train(plan, data.with_records(data.records[:4]), data.with_records(data.records[4:]), out=run, ranks=ranks,
                      device="cpu")
        except MaskwrightError as error:
            sys.exit(f"{type(error).__name__}: {error}")
"""
PROGRAM = "from maskwright.cli.main import run; run()"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def together(jobs: Sequence[dict[str, Any]], count: int = 2) -> list[tuple[int, str]]:
    """The exit code and the last words of each of `count` processes, started as torchrun starts them."""
    shared = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, json.dumps(jobs)],
            env=os.environ | shared | {"RANK": str(number), "LOCAL_RANK": str(number)}, stderr=subprocess.PIPE, text=True,
        )
        for number in range(count)
    ]  # fmt: skip
    words = [process.communicate(timeout=250)[1] for process in started]
    return [(process.returncode, said) for process, said in zip(started, words, strict=True)]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_weights(run / "last.safetensors")[0]


@pytest.fixture
def parts(blobs: DataSet) -> tuple[DataSet, DataSet]:
    return blobs.with_records(blobs.records[:4]), blobs.with_records(blobs.records[4:])


@pytest.fixture
def plans(small_plan: Make) -> dict[str, Plan]:
    """Plans whose losses and norms look at the whole batch."""
    fixed: dict[str, Any] = {
        "batch": 4, "steps": 6, "validate_every": 6, "optimizer": Optimizer(name="sgd", learning_rate=1e-2),
        "loss": (LossTerm(name="cross-entropy"), LossTerm(name="dice"), LossTerm(name="focal")), "class_weights": (0.5, 2.0),
    }  # fmt: skip
    return {
        "batch norm": small_plan(**fixed),
        "objects": small_plan(**fixed, task="instance", model=UNetConfig(widths=(4, 8), norm="group")),
    }


@pytest.fixture
def boxes(small_plan: Make) -> Plan:
    """A plan whose losses look at boxes that are drawn by chance, and differ with the number of processes."""
    model = MaskRCNNConfig(
        encoder="plain", width=8, box_width=16, anchor_sizes=(8, 16, 32, 64, 128), candidates=20, proposals=10,
        sampled_anchors=32, sampled_boxes=16,
    )  # fmt: skip
    return small_plan(task="instance", model=model, crop_hw=(64, 64), tile_hw=(64, 64), batch=2, steps=2, validate_every=2)


def test_two_processes_learn_what_one_learns_and_an_end_of_one_is_told(
    plans: dict[str, Plan], boxes: Plan, parts: tuple[DataSet, DataSet], blob_folder: Path, tmp_path: Path
) -> None:
    """Trainings from the start, one that goes on from one process's third step, one by boxes; then other data in one."""
    for name, plan in plans.items():
        train(plan, *parts, out=tmp_path / f"{name} alone")

    def interrupt(entry: dict[str, Any]) -> None:
        if entry["event"] == "step" and entry["step"] == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted):
        train(plans["batch norm"], *parts, out=tmp_path / "resumed", listen=interrupt)
    other = tmp_path / "other"
    (other / "images").mkdir(parents=True)
    (other / "masks").symlink_to(blob_folder / "masks")
    for path in (blob_folder / "images").iterdir():
        (other / "images" / path.name).symlink_to(path if path.stem != "cell1" else path.with_stem("cell2"))
    same = [str(blob_folder)] * 2
    every = plans | {"boxes": boxes}
    jobs = [{"run": str(tmp_path / name), "data": same, "plan": json.dumps(plan.to_json())} for name, plan in every.items()]
    jobs += [{"run": str(tmp_path / "resumed"), "data": same}]
    jobs += [{"run": str(tmp_path / "apart"), "data": [same[0], str(other)], "plan": jobs[0]["plan"]}]
    first, second = together(jobs)
    for run, alone in [*((name, f"{name} alone") for name in plans), ("resumed", "batch norm alone")]:
        one, two = weights(tmp_path / alone), weights(tmp_path / run)
        assert one.keys() == two.keys()
        for name in one:
            difference = (one[name].double() - two[name].double()).abs().max()
            assert difference <= 1e-5, f"{run}: {name} differs by {difference}"
        entries = [json.loads(line) for line in (tmp_path / run / "journal.jsonl").read_text().splitlines()]
        assert [entry["step"] for entry in entries if entry["event"] == "step"] == [1, 2, 3, 4, 5, 6]
        assert entries[-1]["event"] == "end"
    assert load_weights(tmp_path / "boxes" / "last.safetensors")[1]["step"] == 2
    assert second[0] == 1
    assert "process 1 on" in second[1]
    assert "cell1 has changed" in second[1]
    assert first[0] == 1
    assert "TrainingError: Process 0 of 2, the first being 0, lost the others" in first[1]


def test_torchrun_ends_in_good_order_when_asked_and_the_run_goes_on_in_one_process(blobs_to_read: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ["--budget", "1s", "--device", "cpu", "--set", "steps=100000", "--set", "model.widths=[4,8]", "--set", "batch=4"]
    options += ["--set", "crop_hw=[32,32]", "--set", "precision=fp32", "--set", "validate_every=100000"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(free_port())]
    (tmp_path / "program.py").write_text(PROGRAM)
    program = [*torchrun, str(tmp_path / "program.py"), "train", str(blobs_to_read), "--out", str(run), *options]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 200
    while time.monotonic() < until and process.poll() is None:
        journal = run / "journal.jsonl"
        if journal.exists() and '"step"' in journal.read_text().splitlines()[-1]:
            break
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Stopped at step" in err, out + err
    assert err.count("Stopped at step") == 1
    step = load_weights(run / "last.safetensors")[1]["step"]
    assert 0 < step < 100000
    assert f"Stopped at step {step} of 100000" in err
    assert "2 processes have the budget each" in out


def test_a_batch_that_cannot_be_shared_out_is_refused_with_one_that_can() -> None:
    assert Ranks(Rank(0, 3, 0, 3)).share_of(12) == 4
    assert ALONE.share_of(7) == 7
    with pytest.raises(PlanError, match=r"A batch of 4 crops cannot be divided among 3 processes\. .* --set batch=6"):
        Ranks(Rank(0, 3, 0, 3)).share_of(4)


def test_a_process_has_a_gpu_of_its_own_or_is_told_how_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "pick_device", torch.device)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert Ranks(Rank(3, 4, 1, 2)).device("cuda") == torch.device("cuda:1")
    assert Ranks(Rank(3, 4, 1, 2)).device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(
        MaskwrightError, match=r"3 processes were started on this machine, which has 2 GPUs.*--nproc-per-node 2"
    ):
        Ranks(Rank(2, 3, 2, 3)).device("cuda")


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RANK", "3")  # of another program
    assert own_rank() == Rank()
    for name, value in {"TORCHELASTIC_RUN_ID": "a", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    assert rank.own_rank() == Rank(3, 4, 1, 2)
