"""Looking into networks on the command line."""

import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photograph(tmp_path):
    pixels = np.random.default_rng(2).integers(0, 255, (90, 130, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photograph.png")
    return tmp_path / "photograph.png"


def pixels_of(path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_a_model_by_name(invoke):
    result = invoke("inspect", "unet", "--size", "64x96", "--channels", "1", "--classes", "4")
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "64 x 96 pixels, 1 channel, 4 classes" in words
    assert "encoder.0 1×64×96 32×64×96" in words
    assert "head 32×64×96 4×64×96" in words
    assert "7.76 M" in words
    assert "Memory to train: at least 0.14 GB for weights" in words


def test_every_layer(invoke):
    result = invoke("inspect", "unet", "--size", "64", "--layers")
    words = " ".join(result.output.split())
    assert "encoder.0.0 conv 3x3 3×64² 32×64²" in words
    assert "batch norm" in words


def test_a_run_with_its_weights(invoke, trained, tmp_path, photograph):
    result = invoke(
        "inspect", trained, "--size", "64", "--drawing", tmp_path / "net.svg", "--json", tmp_path / "net.json",
        "--receptive-field", photograph, "--out", tmp_path / "field.png",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "Memory to train as planned, 2 crops of 32 x 32 a step" in words
    assert "up to 18 pixels a side" in words
    assert f"Weights: those of {trained}." in words
    assert (tmp_path / "net.svg").read_text().startswith("<?xml")
    assert pixels_of(tmp_path / "field.png").shape[:2] == (1200 + 150, 1200)
    found = json.loads((tmp_path / "net.json").read_text())
    assert found["field_hw"] == [18, 18]
    assert found["weights"] == sum(layer["weights"] for layer in found["layers"])
    assert [stage["name"] for stage in found["stages"]] == ["image", "encoder.0", "bridge", "decoder.0", "head"]


def test_trained_and_fresh_weights_look_at_different_things(invoke, trained, tmp_path, photograph):
    """The run's plan is the same network without its weights."""
    drawn = []
    for number, target in enumerate((trained, trained / "plan.json", trained / "plan.json")):
        out = tmp_path / f"{number}.png"
        result = invoke("inspect", target, "--size", "64", "--receptive-field", photograph, "--out", out)
        assert result.exit_code == 0, result.output
        drawn.append(pixels_of(out)[:1200])  # without the caption
    assert "drawn at random" in result.output
    assert not np.array_equal(drawn[0], drawn[1])
    assert np.array_equal(drawn[1], drawn[2])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("unett",), "Did you mean 'unet'? Possible are: deeplabv3, deeplabv3+, fcn-16s"),
        (("unet", "--encoder", "resnet"), "There is no encoder 'resnet'"),
        (("unet", "--output-stride", "8"), "no output stride to choose"),
        (("unet", "--size", "big"), "height and width as 360x480"),
        (("unet", "--size", "0"), "is no size"),
        (("unet", "--receptive-field", "x.png"), "belong together"),
        (("unet", "--size", "64", "--drawing", "net.pdf"), "as .svg or .png"),
        (("unet", "--size", "64", "--receptive-field", "none.png", "--out", "x.png"), "none.png"),
    ],
)
def test_what_cannot_be_is_refused_in_words(invoke, arguments, complaint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("inspect", *arguments)
    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.replace("│", " ").split())
    assert not list(tmp_path.iterdir())


def test_options_of_a_name_do_not_change_a_run(invoke, trained):
    result = invoke("inspect", trained, "--classes", "4")
    assert result.exit_code == 2
    assert "--classes is for models by name" in " ".join(result.stderr.split())
