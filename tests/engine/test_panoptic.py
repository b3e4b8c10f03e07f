"""Panoptic training through the engine, both ways: it learns squares, resumes to the same weights, and keeps its thresholds."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from maskwright.base.errors import Interrupted, PlanError
from maskwright.data.dataset import DataSet, read
from maskwright.engine.evaluate import evaluate
from maskwright.engine.predict import load
from maskwright.engine.predict_folder import predict_folder
from maskwright.engine.run import Run
from maskwright.engine.train import resume, train
from maskwright.engine.weights import load_weights
from maskwright.formats import coco_panoptic
from maskwright.masks.classes import Classes
from maskwright.masks.types import LabelMap, Panoptic, Segment
from maskwright.models import EncoderUNetConfig, MaskRCNNConfig, Model, PanopticDeepLabConfig, PanopticFPNConfig, UNetConfig
from maskwright.plan import make, panoptic_rules
from maskwright.plan.budget import Cost
from maskwright.plan.plan import Optimizer, Plan
from maskwright.sampling.augment import Augmentation

CLASSES = Classes.named("sky", "road", "car", things=["car"])
DETECTOR = MaskRCNNConfig(
    encoder="plain", width=16, box_width=32, anchor_sizes=(8, 16, 32, 64, 128), candidates=60, proposals=40, sampled_anchors=64,
    sampled_boxes=32,
)  # fmt: skip
WAYS: dict[str, Model] = {
    "maps": UNetConfig(widths=(8, 16, 32)),
    "boxes": PanopticFPNConfig(detector=DETECTOR, things=(2,), stuff_width=8),
}


def street(number: int) -> tuple[np.ndarray, Panoptic]:
    """Gray sky over black road, and two white cars that do not touch."""
    rng = np.random.default_rng(number)
    ids, image = np.ones((64, 64), np.int32), np.full((64, 64), 120, np.uint8)
    ids[32:], image[32:] = 2, 30
    for place, x0 in enumerate((2, 34), 3):
        y, x = 24 + rng.integers(0, 14), x0 + rng.integers(0, 10)
        ids[y : y + 14, x : x + 16], image[y : y + 14, x : x + 16] = place, 230
    noisy = np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    return noisy, Panoptic(ids, (Segment(1, 0), Segment(2, 1), Segment(3, 2), Segment(4, 2)), CLASSES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("street")
    (root / "images").mkdir()
    scenes = {f"{number}.png": street(number) for number in range(6)}
    for name, (image, _) in scenes.items():
        Image.fromarray(image).save(root / "images" / name)
    coco_panoptic.write(root / "panoptic.json", ((name, panoptic) for name, (_, panoptic) in scenes.items()))
    return root


@pytest.fixture
def streets(folder: Path) -> DataSet:
    return read(folder)


@pytest.fixture
def plan_of(small_plan: Callable[..., Plan]) -> Callable[..., Plan]:
    """`plan_of("maps", steps=4)`: a plan of a tiny network for `streets`."""

    def make(way: str, **values: object) -> Plan:
        fixed = {
            "task": "panoptic", "classes": CLASSES, "background": None, "model": WAYS[way], "crop_hw": (64, 64), "steps": 6,
            "validate_every": 3, "tile_hw": (64, 64), "center_px": 3.0,
        }  # fmt: skip
        return small_plan(**fixed | values)

    return make


@pytest.mark.parametrize("way", WAYS)
def test_stopping_and_resuming_changes_no_bit(way: str, plan_of: Callable[..., Plan], streets: DataSet, tmp_path: Path) -> None:
    plan = plan_of(way, precision="bf16")
    assert Plan.from_json(plan.to_json()) == plan
    parts = streets.with_records(streets.records[:4]), streets.with_records(streets.records[4:])
    whole = train(plan, *parts, out=tmp_path / "whole")

    def interrupt(entry: dict[str, Any]) -> None:
        if entry["event"] == "step" and entry["step"] == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="Stopped at step 2 of 6"):
        train(plan, *parts, out=tmp_path / "parts", listen=interrupt)
    again = resume(tmp_path / "parts", streets)
    first, second = (load_weights(run.folder / "last.safetensors")[0] for run in (whole, again))
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name
    assert whole.settled == again.settled is not None
    assert load_weights(whole.best_path)[1]["metric"] == "PQ/all classes"


@pytest.mark.parametrize(("way", "steps", "rate"), [("maps", 80, 2e-2), ("boxes", 40, 5e-3)])
def test_it_learns_cars_on_a_road(
    way: str, steps: int, rate: float, plan_of: Callable[..., Plan], streets: DataSet, folder: Path, tmp_path: Path
) -> None:
    optimizer = Optimizer(learning_rate=rate)
    plan = plan_of(way, steps=steps, validate_every=steps, augmentation=Augmentation.off(), optimizer=optimizer)
    few = streets.with_records(streets.records[:2])
    run = train(plan, few, few, out=tmp_path / "run")
    predict = load(run.folder)
    assert evaluate(predict, few).row("PQ", "all classes").value > 0.7
    report = predict_folder(predict, folder / "images", tmp_path / "out")
    assert len(coco_panoptic.read(tmp_path / "out" / "panoptic.json").images) == len(report.done) == 6


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_one_data_set_trains_the_other_tasks_too(
    task: str, small_plan: Callable[..., Plan], streets: DataSet, tmp_path: Path
) -> None:
    seen = streets.for_task(task)
    background = seen.classes.background
    plan = small_plan(task=task, classes=seen.classes, background=background, model=UNetConfig(widths=(4, 8)), steps=2)
    run = train(plan, streets, streets, out=tmp_path / task)
    predict = load(run.folder)
    assert evaluate(predict, streets).row("iou" if task == "semantic" else "PQ", seen.classes.names[-1]).images == 6
    assert isinstance(predict(streets[0].image), LabelMap) == (task == "semantic")


def planned(streets: DataSet, monkeypatch: pytest.MonkeyPatch, **wanted: Any) -> Plan:
    """A plan where nothing is timed."""
    monkeypatch.setattr(make, "measure", lambda plan, samples, device: Cost(step_seconds=1, megapixel_seconds=1, memory_gb=1))
    return make.plan(streets, streets, budget_minutes=1, task="panoptic", **wanted)


def test_the_plan_takes_boxes_for_few_things_and_maps_for_many(streets: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(streets, monkeypatch)
    assert isinstance(plan.model, PanopticFPNConfig)
    assert "Typically 2 things an image: each is judged as a whole" in {d.name: d.why for d in plan.decisions}["network"]
    monkeypatch.setattr(panoptic_rules, "MANY", 1)
    crowded = planned(streets, monkeypatch)
    assert isinstance(crowded.model, EncoderUNetConfig)
    assert "maps find any number of them" in {d.name: d.why for d in crowded.decisions}["task"]


def test_the_plan_of_maps_has_what_maps_need(streets: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(streets, monkeypatch, model="unet")
    assert isinstance(plan.model, EncoderUNetConfig)
    assert plan.model.enlarge == 1  # stuff needs its surroundings
    assert plan.background is None
    decided = {decision.name: decision for decision in plan.decisions}
    assert "car" in decided["task"].why
    assert "sky, road" in decided["task"].why
    assert decided["optimizer"].value == "AdamW at 0.005, 0.1 of it in the encoder"
    assert plan.optimizer.encoder_rate == 0.1
    assert plan.class_weights is None
    assert decided["loss"].value == "cross-entropy + Dice + centres + offsets"
    assert isinstance(planned(streets, monkeypatch, model="panoptic-deeplab").model, PanopticDeepLabConfig)


def test_the_plan_of_a_panoptic_fpn_names_the_things(streets: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(streets, monkeypatch, model="panoptic-fpn")
    assert isinstance(plan.model, PanopticFPNConfig)
    assert plan.model.things == (2,)
    assert plan.model.detector.fixed_norms
    assert plan.batch == 2
    assert "0.5 of the cross-entropy of stuff" in {d.name: d.value for d in plan.decisions}["loss"]
    with pytest.raises(PlanError, match=r"model\.things is \(1,\); it must be \(2,\), the ids of the classes of things"):
        planned(streets, monkeypatch, model="panoptic-fpn", changes={"model.things": "[1]"})


def test_tasks_and_networks_that_do_not_fit_are_refused(
    streets: DataSet, blobs: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PlanError, match="for things and stuff, panoptic-fpn"):
        planned(streets, monkeypatch, model="mask-rcnn")
    for model in ("panoptic-fpn", "panoptic-deeplab"):
        with pytest.raises(PlanError, match="'panoptic' for a Panoptic"):
            make.plan(streets, budget_minutes=1, task="semantic", model=model)
    with pytest.raises(PlanError, match=r"None of the classes background, foreground is a thing.*--task semantic"):
        planned(blobs, monkeypatch)
    with pytest.raises(PlanError, match="mirror is True; it must be false for a Panoptic FPN"):
        planned(streets, monkeypatch, model="panoptic-fpn", changes={"mirror": "true"})


def test_a_run_says_what_it_is(plan_of: Callable[..., Plan], streets: DataSet, tmp_path: Path) -> None:
    run = train(plan_of("maps", steps=1, validate_every=1), streets, out=tmp_path / "run")
    assert Run.open(run.folder).plan.task == "panoptic"
