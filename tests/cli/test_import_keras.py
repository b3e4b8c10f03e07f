"""A model trained in Keras predicts the same masks here: from its file to a run, from the run to masks."""

import os
import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image

os.environ["KERAS_BACKEND"] = "torch"  # Keras reads it when it is imported
pytest.importorskip("h5py", reason="reading Keras files needs h5py (the keras extra)")
keras = pytest.importorskip("keras", reason="comparing with Keras needs it (the dev extra)")
L = keras.layers

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")


def saved(path, *, channels=1, head=lambda x: L.Conv2D(1, 1, activation="sigmoid")(x), prepare=lambda x: x):
    """A small U-Net with random weights, and its file."""
    image = L.Input((None, None, channels))
    first = L.Conv2D(8, 3, activation="relu", padding="same")(prepare(image))
    x = L.Conv2D(16, 3, activation="relu", padding="same")(L.MaxPooling2D(2)(first))
    x = L.Conv2DTranspose(8, 2, strides=2)(x)
    x = L.Conv2D(8, 3, activation="relu", padding="same")(L.Concatenate()([x, first]))
    model = keras.Model(image, head(x))
    rng = np.random.default_rng(3)
    for weight in model.weights:
        incoming = max(1, np.prod(weight.shape[:-1]))
        weight.assign(rng.normal(0, np.sqrt(2 / incoming) if len(weight.shape) > 1 else 0.1, weight.shape).astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save_weights(path) if path.name.endswith(".weights.h5") else model.save(path)
    return model


def predicted(invoke, run, images, out):
    """The masks and the probabilities of every image."""
    result = invoke("predict", run, images, "--out", out, "--probabilities")
    assert result.exit_code == 0, result.output
    return {
        path.stem: (np.asarray(Image.open(path)), tifffile.imread(out / "probabilities" / f"{path.stem}.tif"))
        for path in sorted(out.glob("*.png"))
    }


def of_keras(model, path, divisor=255.0):
    pixels = np.asarray(Image.open(path), np.float32)
    pixels = pixels[None, ..., None] if pixels.ndim == 2 else pixels[None]
    return model(pixels / np.float32(divisor)).detach().numpy()[0].transpose(2, 0, 1)


@pytest.mark.parametrize("name", ["model.keras", "model.weights.h5"])
def test_the_masks_are_those_of_keras(invoke, blobs_to_read, tmp_path, name):
    model = saved(tmp_path / name)
    imported = invoke("import-keras", tmp_path / name, "--out", tmp_path / "run", "--classes", "background,cell")
    assert imported.exit_code == 0, imported.output
    assert ("ReLU after every 3x3 convolution" in imported.output) == name.endswith(".weights.h5")
    results = predicted(invoke, tmp_path / "run", blobs_to_read / "images", tmp_path / "masks")
    assert len(results) == 6
    for stem, (mask, probabilities) in results.items():
        expected = of_keras(model, blobs_to_read / "images" / f"{stem}.png")[0]
        sure = abs(expected - 0.5) > 1e-4
        assert 0.1 < (expected > 0.5).mean() < 0.9  # both classes occur
        assert sure.mean() > 0.95
        assert np.array_equal(mask[sure], (expected > 0.5)[sure])
        np.testing.assert_allclose(probabilities[1], expected, atol=1e-3)  # the file holds 16-bit floating point


def test_several_classes_of_colour_images(invoke, tmp_path):
    model = saved(tmp_path / "a.keras", channels=3, head=lambda x: L.Conv2D(3, 1, activation="softmax")(x))
    (tmp_path / "images").mkdir()
    pixels = np.random.default_rng(4).integers(0, 256, (48, 64, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "images" / "a.png")
    assert "needs 3 names" in invoke("import-keras", tmp_path / "a.keras", "--out", tmp_path / "run").stderr
    assert not (tmp_path / "run").exists()
    imported = invoke("import-keras", tmp_path / "a.keras", "--out", tmp_path / "run", "--classes", "sky,road,car")
    assert imported.exit_code == 0, imported.output
    ((mask, probabilities),) = predicted(invoke, tmp_path / "run", tmp_path / "images", tmp_path / "masks").values()
    expected = of_keras(model, tmp_path / "images" / "a.png")
    first, second = np.sort(expected, axis=0)[:-3:-1]
    sure = first - second > 1e-4
    assert len(np.unique(mask)) > 1
    assert np.array_equal(mask[sure], expected.argmax(axis=0)[sure])
    np.testing.assert_allclose(probabilities, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("prepare", "arguments", "divisor"),
    [(lambda x: x, ("--scale", 1), 1), (lambda x: x, ("--scale", 65535), 65535), (L.Rescaling(1 / 255), (), 1)],
)
def test_other_scales_of_the_images(invoke, blobs_to_read, tmp_path, prepare, arguments, divisor):
    """Images that Keras saw as they are, too: no value may end at the limit of normalised intensities."""
    model = saved(tmp_path / "a.keras", prepare=prepare)
    imported = invoke("import-keras", tmp_path / "a.keras", "--out", tmp_path / "run", *arguments)
    assert f"divided by {divisor}" in imported.output
    image = blobs_to_read / "images" / "cell0.png"
    ((_, probabilities),) = predicted(invoke, tmp_path / "run", image, tmp_path / "masks").values()
    np.testing.assert_allclose(probabilities[1], of_keras(model, image, divisor)[0], atol=1e-3)


def test_an_imported_run_is_scored_on_data_that_are_named(invoke, blobs_to_read, tmp_path):
    saved(tmp_path / "a.keras")
    invoke("import-keras", tmp_path / "a.keras", "--out", tmp_path / "run")
    alone = invoke("evaluate", tmp_path / "run")
    assert alone.exit_code == 2
    assert "Name the data folder" in alone.stderr
    scored = invoke("evaluate", tmp_path / "run", blobs_to_read, "--class-names", "background,object")
    assert scored.exit_code == 0, scored.output
    assert (tmp_path / "run" / "scores.json").is_file()
    assert invoke("report", tmp_path / "run").exit_code == 0


def test_nothing_is_written_where_it_fails(invoke, tmp_path):
    (tmp_path / "a.keras").write_bytes(b"<html>")
    result = invoke("import-keras", tmp_path / "a.keras", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "a.keras: not a readable Keras file" in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_run_that_is_there_is_kept(invoke, tmp_path):
    saved(tmp_path / "a.keras")
    arguments = ("import-keras", tmp_path / "a.keras", "--out", tmp_path / "run")
    assert invoke(*arguments).exit_code == 0
    weights = (tmp_path / "run" / "best.safetensors").read_bytes()
    saved(tmp_path / "a.keras", head=lambda x: L.Conv2D(1, 1)(x))
    again = invoke(*arguments)
    assert again.exit_code == 2
    assert "there is a run here already" in again.stderr
    assert (tmp_path / "run" / "best.safetensors").read_bytes() == weights
