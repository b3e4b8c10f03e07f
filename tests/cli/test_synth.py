"""Synthetic data from the command line: what is said and written, and what is refused."""

import json

import pytest

import maskwright as mw


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.json"
    path.write_text(json.dumps({"kind": "cells", "size_hw": [48, 64], "radius_px": [4, 6]}))
    return path


def test_images_are_made_and_the_next_step_is_named(invoke, small, tmp_path):
    out = tmp_path / "out"
    result = invoke("synth", "cells", "--recipe-file", small, "--count", 3, "--test", 1, "--out", out, "--workers", 1)
    assert result.exit_code == 0, result.output
    assert "3 images made. Classes: background, nucleus." in result.output
    assert "Test part: the last 1, in splits.json." in result.output
    assert f"Next: maskwright check {out}" in result.output
    assert len(mw.read(out)) == 3
    again = invoke("synth", small, "--count", 3, "--test", 1, "--out", out)
    assert "0 images made, 3 were there." in again.output


def test_a_recipe_is_shown_to_be_edited(invoke, tmp_path):
    result = invoke("synth", "street", "--print")
    assert result.exit_code == 0
    assert json.loads(result.output)["kind"] == "street"
    assert ' "people": [0.0, 8.0],\n' in result.output
    (tmp_path / "mine.json").write_text(result.output)
    assert invoke("synth", tmp_path / "mine.json", "--print").output == result.output


def test_own_objects_are_pasted_and_what_is_left_out_is_told(invoke, small, tmp_path):
    invoke("synth", small, "--count", 4, "--out", tmp_path / "cells")
    result = invoke("synth", "copy-paste", tmp_path / "cells", "--count", 2, "--out", tmp_path / "more", "--objects", "nucleus")
    assert result.exit_code == 0, result.output
    assert "Pasted onto the images themselves, with their objects." in result.output
    assert "2 images made" in result.output
    assert "cut by the edge of the image." in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["synth", "cels"], "Did you mean 'cells'?"),
        (["synth", "copy-paste"], "No data folder was named"),
        (["synth", "cells", "DATA"], "is drawn from nothing"),
        (["synth", "cells", "--kind", "instances"], "is drawn from nothing"),
        (["synth", "cells", "--count", "2", "--test", "2"], "some must be left to train on"),
        (["synth", "street", "--recipe-file", "RECIPE"], "is a recipe of the kind 'cells', not 'street'"),
    ],
)
def test_what_is_wrong_is_said(invoke, small, tmp_path, words, told):
    result = invoke(*(small if word == "RECIPE" else word for word in words), "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert told in result.output
    assert not (tmp_path / "out").exists()
