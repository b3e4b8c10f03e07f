"""A network from Keras as a run: what it takes to be one, and that it predicts the same."""

import numpy as np
import pytest
import torch

from maskwright.base.errors import PlanError, RunError
from maskwright.engine.import_run import import_run
from maskwright.engine.predict import load
from maskwright.models import UNetConfig
from maskwright.models.keras import KerasUNet


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"only its name and digest are noted")
    return path


def network(outputs=1, widths=(4, 8), rescales=False):
    torch.manual_seed(1)
    config = UNetConfig(widths=widths, convs_per_level=1)
    return KerasUNet(config, 1, outputs, config.build(channels=1, classes=outputs).state_dict(), rescales)


def test_a_sigmoid_becomes_two_classes_with_the_same_probability(tmp_path, source):
    given = network()
    import_run(source, given, tmp_path / "run", class_names=("background", "cell"))
    predict = load(tmp_path / "run", device="cpu")
    image = np.random.default_rng(0).integers(0, 256, (24, 20, 1), np.uint8)
    with torch.no_grad():
        expected = torch.sigmoid(given.build()(torch.tensor(image.transpose(2, 0, 1)[None] / np.float32(255)))).numpy()[0, 0]
    background, cell = predict.probabilities(image)
    np.testing.assert_allclose(cell, expected, atol=1e-6)
    np.testing.assert_allclose(background + cell, 1, atol=1e-6)
    assert predict.plan.classes.names == ("background", "cell")


@pytest.mark.parametrize("widths", [(4,), (4, 8)])
@pytest.mark.parametrize(("divisor", "rescales"), [(1.0, False), (None, True), (1000.0, False)])
def test_images_are_divided_as_before_keras(tmp_path, source, widths, divisor, rescales):
    """Values of 1000, undivided: beyond the limit of normalised intensities, which must not cut them off."""
    given = network(outputs=2, widths=widths, rescales=rescales)
    import_run(source, given, tmp_path / "run", divisor=divisor)
    image = np.random.default_rng(0).integers(0, 1000, (16, 16, 1), np.uint16)
    with torch.no_grad():
        pixels = torch.tensor(image.transpose(2, 0, 1)[None] / np.float32(divisor or 1))
        expected = torch.softmax(given.build()(pixels), 1).numpy()[0]
    np.testing.assert_allclose(load(tmp_path / "run", device="cpu").probabilities(image), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("outputs", "names", "words"),
    [
        (1, ("a", "b", "c"), "2 classes apart, so it needs 2 names, not: a, b, c"),
        (3, None, "needs 3 names, not: none"),
        (3, ("a", "b"), "needs 3 names, not: a, b"),
    ],
)
def test_names_must_fit_the_outputs(tmp_path, source, outputs, names, words):
    with pytest.raises(PlanError, match=words):
        import_run(source, network(outputs), tmp_path / "run", class_names=names)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("divisor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_divisor_that_is_none(tmp_path, source, divisor):
    with pytest.raises(PlanError, match="--scale 255"):
        import_run(source, network(), tmp_path / "run", divisor=divisor)


def test_a_run_is_not_overwritten(tmp_path, source):
    import_run(source, network(), tmp_path / "run")
    with pytest.raises(RunError, match="there is a run here already"):
        import_run(source, network(), tmp_path / "run")


def test_the_plan_says_where_it_comes_from(tmp_path, source):
    plan = import_run(source, network(), tmp_path / "run").plan
    assert any("model.keras, SHA-256 " in decision.why for decision in plan.decisions)
    assert plan.precision == "fp32"
