"""Prediction: tiles agree with the whole, any size comes back exactly, channels are brought together or refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright.base.errors import DataError, RunError, WeightsError
from maskwright.data.dataset import DataSet
from maskwright.engine.evaluate import evaluate
from maskwright.engine.predict import Predictor, load
from maskwright.engine.train import train
from maskwright.masks.types import LabelMap
from maskwright.plan.plan import Plan
from maskwright.tasks import task_of

Make = Callable[..., Plan]


def predictor(plan: Plan) -> Predictor:
    torch.manual_seed(0)
    network = task_of(plan).network().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # as after training: not the identity
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 2)
    return Predictor(plan, network, device=torch.device("cpu"))


def picture(*size_hwc: int) -> np.ndarray:
    smooth = np.cumsum(np.random.default_rng(0).normal(size=size_hwc), axis=0)
    return (100 + 10 * smooth / max(1, np.abs(smooth).max())).astype(np.uint8)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 40), (7, 300), (64, 64), (65, 47)])
def test_any_size_comes_back_exactly(small_plan: Make, size_hw: tuple[int, int]) -> None:
    predict = predictor(small_plan())
    image = picture(*size_hw, 1)
    segmentation = predict(image)
    assert isinstance(segmentation, LabelMap)
    assert segmentation.size_hw == size_hw
    probabilities = predict.probabilities(image)
    assert probabilities.shape == (2, *size_hw)
    assert np.allclose(probabilities.sum(axis=0), 1, atol=1e-5)
    assert (probabilities.argmax(axis=0) == segmentation.ids).all()


def test_tiles_agree_with_the_whole_away_from_their_rims(small_plan: Make) -> None:
    """The receptive field of the small network is within the overlap, so that blended tiles equal the whole."""
    image = picture(96, 130, 1)
    tiled = predictor(small_plan(tile_hw=(64, 64), tile_overlap=40)).probabilities(image)
    whole = predictor(small_plan(tile_hw=(256, 256))).probabilities(image)
    assert np.abs(tiled - whole).mean() < 2e-3
    assert np.mean(tiled.argmax(axis=0) == whole.argmax(axis=0)) > 0.99


def test_bf16_agrees_with_fp32(small_plan: Make) -> None:
    image = picture(128, 128, 1)
    rough = predictor(small_plan(precision="bf16")).probabilities(image)
    exact = predictor(small_plan(precision="fp32")).probabilities(image)
    assert np.abs(rough - exact).max() < 0.03


def test_mirror_averages_the_mirror_images(small_plan: Make) -> None:
    """A mirrored image then gives the mirrored probabilities, whatever the network."""
    predict = predictor(small_plan(mirror=True, tile_hw=(256, 256)))
    image = picture(32, 48, 1)
    straight, turned = predict.probabilities(image), predict.probabilities(np.ascontiguousarray(image[::-1]))
    assert np.allclose(straight, turned[:, ::-1], atol=1e-5)


def test_gray_and_rgb_are_turned_into_each_other_and_other_channels_refused(small_plan: Make) -> None:
    gray = picture(32, 32, 1)
    assert np.array_equal(predictor(small_plan())(gray.repeat(3, axis=2)).ids, predictor(small_plan())(gray).ids)  # type: ignore[union-attr]
    assert predictor(small_plan(channels=3))(gray).size_hw == (32, 32)
    with pytest.raises(DataError, match="the image has 4 channels, 1 are needed"):
        predictor(small_plan())(picture(32, 32, 4))


def test_the_network_that_was_handed_in_is_left_as_it_was(small_plan: Make) -> None:
    plan = small_plan(precision="bf16")
    network = task_of(plan).network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    Predictor(plan, network, device=torch.device("cpu"))(picture(32, 32, 1))
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_loading_names_what_is_missing_or_damaged(small_plan: Make, blobs: DataSet, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run here"):
        load(tmp_path)
    run = train(small_plan(steps=2), blobs, out=tmp_path / "run")
    load(run.folder)
    run.best_path.write_bytes(run.best_path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r"best\.safetensors"):
        load(run.folder)
    run.best_path.unlink()
    with pytest.raises(WeightsError, match="there is no such weights file"):
        load(run.folder)


def test_evaluation_needs_ground_truth_and_images(small_plan: Make, blobs: DataSet) -> None:
    predict = predictor(small_plan())
    assert evaluate(predict, blobs).headline == "dice/foreground"
    with pytest.raises(DataError, match="no images to score"):
        evaluate(predict, blobs.with_records([]))
    bare = [type(blobs.records[0])(id="x", image=blobs.records[0].image)]
    with pytest.raises(DataError, match="x: no mask to score against"):
        evaluate(predict, blobs.with_records(bare))


def test_tiles_of_very_wide_images_are_lower_so_that_memory_stays(small_plan: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps of a row of tiles take no more than they may; where tiles would be lower than twice the overlap they stay."""
    predict = predictor(small_plan())
    monkeypatch.setattr("maskwright.engine.predict.ROW_BYTES", 4 * 4 * 40 * 100)  # 4 maps, 40 rows of 100 pixels
    heights = []
    for width in (60, 100, 400):
        image = picture(200, width, 1)[..., 0].astype(np.float32)[None]
        said = predict.said_of_tiles((200, width), lambda tile, image=image: image[:, tile.rows, tile.columns])  # type: ignore[misc]
        heights.append(next(said)[0].rows.stop)
    assert heights == [48, 40, 34]
