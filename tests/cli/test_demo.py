"""The demo from end to end, with a network too small to be good."""

import csv

import pytest

from maskwright.cli import steps
from maskwright.formats.images import read_image
from maskwright.plan import make


@pytest.fixture
def hasty(monkeypatch):
    """Plans that take a second."""
    plan = make.plan
    tiny = {"model.widths": "[4,8]", "crop_hw": "[32,32]", "batch": "2", "steps": "3", "validate_every": "3"}
    monkeypatch.setattr(make, "plan", lambda *data, **options: plan(*data, **{**options, "changes": tiny, "encoder": "plain"}))
    return steps


@pytest.mark.usefixtures("hasty")
def test_the_demo_counts_outlines_and_measures_and_never_replaces_a_run(invoke, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "demo").mkdir(parents=True)
    result = invoke("demo", "--budget", "1s")
    assert result.exit_code == 0, result.output
    assert "runs/demo is there already and stays as it is; this demo goes to runs/demo-2" in result.output
    assert not list((tmp_path / "runs" / "demo").iterdir())
    for words in ("125 numbers", "guard band", "Plan", "Training", "Scores", "30 true objects", "nuclei; typically", "to fix:"):
        assert words in result.output, words
    run = tmp_path / "runs" / "demo-2"
    assert "What there is to fix" in (run / "report.html").read_text()
    picture = read_image(run / "overlay.png")
    assert picture.shape[1] > 2 * 1000
    with (run / "objects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert f"{len(rows)} nuclei" in result.output
    assert {row["class"] for row in rows} == {"nucleus"}
    assert [int(row["object"]) for row in rows] == list(range(1, len(rows) + 1))
