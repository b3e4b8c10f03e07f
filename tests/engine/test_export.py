"""Exported files: the same answers in ONNX Runtime and OpenVINO, on sizes they have not seen, and nothing written where not."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maskwright.base.errors import MaskwrightError
from maskwright.base.openvino import installed
from maskwright.data.dataset import DataSet
from maskwright.engine.export import export
from maskwright.engine.export_graph import pasted
from maskwright.engine.export_scale import Scale, percentile
from maskwright.engine.predict import load
from maskwright.engine.run import Run
from maskwright.engine.train import train
from maskwright.engine.weights import save_weights
from maskwright.masks.classes import Classes, ClassInfo
from maskwright.models import MaskRCNNConfig, PanopticFPNConfig
from maskwright.models.paste import paste
from maskwright.plan.plan import Plan
from maskwright.sampling.normalize import Normalization
from maskwright.tasks import task_of

onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed (pip install 'maskwright[export]')")
pytest.importorskip("onnx", reason="onnx is not installed (pip install 'maskwright[export]')")

Make = Callable[..., Plan]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "export.md"
DETECTOR = MaskRCNNConfig(width=16, box_width=16, candidates=50, proposals=50, detections=20)


def squares(*size_hwc: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    height, width, channels = size_hwc
    coarse = rng.integers(0, 255, (height // 12 + 1, width // 12 + 1, channels))
    return np.kron(coarse, np.ones((12, 12, 1)))[:height, :width].astype(np.uint8)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Filled by the first test that asks for it."""
    return []


@pytest.fixture
def run(small_plan: Make, blobs: DataSet, trained: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Run:
    if not trained:
        trained.append(train(small_plan(steps=30, mirror=True), blobs, out=tmp_path_factory.mktemp("run") / "run"))
    return trained[0]


def detecting(plan: Plan, folder: Path) -> Run:
    """A run whose network was never trained, but finds things."""
    torch.manual_seed(0)
    network = task_of(plan).network()
    detector = getattr(network, "detector", network)
    torch.nn.init.zeros_(detector.box_head.classes.bias)
    detector.box_head.classes.bias.data[-1] = 1.0
    for weights in detector.mask_head.parameters():
        weights.data *= 2  # masks that are sure enough to have rims
    made = Run.create(folder, plan, {"method": "none", "statement": "", "parts": {"train": []}}, {})
    save_weights(made.best_path, network.state_dict(), {})
    return made


@pytest.mark.parametrize("kind", ["percentile", "zscore", "fixed", "none"])
@pytest.mark.parametrize("size_hw", [(1, 1), (40, 30), (1300, 1100)])
def test_normalisation_agrees(kind, size_hw):
    given = {"mean": (100.0, 3.0), "std": (20.0, 1.0)} if kind == "fixed" else {}
    normalization = Normalization(kind=kind, **given)
    image = np.random.default_rng(1).integers(0, 60000, (*size_hw, 2)).astype(np.uint16)
    image[..., 1] = 7  # a constant channel becomes zeros
    found = Scale(normalization)(torch.from_numpy(image.astype(np.float32)))[0].numpy()
    np.testing.assert_allclose(found, normalization.apply(image), atol=2e-6, rtol=1e-6)


@pytest.mark.parametrize("percent", [0, 0.5, 37.3, 50, 99.5, 100])
@pytest.mark.parametrize("values", ["normal", "repeated", "two", "one", "far"])
def test_percentiles_without_sorting_are_numpys(values, percent):
    rng = np.random.default_rng(0)
    found = {
        "normal": rng.normal(-3, 100, (997, 2)),
        "repeated": rng.integers(0, 3, (1000, 2)) * -7.5,
        "two": np.array([[-1.0, 5.0], [2.0, 5.0]]),
        "one": np.array([[4.0, -4.0]]),
        "far": np.concatenate([rng.random((500, 2)), np.full((1, 2), 1e6)]),  # one value away from all others
    }[values].astype(np.float32)
    expected = np.percentile(found.astype(np.float64), percent, axis=0)
    spread = float(np.ptp(found)) or 1.0
    np.testing.assert_allclose(percentile(torch.from_numpy(found), percent).numpy(), expected, atol=spread * 2**-22)


def test_few_bright_pixels_on_black_are_scaled_by_their_extremes():
    image = np.zeros((50, 50, 1), np.uint8)
    image[3, 4] = 200
    found = Scale(Normalization())(torch.from_numpy(image.astype(np.float32)))[0].numpy()
    np.testing.assert_allclose(found, Normalization().apply(image))
    assert (found.min(), found.max()) == (-1, 1)


def test_masks_are_pasted_as_everywhere():
    generator = torch.Generator().manual_seed(0)
    masks, corners = torch.rand(12, 28, 28, generator=generator), torch.rand(12, 4, generator=generator) * 40
    boxes = torch.cat([corners[:, :2], corners[:, :2] + corners[:, 2:]], dim=1)
    boxes[0] = torch.tensor([50.0, 20, 90, 80])  # beyond the image
    for found, mask, box in zip(pasted(masks, boxes, (60, 70)), masks, boxes, strict=True):
        expected = np.zeros((60, 70), bool)
        region = paste(mask.numpy(), box.numpy(), (60, 70))
        x0, y0, x1, y1 = region.box_xyxy
        expected[y0:y1, x0:x1] = region.pixels
        assert np.array_equal(found.numpy(), expected)


def test_a_file_gives_the_masks_of_its_run_at_any_size(run: Run, blobs: DataSet, tmp_path: Path):
    done = export(run.folder, tmp_path / "cells.onnx", to="onnx", images=[blobs[0].image])
    assert (done.images, done.by) == (1, "pixels")
    assert min(done.agreement, done.with_run) > 0.99
    session = onnxruntime.InferenceSession(done.path)
    predict = load(run.folder, runtime="torch")
    for size_hw in ((48, 48), (33, 5), (1, 20)):  # as large as a tile at most
        image = squares(*size_hw, 1)
        classes, maps = session.run(None, {"image": image.astype(np.float32)})
        assert classes.dtype == np.uint8
        np.testing.assert_allclose(maps, predict.probabilities(image), atol=1e-5)
        assert np.mean(classes == predict(image).ids) > 0.999  # type: ignore[union-attr]
    about = session.get_modelmeta().custom_metadata_map
    assert [each["name"] for each in json.loads(about["maskwright.classes"])] == list(blobs.classes.names)
    assert json.loads(about["maskwright.input"])["channels"] == 1
    assert json.loads(about["maskwright.maps"]) == list(blobs.classes.names)
    assert about["maskwright.format"] == "1"


def test_the_example_of_the_documentation_runs_without_maskwright(run: Run, blobs: DataSet, tmp_path: Path):
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), flags=re.DOTALL)
    assert "maskwright" not in code.replace("maskwright.classes", "")
    assert len([line for line in code.splitlines() if line and "import" not in line]) <= 10
    export(run.folder, tmp_path / "cells.onnx", to="onnx", images=[blobs[0].image])
    image = blobs[0].image[:40, :48]
    Image.fromarray(image[:, :, 0]).save(tmp_path / "image.png")
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert "background" in done.stdout
    mask = np.asarray(Image.open(tmp_path / "mask.png"))
    assert np.mean(mask == load(run.folder, runtime="torch")(image).ids) > 0.999  # type: ignore[union-attr]


@pytest.mark.skipif(installed() is None, reason="OpenVINO is not installed (pip install 'maskwright[fast]')")
def test_openvinos_file_gives_the_same(run: Run, blobs: DataSet, tmp_path: Path):
    from maskwright.base.openvino import core

    done = export(run.folder, tmp_path / "cells.xml", to="openvino", images=[blobs[0].image])
    model = core().read_model(done.path)
    assert json.loads(model.get_rt_info(["framework", "maskwright.classes"]).astype(str))[0]["name"] == "background"
    found = core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(
        [blobs[1].image[:48, :40].astype(np.float32)]
    )
    expected = load(run.folder, runtime="torch").probabilities(blobs[1].image[:48, :40])
    np.testing.assert_allclose(found.to_tuple()[1], expected, atol=1e-4)


@pytest.mark.parametrize("task", ["instance", "panoptic"])
def test_networks_that_find_objects_export_whole(small_plan: Make, tmp_path: Path, task: str):
    """Proposals, RoIAlign, suppression and pasting are in the file; Mask R-CNN's is OpenVINO's too."""
    classes = Classes((ClassInfo("background", (0, 0, 0), is_thing=False), ClassInfo("cell", (255, 0, 0), is_thing=True)))
    model = DETECTOR if task == "instance" else PanopticFPNConfig(detector=DETECTOR, things=(1,), stuff_width=8)
    plan = small_plan(task=task, model=model, classes=classes, tile_hw=(256, 256), normalization=Normalization(kind="zscore"))
    made = detecting(plan, tmp_path / "run")
    images = [squares(90, 130, 1), squares(150, 70, 1)]
    done = export(made.folder, tmp_path / "cells.onnx", to="onnx", images=images)
    assert done.by == "panoptic quality"
    assert done.agreement > 0.999
    session = onnxruntime.InferenceSession(done.path)
    outputs = session.run(None, {"image": images[0].astype(np.float32)})
    assert len(outputs[1]) > 2
    assert outputs[3].shape[1:] == (90, 130)
    if task == "instance" and installed() is not None:
        assert export(made.folder, tmp_path / "cells.xml", to="openvino", images=images[:1]).agreement > 0.999


def test_what_cannot_be_exported_is_said_and_nothing_is_written(run: Run, blobs: DataSet, tmp_path: Path):
    image = blobs[0].image
    for out, to, images, least, said in (
        ("a.onnx", "onnx", [], 0.9, "--images"),
        ("a.xml", "onnx", [image], 0.9, "ends in .onnx"),
        ("a.onnx", "onnx", [image], 1.1, "was not written"),
    ):
        with pytest.raises(MaskwrightError, match=said):
            export(run.folder, tmp_path / out, to=to, images=images, least=least)  # type: ignore[arg-type]
    assert not list(tmp_path.glob("a.*"))
