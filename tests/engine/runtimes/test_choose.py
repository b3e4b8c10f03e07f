"""What predicts: measured once for a machine, kept with the run, and overruled by a word."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from maskwright.base.errors import MaskwrightError
from maskwright.base.openvino import core, installed
from maskwright.data.dataset import DataSet
from maskwright.engine.predict import load
from maskwright.engine.run import Run
from maskwright.engine.runtimes import choose, openvino
from maskwright.engine.runtimes import torch as pytorch
from maskwright.engine.runtimes.agree import Agreement, agreement_of, some_of
from maskwright.engine.runtimes.choose import Choice, Place, made_ready
from maskwright.engine.train import train
from maskwright.models import UNetConfig
from maskwright.plan.plan import Plan, change
from maskwright.tasks import task_of

needs_openvino = pytest.mark.skipif(installed() is None, reason="OpenVINO is not installed (pip install 'maskwright[fast]')")
CPU = torch.device("cpu")
Make = Callable[..., Plan]


@pytest.fixture
def plan(small_plan: Make) -> Plan:
    return small_plan(model=UNetConfig(widths=(8, 16)), tile_hw=(128, 128))


@pytest.fixture
def any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks as small as those of tests are measured, and nothing takes long."""
    monkeypatch.setattr(choose, "FEW_WEIGHTS", 0)
    monkeypatch.setattr(choose, "SECONDS", 0.001)


def timed(monkeypatch: pytest.MonkeyPatch, seconds: dict[str, float]) -> None:
    """A clock that is known: seconds a call on the square; four small tiles take as long as one, and a third of a large one."""
    share = {64: 1 / 3}
    monkeypatch.setattr(choose, "_seconds", lambda ready, image, **_: seconds[ready.runtime] * share.get(image.shape[-1], 1))


@needs_openvino
@pytest.mark.usefixtures("any_size")
@pytest.mark.parametrize(("seconds", "chosen"), [((1.0, 0.5), "openvino"), ((1.0, 1.05), "openvino"), ((1.0, 1.2), "torch")])
def test_openvino_predicts_unless_it_is_slower(plan, tmp_path, monkeypatch, seconds, chosen):
    timed(monkeypatch, dict(zip(("torch", "openvino"), seconds, strict=True)))
    network = task_of(plan).network()
    ready, choice = made_ready(plan, network, device=CPU, place=Place(tmp_path, "w"))
    assert (ready.runtime, choice.runtime) == (chosen, chosen)
    assert "a megapixel" in choice.words
    monkeypatch.setattr(choose, "_measured", lambda *_: pytest.fail("it was measured again"))
    again, kept = made_ready(plan, network, device=CPU, place=Place(tmp_path, "w"))
    assert (again.runtime, kept) == (chosen, choice)


@needs_openvino
@pytest.mark.usefixtures("any_size")
def test_a_choice_holds_for_its_machine_and_its_weights_alone(plan, tmp_path, monkeypatch):
    place = Place(tmp_path, "w")
    chosen = Choice("torch", "fp32", (64, 64), 1, "Measured.", {"torch": 1.0}, 0.98)
    place.keep("auto auto cpu", chosen)
    assert place.kept("auto auto cpu") == chosen
    assert place.kept("auto bf16 cpu") is None
    assert Place(tmp_path, "other").kept("auto auto cpu") is None
    monkeypatch.setattr(choose, "processor", lambda: "another")
    assert place.kept("auto auto cpu") is None
    place.keep("auto auto cpu", Choice("openvino", "bf16", (64, 64), 2, "Measured.", {}))
    assert len(json.loads((tmp_path / "runtime.json").read_text())) == 2
    for damaged in ("", "{}", '[{"machine": 1}]', "[3]"):
        (tmp_path / "runtime.json").write_text(damaged)
        assert place.kept("auto auto cpu") is None
        place.keep("auto auto cpu", Choice("torch", "fp32", (64, 64), 1, "Again.", {}))
        assert place.kept("auto auto cpu") is not None


@needs_openvino
@pytest.mark.usefixtures("any_size")
def test_a_plan_that_was_edited_is_followed(plan, tmp_path, monkeypatch):
    timed(monkeypatch, {"torch": 1.0, "openvino": 0.1})
    place = Place(tmp_path, "w")
    for tile in ("[128,128]", "[96,96]"):
        for precision in ("fp32", "bf16"):
            edited = change(plan, {"tile_hw": tile, "precision": precision})
            _, choice = made_ready(edited, task_of(edited).network(), device=CPU, place=place)
            assert (choice.tile_hw, choice.precision) == (edited.tile_hw, precision)


@needs_openvino
@pytest.mark.usefixtures("any_size")
def test_what_draws_something_else_does_not_predict(plan, tmp_path, monkeypatch):
    timed(monkeypatch, {"torch": 1.0, "openvino": 0.1})
    monkeypatch.setattr(choose, "_difference", lambda *_: 0.5)
    _, choice = made_ready(plan, task_of(plan).network(), device=CPU)
    assert choice.runtime == "torch"
    assert "differs by 50%" in choice.why


@pytest.mark.usefixtures("any_size")
def test_without_openvino_or_where_it_fails_torch_predicts_and_says_why(plan, monkeypatch):
    network = task_of(plan).network()

    def fails(*_: object, **__: object) -> None:
        raise MaskwrightError("OpenVINO cannot run this network (odd). Predict with --runtime torch.")

    with monkeypatch.context() as patched:
        patched.setattr(openvino, "ready", fails)
        patched.setattr(choose, "installed", lambda: "1.0")
        _, choice = made_ready(plan, network, device=CPU)
        assert choice.words == "PyTorch predicts. OpenVINO cannot run this network (odd)."
    monkeypatch.setattr(choose, "installed", lambda: None)
    _, choice = made_ready(plan, network, device=CPU)
    assert (choice.runtime, "pip install 'maskwright[fast]'" in choice.why) == ("torch", True)


def test_small_networks_and_other_devices_are_not_measured(plan):
    network = task_of(plan).network()
    _, choice = made_ready(plan, network, device=CPU)
    assert "so small" in choice.why
    with pytest.raises(MaskwrightError, match="Add --device cpu"):
        made_ready(plan, network, device=torch.device("meta"), runtime="openvino")


@needs_openvino
@pytest.mark.usefixtures("any_size")
def test_tiles_are_changed_where_that_is_clearly_faster_and_nobody_set_them(plan, monkeypatch):
    timed(monkeypatch, {"torch": 1e-4, "openvino": 1e-4})
    network = task_of(plan).network()
    _, choice = made_ready(plan, network, device=CPU)
    assert (choice.tile_hw, choice.batch) == ((64, 64), 4)
    _, choice = made_ready(change(plan, {"tile_hw": "[128,128]"}), network, device=CPU)
    assert (choice.tile_hw, choice.batch) == ((128, 128), 1)
    timed(monkeypatch, {"torch": 10.0, "openvino": 10.0})  # which leaves no time for trying
    _, choice = made_ready(plan, network, device=CPU)
    assert (choice.tile_hw, choice.batch) == ((128, 128), 1)


@needs_openvino
def test_a_run_predicts_the_same_in_either_runtime(plan: Plan, blobs: DataSet, tmp_path: Path):
    """On 99.9 % of the pixels at least; tiles at once change nothing."""
    run = train(change(plan, {"steps": "12", "tile_hw": "[48,48]"}), blobs, out=tmp_path / "run")
    assert isinstance(run, Run)
    exact, fast = load(run.folder, runtime="torch"), load(run.folder, runtime="openvino")
    assert fast.choice.words == "OpenVINO predicts. It was asked for."
    images = [blobs[number].image for number in range(3)]
    same = [np.mean(exact(image).ids == fast(image).ids) for image in images]  # type: ignore[union-attr]
    assert min(same) > 0.999
    before = fast.probabilities(images[0])
    fast.choice = Choice("openvino", "fp32", (48, 48), 3, "", {})
    assert np.abs(fast.probabilities(images[0]) - before).max() < 1e-5


@pytest.fixture
def bf16(small_plan: Make) -> Plan:
    return small_plan(model=UNetConfig(widths=(8, 16)), tile_hw=(128, 128), precision="bf16")


@needs_openvino
@pytest.mark.usefixtures("any_size")
@pytest.mark.parametrize(("share", "by", "precision"), [
    (0.999, "pixels", "bf16"), (0.9989, "pixels", "fp32"),
    (0.995, "panoptic quality", "bf16"), (0.99, "panoptic quality", "fp32"),
])  # fmt: skip
def test_bfloat16_predicts_where_it_agrees_with_single_precision(bf16, tmp_path, monkeypatch, share, by, precision):
    timed(monkeypatch, {"torch": 1.0, "openvino": 0.5})
    monkeypatch.setattr(choose, "_difference", lambda *_: 0.0)
    network, place = task_of(bf16).network(), Place(tmp_path, "w")
    compared = []

    def agree(first, other):
        compared.append((first.runtime, first.precision, other.runtime, other.precision))
        return Agreement(share, by, 3)

    _, choice = made_ready(bf16, network, device=CPU, place=place, agree=agree)
    assert compared == [("torch", "fp32", "openvino", can("bf16"))] if can("bf16") == "bf16" else not compared
    if compared:
        assert (choice.precision, choice.agreement) == (precision, share)
    if compared and precision == "fp32":
        assert choice.words.startswith("OpenVINO predicts. In single precision, 7.6 s a megapixel: bfloat16 takes 7.6 s, but")
        what = (
            "99.89% of the pixels of 3 images (99.9% are asked for)"
            if by == "pixels"
            else "a panoptic quality of 0.990 of 3 images"
        )
        assert f"agrees with it only by {what}" in choice.words
    monkeypatch.setattr(choose, "_measured", lambda *_: pytest.fail("it was measured again"))
    _, kept = made_ready(bf16, network, device=CPU, place=place, agree=agree)
    assert kept == choice
    assert len(compared) <= 1


def can(precision: str) -> str:
    """What OpenVINO predicts in here when this is asked for."""
    return precision if "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "fp32"


@pytest.mark.usefixtures("any_size")
def test_a_word_overrules_the_comparison_and_without_images_there_is_none(bf16, tmp_path):
    network, place = task_of(bf16).network(), Place(tmp_path, "w")
    differs = lambda *_: Agreement(0.5, "pixels", 1)  # noqa: E731
    ready, choice = made_ready(bf16, network, device=CPU, runtime="torch", precision="bf16", place=place, agree=differs)
    assert (ready.precision, choice.agreement) == ("bf16", None)
    ready, _ = made_ready(bf16, network, device=CPU, runtime="torch", precision="fp32", place=place, agree=differs)
    assert ready.precision == "fp32"
    ready, choice = made_ready(bf16, network, device=CPU, runtime="torch", place=place, agree=lambda *_: None)
    assert (ready.precision, choice.agreement) == ("bf16", None)
    ready, choice = made_ready(bf16, network, device=CPU, runtime="torch", place=place, agree=differs)
    assert (ready.precision, choice.precision, choice.agreement) == ("fp32", "fp32", 0.5)
    ready, choice = made_ready(bf16, network, device=CPU, runtime="torch", place=place, agree=lambda *_: pytest.fail("again"))
    assert ready.precision == "fp32"


def test_precisions_are_compared_on_the_middle_of_images_that_are_predicted(small_plan, tmp_path):
    """Classes pixel by pixel; an image that cannot be read is passed over, and of a stack the middle plane is taken."""
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 255, (600, 40, 1), np.uint8)
    folder = tmp_path / "some"
    folder.mkdir()
    Image.fromarray(whole[..., 0]).save(folder / "a.png")
    (folder / "b.png").write_bytes(b"no image")
    tifffile.imwrite(folder / "c.tif", np.stack([whole[..., 0] // k for k in (1, 2, 4)]), imagej=True, metadata={"axes": "ZYX"})
    images = some_of([folder])
    assert [image.shape for image in images] == [(512, 40, 1), (512, 40, 1)]
    assert np.array_equal(images[0], whole[44:556])
    assert np.array_equal(images[1], whole[44:556] // 2)
    plan = small_plan()
    network = task_of(plan).network().eval()
    ready = pytorch.ready(network, precision="fp32", device=CPU)
    assert agreement_of(task_of(plan), plan, ready, ready, images) == Agreement(1.0, "pixels", 2)
    other = pytorch.ready(task_of(plan).network().eval(), precision="fp32", device=CPU)
    found = agreement_of(task_of(plan), plan, ready, other, images)
    assert found.share < 1
    assert not found.is_enough
