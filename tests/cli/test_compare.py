"""Runs side by side."""

import json
import shutil

import pytest


@pytest.fixture
def runs(invoke, trained, tmp_path):
    """The trained run, scored on all six images, twice under two names."""
    first = shutil.copytree(trained, tmp_path / "first")
    assert invoke("evaluate", first, "--part", "all").exit_code == 0
    return [first, shutil.copytree(first, tmp_path / "second")]


def test_runs_are_shown_side_by_side(invoke, runs, tmp_path):
    page, file = tmp_path / "page.html", tmp_path / "comparison.json"
    result = invoke("compare", *runs, "--report", page, "--json", file)
    assert result.exit_code == 0, result.output
    assert "on 6 common images" in result.output
    assert "Only 6 images are common" in result.output
    assert ": the same." in result.output
    assert "unet, widths [4,8]" in result.output
    assert "<svg" in page.read_text()
    first, second = json.loads(file.read_text())["runs"]
    assert first["scores"] == second["scores"]
    assert first["steps"] == 6
    assert 1000 < first["weights"] < 10_000
    scores = json.loads((runs[0] / "scores.json").read_text())
    values = {(row["metric"], row["subject"]): row["value"] for row in scores["rows"]}
    assert {(row["metric"], row["subject"]): row["value"] for row in first["scores"]} == values


def without_pixels(run):
    """Turn a run's scores into those of a version that kept no pixel counts; returns what they were."""
    before = json.loads((run / "scores.json").read_text())
    images = [{key: value for key, value in entry.items() if key != "pixels"} for entry in before["per_image"]]
    (run / "scores.json").write_text(json.dumps(before | {"per_image": images}))
    return before


def test_scores_of_an_older_version_are_made_again_which_is_said(invoke, runs):
    """The same images, the same weights: the same scores, now with what a comparison needs."""
    before = without_pixels(runs[1])
    result = invoke("compare", *runs)
    assert result.exit_code == 0, result.output
    assert f"{runs[1]}: an older version scored it" in result.output
    assert ": the same." in result.output
    assert json.loads((runs[1] / "scores.json").read_text()) == before
    assert "older version" not in invoke("compare", *runs).output


def test_a_part_of_the_split_is_scored_again_as_that_part(invoke, runs, trained, tmp_path):
    held_out = shutil.copytree(trained, tmp_path / "held-out")
    before = without_pixels(held_out)
    result = invoke("compare", runs[0], held_out)
    assert result.exit_code == 0, result.output
    assert "5 of the 6 images of first were not scored in every run" in result.output
    assert json.loads((held_out / "scores.json").read_text()) == before
    assert before["part"] == "val"


def test_what_cannot_be_compared_ends_the_command(invoke, runs, tmp_path):
    assert "two or more runs" in invoke("compare", runs[0]).stderr
    (runs[1] / "scores.json").unlink()
    result = invoke("compare", *runs)
    assert result.exit_code == 2
    assert f"maskwright evaluate {runs[1]}" in result.stderr
