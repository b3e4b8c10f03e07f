"""Training: it learns, it repeats, it resumes to the same weights, and bad numbers never win."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import maskwright.engine.train as training
from maskwright.base.errors import Interrupted, RunError, TrainingError, WeightsError
from maskwright.data.dataset import DataSet
from maskwright.engine.predict import load
from maskwright.engine.run import Run
from maskwright.engine.train import resume, train
from maskwright.engine.weights import load_weights
from maskwright.models import MODELS, EncoderUNetConfig, model_config
from maskwright.nn.encoders import build_encoder
from maskwright.nn.encoders.weights import load_encoder_weights
from maskwright.plan.plan import Optimizer, Plan

Make = Callable[..., Plan]


@pytest.fixture
def parts(blobs: DataSet) -> tuple[DataSet, DataSet]:
    return blobs.with_records(blobs.records[:4]), blobs.with_records(blobs.records[4:])


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_weights(run.folder / "last.safetensors")[0]


def save_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(training, "CHECKPOINT_SHARE", 1e9)


def assert_same(first: Run, second: Run) -> None:
    left, right = weights(first), weights(second)
    assert left.keys() == right.keys()
    for name in left:
        assert torch.equal(left[name], right[name]), name
    assert load_weights(first.best_path)[1] == load_weights(second.best_path)[1]


def test_training_learns_bright_discs(small_plan: Make, parts: tuple[DataSet, DataSet], tmp_path: Path) -> None:
    run = train(small_plan(steps=80, validate_every=40), *parts, out=tmp_path / "run")
    best = max(entry["score"] for entry in run.journal.read() if entry["event"] == "validation")
    assert best > 0.9
    segmentation = load(run.folder)(parts[1][0].image)
    truth = parts[1][0].segmentation
    assert np.mean(segmentation.ids == truth.ids) > 0.9  # type: ignore[union-attr]


def test_equal_plans_give_equal_weights(small_plan: Make, parts: tuple[DataSet, DataSet], tmp_path: Path) -> None:
    runs = [train(small_plan(), *parts, out=tmp_path / name) for name in "ab"]
    assert_same(*runs)
    other = train(small_plan(seed=1), *parts, out=tmp_path / "c")
    assert not torch.equal(weights(runs[0])["network.head.weight"], weights(other)["network.head.weight"])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_stopping_and_resuming_changes_no_bit(
    small_plan: Make, blobs: DataSet, parts: tuple[DataSet, DataSet], tmp_path: Path, precision: str, name: str
) -> None:
    plan = small_plan(precision=precision)
    plan = Plan.from_json(plan.to_json() | {"optimizer": {"name": name}, "model": {"widths": [4, 8], "dropout": 0.5}})
    whole = train(plan, *parts, out=tmp_path / "whole")

    def interrupt(entry: dict[str, Any]) -> None:
        if entry["event"] == "step" and entry["step"] in (4, 7):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match=r"Stopped at step 4 of 12; everything is saved.*--resume"):
        train(plan, *parts, out=tmp_path / "parts", listen=interrupt)
    with pytest.raises(Interrupted, match="Stopped at step 7 of 12"):
        resume(tmp_path / "parts", blobs, listen=interrupt)
    assert_same(whole, resume(tmp_path / "parts", blobs))


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("mask-rcnn", "panoptic-fpn", "panoptic-deeplab")])
def test_every_network_trains_resumes_and_predicts(
    small_plan: Make, blobs: DataSet, parts: tuple[DataSet, DataSet], tmp_path: Path, name: str
) -> None:
    """On the encoder with trained weights, which are taken up once, at the start."""
    model = model_config(name, "efficientnet-lite0")
    plan = small_plan(model=model, encoder_weights="imagenet", optimizer=Optimizer(encoder_rate=0.1), steps=4, validate_every=2)
    assert Plan.from_json(plan.to_json()) == plan
    whole = train(plan, *parts, out=tmp_path / "whole")

    def interrupt(entry: dict[str, Any]) -> None:
        if entry["event"] == "step" and entry["step"] == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted):
        train(plan, *parts, out=tmp_path / "parts", listen=interrupt)
    assert_same(whole, resume(tmp_path / "parts", blobs))
    assert load(whole.folder)(parts[1][0].image).ids.shape == (64, 64)  # type: ignore[union-attr]


def test_an_encoder_learns_at_its_own_rate(small_plan: Make, parts: tuple[DataSet, DataSet], tmp_path: Path) -> None:
    """At rate 0 it keeps the weights that it started from; the rest of the network learns."""
    still = Optimizer(encoder_rate=0.0)
    plan = small_plan(model=EncoderUNetConfig(), encoder_weights="imagenet", optimizer=still, steps=2)
    learned = weights(train(plan, *parts, out=tmp_path / "run"))
    encoder = build_encoder("efficientnet-lite0", channels=1)
    load_encoder_weights(encoder, "efficientnet-lite0", "imagenet")
    for name, parameter in encoder.named_parameters():
        assert torch.equal(learned[f"network.encoder.{name}"], parameter), name
    with torch.random.fork_rng():
        torch.manual_seed(plan.seed)
        fresh = plan.model.build(channels=1, classes=2)
    assert not torch.equal(learned["network.head.weight"], fresh.head.weight)


def test_weights_that_cannot_be_loaded_leave_no_run_behind(
    small_plan: Make, parts: tuple[DataSet, DataSet], tmp_path: Path
) -> None:
    plan = small_plan(model=EncoderUNetConfig(encoder="resnet18"), encoder_weights=str(tmp_path / "none.pth"))
    with pytest.raises(WeightsError, match="no such weights file"):
        train(plan, *parts, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_costs_steps_but_no_bit(
    small_plan: Make, blobs: DataSet, parts: tuple[DataSet, DataSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_at_every_step(monkeypatch)
    whole = train(small_plan(), *parts, out=tmp_path / "whole")

    def interrupt(entry: dict[str, Any]) -> None:
        if entry["event"] == "step" and entry["step"] == 6:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted):
        train(small_plan(), *parts, out=tmp_path / "run", listen=interrupt)
    last = tmp_path / "run" / "last.safetensors"
    last.write_bytes(last.read_bytes()[:-8])
    assert_same(whole, resume(tmp_path / "run", blobs))


def test_a_second_signal_stops_at_once(small_plan: Make, parts: tuple[DataSet, DataSet], tmp_path: Path) -> None:
    def insist(entry: dict[str, Any]) -> None:
        if entry["event"] == "step":
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(small_plan(), *parts, out=tmp_path / "run", listen=insist)
    assert signal.getsignal(signal.SIGINT) is before


def test_training_in_another_thread_needs_no_signals(small_plan: Make, parts: tuple[DataSet, DataSet], tmp_path: Path) -> None:
    thread = threading.Thread(target=train, args=(small_plan(steps=2), *parts), kwargs={"out": tmp_path / "run"})
    thread.start()
    thread.join()
    assert Run.open(tmp_path / "run").journal.read()[-1]["event"] == "end"


def test_resuming_a_finished_run_changes_nothing(
    small_plan: Make, blobs: DataSet, parts: tuple[DataSet, DataSet], tmp_path: Path
) -> None:
    run = train(small_plan(), *parts, out=tmp_path / "run")
    before = weights(run)
    after = weights(resume(run.folder, blobs))
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_changed_data_are_noticed(small_plan: Make, blobs: DataSet, parts: tuple[DataSet, DataSet], tmp_path: Path) -> None:
    run = train(small_plan(steps=2), *parts, out=tmp_path / "run")
    path = parts[0].records[1].image
    path.write_bytes(parts[0].records[0].image.read_bytes())
    with pytest.raises(RunError, match=r"not those that the run began with: cell1 has changed.*--accept-changed-data"):
        resume(run.folder, blobs)
    resume(run.folder, blobs, accept_changed_data=True)


def poison(monkeypatch: pytest.MonkeyPatch, steps: set[int]) -> None:
    """Make the loss of these steps infinite, each once."""
    left = set(steps)
    learn = training._Training.descend

    def descend(self: Any, batch: Any) -> dict[str, float]:
        if self.state.step in left:
            left.discard(self.state.step)
            batch.image.fill_(float("nan"))
        return learn(self, batch)

    monkeypatch.setattr(training._Training, "descend", descend)


def test_a_loss_that_is_no_number_goes_back_once(
    small_plan: Make, parts: tuple[DataSet, DataSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, {6})
    save_at_every_step(monkeypatch)
    run = train(small_plan(), *parts, out=tmp_path / "run")
    notes = [entry["message"] for entry in run.journal.read() if entry["event"] == "note"]
    assert notes[0].startswith("Went back to step 6 with half the learning rate, since the loss of step 6 is no number")
    assert "cell" in notes[0]
    assert all(torch.isfinite(tensor.float()).all() for tensor in weights(run).values())


def test_the_second_time_training_stops_and_keeps_the_last_good_weights(
    small_plan: Make, parts: tuple[DataSet, DataSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, {6, 8})
    with pytest.raises(TrainingError, match=r"again, the loss of step 8.*kept in best\.safetensors") as caught:
        train(small_plan(), *parts, out=tmp_path / "run")
    assert caught.value.exit_code == 4
    tensors, about = load_weights(tmp_path / "run" / "best.safetensors")
    assert about["step"] == 5
    assert all(torch.isfinite(tensor.float()).all() for tensor in tensors.values())


def test_no_number_at_the_very_first_step_starts_afresh(
    small_plan: Make, parts: tuple[DataSet, DataSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, {0})
    run = train(small_plan(), *parts, out=tmp_path / "run")
    assert all(torch.isfinite(tensor.float()).all() for tensor in weights(run).values())


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
        MemoryError(),
    ],
)
def test_out_of_memory_splits_the_batch(
    small_plan: Make, parts: tuple[DataSet, DataSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    learn = training._Training.descend

    def descend(self: Any, batch: Any) -> dict[str, float]:
        if self.pieces == 1:
            raise error
        return learn(self, batch)

    monkeypatch.setattr(training._Training, "descend", descend)
    run = train(small_plan(steps=3), *parts, out=tmp_path / "run")
    notes = [entry["message"] for entry in run.journal.read() if entry["event"] == "note"]
    assert notes == ["Out of memory: from here on a batch is worked through in 2 pieces; the gradients add up alike."]


def test_without_a_validation_part_the_last_weights_are_the_best(small_plan: Make, blobs: DataSet, tmp_path: Path) -> None:
    run = train(small_plan(), blobs, out=tmp_path / "run")
    assert load_weights(run.best_path)[1] == {"step": 12, "score": None, "metric": "none"}
