"""Networks in 8-bit integers: written where they score as before, refused with both scores where not."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from maskwright.base.errors import MaskwrightError, RunError
from maskwright.base.openvino import core, installed
from maskwright.data.dataset import DataSet
from maskwright.engine import export_images
from maskwright.engine.export import export
from maskwright.engine.export_images import quantization
from maskwright.engine.run import Run
from maskwright.engine.runtimes import agree, int8
from maskwright.engine.runtimes.int8 import Quantization
from maskwright.engine.train import train
from maskwright.plan.plan import Plan

pytestmark = pytest.mark.skipif(
    installed() is None or not importlib.util.find_spec("nncf") or not importlib.util.find_spec("onnx"),
    reason="NNCF, OpenVINO or onnx is not installed (pip install 'maskwright[int8,export]')",
)

Make = Callable[..., Plan]


@pytest.fixture(scope="module")
def trained() -> list[Run]:
    """Filled by the first test that asks for it."""
    return []


@pytest.fixture
def run(small_plan: Make, blobs: DataSet, trained: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Run:
    if not trained:
        trained.append(train(small_plan(steps=40), blobs, out=tmp_path_factory.mktemp("run") / "run"))
    return trained[0]


def test_a_file_in_integers_scores_as_before_and_says_what_it_is(run: Run, blobs: DataSet, tmp_path: Path) -> None:
    wanted = Quantization(blobs.with_records(blobs.records[:3]), blobs.with_records(blobs.records[3:5]), most_drop=0.02)
    done = export(run.folder, tmp_path / "a.xml", to="openvino", images=[blobs[0].image], int8=wanted)
    assert done.scores is not None
    before, after = done.scores
    assert before - after <= 0.02
    assert before > 0.5
    assert done.agreement > 0.97
    model = core().read_model(done.path)
    assert json.loads(model.get_rt_info(["framework", "maskwright.classes"]).astype(str))[0]["name"] == "background"
    kinds = [operation.get_type_name() for operation in model.get_ordered_ops()]
    names = [each.get_friendly_name() for each in model.get_ordered_ops() if each.get_type_name() == "FakeQuantize"]
    assert kinds.count("FakeQuantize") > 4
    assert sum("/scale" in name for name in names) == 1  # the scaled image, and nothing on the way there
    classes = core().compile_model(model, "CPU")([blobs[1].image.astype(np.float32)])[0]
    assert classes.shape == blobs[1].image.shape[:2]


def test_where_integers_cost_too_much_nothing_is_written(run: Run, blobs: DataSet, tmp_path: Path) -> None:
    some = blobs.with_records(blobs.records[:1])
    with pytest.raises(
        MaskwrightError, match=r"cost too much: \w+ of .* is 0\.\d{4} with them and 0\.\d{4} without, on 1 images"
    ):
        export(run.folder, tmp_path / "a.xml", to="openvino", images=[blobs[0].image], int8=Quantization(some, some, -1.0))
    assert not list(tmp_path.glob("a.*"))


def test_what_is_missing_is_said(run: Run, blobs: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = blobs.with_records(blobs.records[:1])
    with pytest.raises(MaskwrightError, match="Add --to openvino"):
        export(run.folder, tmp_path / "a.onnx", to="onnx", images=[blobs[0].image], int8=Quantization(some, some))
    monkeypatch.setattr(int8, "find_spec", lambda name: None)
    with pytest.raises(MaskwrightError, match=r"pip install 'maskwright\[int8\]'"):
        int8.quantised(None, [])


def test_ranges_come_from_training_images_spread_evenly_and_scores_from_held_out_ones(
    run: Run, blobs: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = type("Parts", (), {"train": blobs, "val": None})()
    monkeypatch.setattr(export_images, "_parts", lambda run: parts)
    with pytest.raises(RunError, match="no validation part"):
        quantization(run.folder)
    parts.val = blobs.with_records(blobs.records[:2])
    monkeypatch.setattr(int8, "CALIBRATED", 3)
    monkeypatch.setattr(agree, "SIDE", 16)
    found = quantization(run.folder, 0.01)
    last = blobs[len(blobs) - 1].image
    top, left = ((length - 16) // 2 for length in last.shape[:2])
    assert (found.val.records, found.most_drop, len(found.examples())) == (blobs.records[:2], 0.01, 3)
    assert np.array_equal(found.examples()[-1], last[top : top + 16, left : left + 16])
    monkeypatch.setattr(export_images, "PIXELS", 1)  # each is predicted whole: few large ones say enough
    assert len(quantization(run.folder).val) == 1
