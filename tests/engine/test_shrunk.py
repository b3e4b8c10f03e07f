"""Networks that are shown images at a fraction of their size: masks are of the whole size, in tiles, in strips and exported."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from maskwright.data.dataset import DataSet
from maskwright.engine.evaluate import evaluate
from maskwright.engine.export import export
from maskwright.engine.inspected import trained as inspected
from maskwright.engine.large.predict import predict_large
from maskwright.engine.predict import load
from maskwright.engine.run import Run
from maskwright.engine.train import train
from maskwright.formats import read_mask
from maskwright.masks.classes import Classes
from maskwright.masks.convert import panoptic_of, to_instances
from maskwright.masks.types import LabelMap, Panoptic
from maskwright.plan.objective import encode
from maskwright.plan.plan import Plan


@pytest.fixture(scope="module")
def kept() -> list[Run]:
    """Filled by the first test that asks for it."""
    return []


@pytest.fixture
def run(small_plan: Callable[..., Plan], blobs: DataSet, kept: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Run:
    if not kept:
        plan = small_plan(steps=80, validate_every=40, shrink=2)
        kept.append(train(plan, blobs, blobs, out=tmp_path_factory.mktemp("run") / "run"))
    return kept[0]


@pytest.fixture
def image(blobs: DataSet) -> np.ndarray:
    """Several tiles of 48 pixels, of a size that is no multiple of anything."""
    return np.concatenate([np.concatenate([blobs[number].image for number in (0, 1)], axis=1)] * 2)[:117, :101]


def test_it_learns_and_its_masks_have_the_size_of_the_image(run: Run, blobs: DataSet, image: np.ndarray) -> None:
    predictor = load(run.folder, device="cpu")
    assert evaluate(predictor, blobs).headline_row.value > 0.8
    assert predictor(image).size_hw == (117, 101)


def test_tiles_agree_with_the_whole_image_and_with_strips(run: Run, image: np.ndarray, tmp_path: Path) -> None:
    predictor = load(run.folder, device="cpu")
    tiled = predictor(image)
    tifffile.imwrite(tmp_path / "image.tif", image[..., 0], tile=(32, 32))
    predict_large(predictor, tmp_path / "image.tif", tmp_path / "labels.tif")
    assert isinstance(tiled, LabelMap)
    assert np.array_equal(read_mask(tmp_path / "labels.tif").values, tiled.ids)
    predictor.choice = replace(predictor.choice, tile_hw=(256, 256))
    whole = predictor(image)
    assert isinstance(whole, LabelMap)
    assert (whole.ids == tiled.ids).mean() > 0.99


def test_an_exported_file_shrinks_images_itself(run: Run, image: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed (pip install 'maskwright[export]')")
    pytest.importorskip("onnx", reason="onnx is not installed (pip install 'maskwright[export]')")
    exported = export(run.folder, tmp_path / "run.onnx", to="onnx", images=[image[:90], image[:64, :33]])
    assert exported.agreement > 0.9999


@pytest.mark.parametrize(("task", "layers"), [("semantic", ()), ("instance", (3,))])
def test_targets_are_shrunk_of_whatever_the_masks_are(
    small_plan: Callable[..., Plan], task: str, layers: tuple[int, ...]
) -> None:
    """Panoptic masks too, of which a task may ask for the classes or the objects alone."""
    classes = Classes.named("background", "cell", things=("cell",))
    ids = np.zeros((20, 30), np.uint16)
    ids[4:12, 6:18] = 1
    labels = LabelMap(ids, classes)
    panoptic = panoptic_of(to_instances(labels))
    plan = small_plan(task=task, shrink=2, classes=classes)
    assert isinstance(panoptic, Panoptic)
    for segmentation in (labels, to_instances(labels), panoptic):
        target = encode(plan, segmentation)
        assert target.shape == (*layers, 10, 15)
        assert np.array_equal(target.reshape(-1, 10, 15)[0] == 1, ids[::2, ::2] == 1)


def test_what_is_looked_into_is_what_predicts_and_its_memory_what_trains(run: Run) -> None:
    subject = inspected(run.folder)
    assert subject.title.endswith("shown images at 1/2 of their size")
    assert subject.shrink == 2
    assert [name for name, _ in subject.network.named_children()] == ["network"]
    assert subject.in_training is subject.network.network
