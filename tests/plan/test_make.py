"""Making plans on data: the budget is kept, changes by hand win, and equal inputs ask for equal things."""

from pathlib import Path

import pytest

from maskwright.base.errors import PlanError
from maskwright.data.dataset import DataSet, read
from maskwright.models import EncoderUNetConfig, MaskRCNNConfig
from maskwright.plan import make
from maskwright.plan.budget import Cost


@pytest.fixture
def blobs(blob_folder: Path) -> DataSet:
    return read(blob_folder)


def cost_of(monkeypatch: pytest.MonkeyPatch, seconds_by_width: dict[int, float]) -> None:
    """Let a step cost what is said, by the width of the finest resolution, and a megapixel 10 s."""

    def measure(plan, samples, *, device):  # type: ignore[no-untyped-def]
        return Cost(step_seconds=seconds_by_width[plan.model.widths[0]], megapixel_seconds=10.0, memory_gb=0.1)

    monkeypatch.setattr(make, "measure", measure)


def test_the_widest_network_that_takes_enough_steps_is_chosen(blobs: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    cost_of(monkeypatch, {8: 0.1, 16: 0.3, 32: 0.8})
    plan = make.plan(blobs, budget_minutes=10)
    assert plan.model.widths[0] == 16
    assert plan.steps == int(600 * 0.96 / 0.3)
    assert "10 min at 0.30 s a step" in plan.decisions[-1].why


def test_where_no_network_takes_enough_steps_the_narrowest_is(blobs: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    cost_of(monkeypatch, {8: 30.0})  # a wider one is not even timed
    plan = make.plan(blobs, budget_minutes=1)
    assert plan.model.widths[0] == 8
    assert plan.steps == 1


def test_validations_take_their_part_of_the_budget(blobs: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    cost_of(monkeypatch, {8: 0.01, 16: 0.01, 32: 0.01, 64: 0.01})
    val = blobs.with_records(blobs.records[:2])  # 2 x 64 x 64 pixels at 10 s a megapixel: 0.08 s
    plan = make.plan(blobs, val, budget_minutes=1)
    assert plan.steps == int((60 * 0.96 - 10 * 0.08192) / 0.01)
    assert plan.validate_every == -(-plan.steps // 10)
    assert plan.validation_images is None
    hurried = make.plan(blobs, blobs, budget_minutes=0.01)  # 0.6 s: two validations of 4 images
    assert hurried.validation_images == 4


def test_changes_by_hand_win(blobs: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    cost_of(monkeypatch, {12: 99.0})
    plan = make.plan(blobs, budget_minutes=1, changes={"model.widths": "[12, 24]", "steps": "33", "crop_hw": "[48,48]"})
    assert (plan.model.widths, plan.steps, plan.crop_hw) == ((12, 24), 33, (48, 48))


def test_large_images_of_wide_classes_are_shrunk_in_crops_and_tiles(blobs: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    cost_of(monkeypatch, {8: 0.1, 16: 0.3, 32: 0.8})
    usual = make.plan(blobs)
    assert (usual.shrink, usual.tile_hw, usual.tile_overlap) == (1, (1024, 1024), 128)
    by_hand = make.plan(blobs, changes={"shrink": "2"})
    assert (by_hand.shrink, by_hand.crop_hw, by_hand.tile_hw, by_hand.tile_overlap) == (2, (32, 32), (2048, 2048), 256)
    monkeypatch.setattr(make.rules, "shrink", lambda *_, **__: (8, ("images at 1/8 of their size", "Wide.")))
    large = make.plan(blobs)
    assert (large.shrink, large.tile_hw, large.tile_overlap, large.stride) == (8, (4096, 4096), 1024, 8 * large.model.stride)
    assert "shrink" in [decision.name for decision in large.decisions]
    with pytest.raises(PlanError, match=r"shrink is 0; it must be from 1 \(as they are\) to 16"):
        make.plan(blobs, changes={"shrink": "0"})
    with pytest.raises(PlanError, match="shrink is 2; it must be 1 where objects are found one by one"):
        make.plan(blobs, task="instance", model="mask-rcnn", changes={"shrink": "2"})


def test_a_real_measurement_makes_a_plan_that_can_be_trained(blobs: DataSet) -> None:
    plan = make.plan(blobs, budget_minutes=0.05, changes={"model.widths": "[4, 8]"})
    assert plan.steps >= 1
    assert plan.channels == 1
    assert [decision.name for decision in plan.decisions][:3] == ["task", "normalization", "crop"]


def test_a_batch_that_no_memory_holds_is_refused(blobs: DataSet) -> None:
    with pytest.raises(PlanError, match=r"A batch of 4 crops of .* does not fit into the memory of cpu"):
        make.plan(blobs, changes={"model.widths": "[10000000000000]"})


def test_a_budget_of_nothing_is_refused(blobs: DataSet) -> None:
    for minutes in (0.0, -1.0, float("nan")):
        with pytest.raises(PlanError, match="must be above 0"):
            make.plan(blobs, budget_minutes=minutes)


def test_tiles_of_an_enlarged_image_are_as_large_as_others_to_the_encoder(
    blobs: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "measure", lambda *_, **__: Cost(step_seconds=1.0, megapixel_seconds=1.0, memory_gb=0.1))
    plan = make.plan(blobs, budget_minutes=1, task="instance", model="unet", encoder="efficientnet-lite0")
    assert isinstance(plan.model, EncoderUNetConfig)
    assert plan.model.enlarge == 2
    assert (plan.tile_hw, plan.tile_overlap) == ((512, 512), 64)
    assert "512 pixels, 64 shared" in plan.explain()


def test_objects_are_found_one_by_one_where_that_is_asked_for(blobs: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "measure", lambda *_, **__: Cost(step_seconds=1.0, megapixel_seconds=1.0, memory_gb=0.1))
    plan = make.plan(blobs, budget_minutes=1, task="instance", model="mask-rcnn")
    assert isinstance(plan.model, MaskRCNNConfig)
    assert plan.encoder_weights == "imagenet"
    assert plan.model.fixed_norms
    assert (plan.batch, plan.crop_hw, plan.tile_hw) == (2, (64, 64), (1024, 1024))
    names = [decision.name for decision in plan.decisions]
    assert len(set(names)) == len(names)
    assert {"task", "network", "crop", "loss", "optimizer", "tiles", "augmentation", "steps"} <= set(names)
    assert "five losses" in plan.explain()
    changed = make.plan(blobs, budget_minutes=1, task="instance", model="mask-rcnn", changes={"model.width": "64"})
    assert changed.model.width == 64  # type: ignore[union-attr]


def test_the_data_choose_the_way_to_objects_with_the_reason(blobs: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "measure", lambda *_, **__: Cost(step_seconds=30.0, megapixel_seconds=1.0, memory_gb=0.1))
    plan = make.plan(blobs, budget_minutes=1, task="instance")
    assert not isinstance(plan.model, MaskRCNNConfig)
    assert "maps tell them apart" in next(decision.why for decision in plan.decisions if decision.name == "task")


@pytest.mark.parametrize(("weights", "rates"), [(None, "AdamW at 0.003"), ("none", "AdamW at 0.001")])
def test_a_trained_encoder_learns_objects_at_a_higher_rate_than_a_fresh_one(
    blobs: DataSet, monkeypatch: pytest.MonkeyPatch, weights: str | None, rates: str
) -> None:
    monkeypatch.setattr(make, "measure", lambda *_, **__: Cost(step_seconds=1.0, megapixel_seconds=1.0, memory_gb=0.1))
    plan = make.plan(blobs, task="instance", model="unet", encoder="efficientnet-lite0", encoder_weights=weights)
    (decision,) = (each for each in plan.decisions if each.name == "optimizer")
    assert decision.value == rates == f"AdamW at {plan.optimizer.learning_rate:g}"
    assert plan.optimizer.encoder_rate == 1


def test_a_mask_r_cnn_finds_no_classes_of_pixels(blobs: DataSet) -> None:
    with pytest.raises(PlanError, match=r"'instance' for a Mask R-CNN.*--task instance.*--model: unet"):
        make.plan(blobs, budget_minutes=1, model="mask-rcnn")


def test_mirror_images_of_objects_are_not_averaged(blobs: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlanError, match=r"mirror is True; it must be false for a Mask R-CNN"):
        make.plan(blobs, budget_minutes=1, task="instance", model="mask-rcnn", changes={"mirror": "true"})


def test_a_real_measurement_of_a_mask_r_cnn(blobs: DataSet) -> None:
    numbers = {"width": "16", "box_width": "32", "candidates": "60", "proposals": "40", "sampled_boxes": "32"}
    changes = {f"model.{name}": value for name, value in numbers.items()}
    plan = make.plan(blobs, blobs, budget_minutes=0.05, task="instance", model="mask-rcnn", encoder="plain", changes=changes)
    assert plan.steps >= 1
