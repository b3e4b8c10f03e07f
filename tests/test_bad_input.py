"""Bad input and faults of the surroundings that cross several layers; docs/reference/bad-input.md lists all of them."""

import os
from collections.abc import Callable
from dataclasses import replace
from errno import EACCES
from pathlib import Path
from typing import Any

import pytest
import torch

import maskwright as mw
import maskwright.engine.train as training
from maskwright.data.dataset import DataSet
from maskwright.engine.run import Run
from maskwright.engine.weights import load_weights
from maskwright.losses import LossTerm
from maskwright.metrics.scores import Scores
from maskwright.models.unet import UNetConfig
from maskwright.plan.plan import Optimizer, Plan
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.normalize import Normalization


@pytest.fixture
def parts(blob_folder: Path) -> tuple[DataSet, DataSet]:
    data = mw.read(blob_folder)
    return data.with_records(data.records[:4]), data.with_records(data.records[4:])


@pytest.fixture
def plan(parts: tuple[DataSet, DataSet]) -> Plan:
    """Six steps of plain gradient descent."""
    return Plan(
        classes=parts[0].classes,
        channels=1,
        model=UNetConfig(widths=(4, 8)),
        normalization=Normalization(),
        crop_hw=(32, 32),
        batch=2,
        foreground_share=0.5,
        augmentation=Augmentation.off(),
        loss=(LossTerm(name="cross-entropy"),),
        optimizer=Optimizer(name="sgd", learning_rate=1e-2, momentum=0.0, weight_decay=0.0, warmup_share=0.0),
        steps=6,
        validate_every=2,
        precision="fp32",
        tile_hw=(48, 48),
        tile_overlap=16,
        budget_minutes=1.0,
    )


def deny(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, denied: Path) -> None:
    """Make one function of the system refuse one path, as it does to people without permission; tests may run as root."""
    real: Callable[..., Any] = getattr(owner, name)

    def refusing(path: Any, *arguments: Any, **named: Any) -> Any:
        if Path(os.fspath(path)) == denied:
            raise PermissionError(EACCES, "Permission denied", str(path))
        return real(path, *arguments, **named)

    monkeypatch.setattr(owner, name, refusing)


def test_a_file_without_permission_is_named_and_the_rest_is_read(blob_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    denied = blob_folder / "images" / "cell2.png"
    deny(monkeypatch, Path, "open", denied)
    report = mw.check(blob_folder)
    (finding,) = (finding for finding in report.findings if finding.code == "unreadable-image")
    assert "cell2.png" in finding.message
    assert "Permission denied" in finding.message
    assert report.data is not None
    assert [record.id for record in report.data.records] == ["cell0", "cell1", "cell3", "cell4", "cell5"]


def test_a_folder_without_permission_is_named_and_the_rest_is_read(blob_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    denied = blob_folder / "images" / "secret"
    denied.mkdir()
    deny(monkeypatch, os, "listdir", denied)
    report = mw.check(blob_folder)
    (finding,) = (finding for finding in report.findings if finding.code == "broken-link")
    assert "secret: the folder cannot be opened (Permission denied)" in finding.message
    assert report.data is not None
    assert len(report.data) == 6


def test_a_score_that_cannot_be_measured_is_never_the_best(
    plan: Plan, parts: tuple[DataSet, DataSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Validations at steps 2, 4 and 6 score 0.5, nothing, and 0.25."""
    values = iter([0.5, float("nan"), 0.25])
    evaluate = training.evaluate

    def scripted(*arguments: Any) -> Scores:
        scores, value = evaluate(*arguments), next(values)
        return replace(scores, rows=tuple(replace(row, value=value) for row in scores.rows))

    monkeypatch.setattr(training, "evaluate", scripted)
    run = mw.train(plan, *parts, out=tmp_path / "run")
    assert load_weights(run.best_path)[1]["step"] == 2
    assert [entry["score"] for entry in run.journal.read() if entry["event"] == "validation"] == [0.5, None, 0.25]


def moved(run: Run, start: Run) -> float:
    """How far the weights lie from those of another run."""
    now, then = (load_weights(each.folder / "last.safetensors")[0] for each in (run, start))
    names = [name for name in now if name.startswith("network.") and name.endswith(("weight", "bias"))]
    return sum(float((now[name] - then[name]).square().sum()) for name in names) ** 0.5


def test_exploding_gradients_move_the_weights_no_further_than_the_limit(
    plan: Plan, parts: tuple[DataSet, DataSet], tmp_path: Path
) -> None:
    """A loss a billion times as large takes steps of at most learning rate times limit."""
    limit = 0.5
    plan = replace(plan, loss=(LossTerm(name="cross-entropy", weight=1e9),), optimizer=replace(plan.optimizer, clip_norm=limit))
    still = replace(plan, steps=1, optimizer=replace(plan.optimizer, learning_rate=1e-30))
    run, start = mw.train(plan, *parts, out=tmp_path / "run"), mw.train(still, *parts, out=tmp_path / "start")
    assert 0 < moved(run, start) <= plan.steps * plan.optimizer.learning_rate * limit * 1.0001


def test_batch_normalisation_bears_a_batch_of_one() -> None:
    """Even for an image of one pixel, the coarsest map has more than one, so that there is something to normalise over."""
    network = UNetConfig(widths=(4, 8, 16), norm="batch").build(channels=1, classes=2).train()
    logits = network(torch.rand(1, 1, 1, 1))
    assert logits.shape == (1, 2, 1, 1)
    assert torch.isfinite(logits).all()
