"""Mask R-CNN through the engine: it learns discs, resumes to the same weights, predicts in tiles, and keeps its confidence."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from maskwright.base.errors import Interrupted, PlanError
from maskwright.data.dataset import DataSet
from maskwright.engine.evaluate import evaluate
from maskwright.engine.predict import Predictor, load
from maskwright.engine.predict_folder import predict_folder
from maskwright.engine.run import Run
from maskwright.engine.train import resume, train
from maskwright.engine.weights import load_weights
from maskwright.masks.types import Instances
from maskwright.models import MaskRCNNConfig
from maskwright.plan.plan import Optimizer, Plan
from maskwright.sampling.augment import Augmentation

TINY = MaskRCNNConfig(
    encoder="plain", width=16, box_width=32, anchor_sizes=(8, 16, 32, 64, 128), candidates=60, proposals=40, sampled_anchors=64,
    sampled_boxes=32,
)  # fmt: skip


@pytest.fixture
def plan_of(small_plan: Callable[..., Plan]) -> Callable[..., Plan]:
    """`plan_of(steps=4)`: a plan of a tiny Mask R-CNN for `blobs`."""

    def make(**values: object) -> Plan:
        fixed = {"task": "instance", "model": TINY, "crop_hw": (64, 64), "steps": 8, "validate_every": 4, "tile_hw": (64, 64)}
        return small_plan(**fixed | values)

    return make


@pytest.fixture
def parts(blobs: DataSet) -> tuple[DataSet, DataSet]:
    return blobs.with_records(blobs.records[:4]), blobs.with_records(blobs.records[4:])


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_weights(run.folder / "last.safetensors")[0]


def test_stopping_and_resuming_changes_no_bit(
    plan_of: Callable[..., Plan], blobs: DataSet, parts: tuple[DataSet, DataSet], tmp_path: Path
) -> None:
    """Boxes are sampled by chance, which depends on seed and step alone."""
    plan = plan_of(precision="bf16")
    assert Plan.from_json(plan.to_json()) == plan
    whole = train(plan, *parts, out=tmp_path / "whole")

    def interrupt(entry: dict[str, Any]) -> None:
        if entry["event"] == "step" and entry["step"] in (3, 6):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="Stopped at step 3 of 8"):
        train(plan, *parts, out=tmp_path / "parts", listen=interrupt)
    with pytest.raises(Interrupted, match="Stopped at step 6 of 8"):
        resume(tmp_path / "parts", blobs, listen=interrupt)
    again = resume(tmp_path / "parts", blobs)
    first, second = weights(whole), weights(again)
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name
    assert load_weights(whole.best_path)[1] == load_weights(again.best_path)[1]
    assert whole.settled == again.settled
    assert whole.settled is not None
    assert whole.settled.keys() == {"least_score"}


def test_it_learns_bright_discs(plan_of: Callable[..., Plan], parts: tuple[DataSet, DataSet], tmp_path: Path) -> None:
    plan = plan_of(steps=70, validate_every=70, augmentation=Augmentation.off(), optimizer=Optimizer(learning_rate=3e-3))
    run = train(plan, *parts, out=tmp_path / "run")
    predict = load(run.folder)
    scores = evaluate(predict, parts[0])
    assert scores.row("AP50 (COCO)", "foreground").value > 0.7
    shown, ranked = predict(parts[0][0].image), predict.ranked(parts[0][0].image)
    assert isinstance(shown, Instances)
    assert isinstance(ranked, Instances)
    assert 0 < len(shown) <= len(ranked)
    assert shown.scores.tolist() == ranked.scores[: len(shown)].tolist()


def test_there_are_no_probabilities_of_pixels(
    plan_of: Callable[..., Plan], blobs: DataSet, blob_folder: Path, tmp_path: Path
) -> None:
    plan = plan_of()
    predict = Predictor(plan, plan.model.build(channels=1, classes=2), device=torch.device("cpu"))
    with pytest.raises(PlanError, match=r"no probabilities for every pixel.*Leave out --probabilities"):
        predict.probabilities(blobs[0].image)
    with pytest.raises(PlanError, match="Leave out --probabilities"):
        predict_folder(predict, blob_folder / "images", tmp_path / "out", extras=["probabilities"])
    assert not (tmp_path / "out").exists()
