"""A training from the command line: the run it leaves, what stops it, and how it goes on."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maskwright.engine.predict import load
from maskwright.engine.weights import load_weights
from maskwright.formats.images import read_image

PROGRAM = [sys.executable, "-c", "from maskwright.cli.main import run; run()"]


def test_a_run_holds_everything_that_its_reader_needs(trained):
    names = {path.name for path in trained.iterdir()}
    assert {
        "plan.json", "split.json", "data.json", "reading.json", "check.json", "journal.jsonl",
        "last.safetensors", "best.safetensors", "scores.json", "report.html",
    } <= names  # fmt: skip
    assert json.loads((trained / "scores.json").read_text())["part"] == "val"
    assert load(trained)(read_image(Path(json.loads((trained / "reading.json").read_text())["path"]) / "images" / "cell0.png"))


def test_everything_is_said_on_the_way(invoke, blobs_to_read, tmp_path, tiny):
    result = invoke("train", blobs_to_read, "--out", tmp_path / "run", *tiny)
    assert result.exit_code == 0
    places = [result.output.index(word) for word in ("Data ", "Split", "Plan", "Training ", "Scores ", "Run ", "Report ")]
    assert places == sorted(places)
    assert "step 6 of 6" in result.output
    assert "Dice" in result.output


def test_a_folder_with_a_run_is_refused_before_any_work(invoke, blobs_to_read, trained):
    result = invoke("train", blobs_to_read, "--out", trained)
    assert result.exit_code == 2
    assert "there is a run here already. Go on with --resume" in result.stderr
    assert result.stdout == ""


def test_without_a_name_a_run_takes_the_next_free_one(invoke, blobs_to_read, tmp_path, monkeypatch, tiny):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "blobs-1").mkdir(parents=True)
    assert invoke("train", blobs_to_read, *tiny).exit_code == 0
    assert (tmp_path / "runs" / "blobs-2" / "report.html").is_file()


def test_what_would_spoil_a_training_stops_it(invoke, blob_folder, tmp_path):
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(blob_folder / "masks" / "cell3.png")
    result = invoke("train", blob_folder, "--out", tmp_path / "run")
    assert result.exit_code == 1
    assert not (tmp_path / "run").exists()


def test_the_split_beside_the_data_is_taken_and_said(invoke, blob_folder, tmp_path, tiny):
    parts = {"train": ["cell0", "cell1", "cell2"], "val": ["cell3"], "test": ["cell4", "cell5"]}
    (blob_folder / "splits.json").write_text(json.dumps(parts))
    result = invoke("train", blob_folder, "--out", tmp_path / "run", *tiny)
    assert "The split of splits.json" in result.output
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert scores["part"] == "test"
    assert {row["id"] for row in scores["per_image"]} == {"cell4", "cell5"}


def test_a_share_goes_before_the_split_beside_the_data(invoke, blob_folder, tmp_path, tiny):
    (blob_folder / "splits.json").write_text(json.dumps({"train": ["cell0"], "val": ["cell3"]}))
    result = invoke("train", blob_folder, "--out", tmp_path / "run", "--val", "0.5", *tiny)
    assert "3 images to train on, 3 images held out" in result.output


def test_an_edited_plan_is_carried_out_and_a_run_can_be_made_again(invoke, blobs_to_read, trained, tmp_path):
    """The commands under 'how to reproduce' give the same weights."""
    again = invoke(
        "train", blobs_to_read, "--plan", trained / "plan.json", "--split", trained / "split.json", "--out", tmp_path / "run"
    )
    assert again.exit_code == 0
    here, there = (load_weights(run / "best.safetensors")[0] for run in (trained, tmp_path / "run"))
    assert all(torch.equal(here[name], there[name]) for name in here)
    assert "--plan" in (trained / "report.html").read_text()


def test_a_plan_for_other_data_is_refused(invoke, blob_folder, trained, tmp_path):
    result = invoke("train", blob_folder, "--plan", trained / "plan.json", "--class-names", "a,b", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "the plan is for 1 channels and the classes background, foreground" in result.stderr


def test_resuming_a_finished_run_scores_it_anew(invoke, blobs_to_read, tmp_path, tiny):
    run = tmp_path / "run"
    invoke("train", blobs_to_read, "--out", run, *tiny)
    (run / "report.html").unlink()
    result = invoke("train", "--resume", "--out", run)
    assert result.exit_code == 0, result.output
    assert (run / "report.html").is_file()


def test_changed_data_are_named_and_accepted_only_when_asked(invoke, blob_folder, tmp_path, tiny):
    run = tmp_path / "run"
    invoke("train", blob_folder, "--out", run, *tiny)
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(blob_folder / "images" / "cell2.png")
    result = invoke("train", "--resume", "--out", run)
    assert result.exit_code == 2
    assert "cell2 has changed" in result.stderr
    assert invoke("train", "--resume", "--out", run, "--accept-changed-data").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "maskwright train DATA --budget 10min --out RUN"),
        (("--resume",), "maskwright train --resume --out RUN"),
        (("--resume", "--out", "nowhere"), "nowhere: no run here"),
    ],
)
def test_what_is_missing_is_asked_for(invoke, arguments, complaint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("train", *arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_two_trainings_in_one_folder_are_one_too_many(invoke, blobs_to_read, tmp_path, tiny):
    from maskwright.engine.run import Run

    invoke("train", blobs_to_read, "--out", tmp_path / "run", *tiny)
    with Run.open(tmp_path / "run").lock():
        result = invoke("train", "--resume", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "in use by process" in result.stderr


def test_a_folder_that_cannot_be_written_is_named(invoke, blobs_to_read, tiny, tmp_path):
    (tmp_path / "file").write_text("")
    result = invoke("train", blobs_to_read, "--out", tmp_path / "file" / "run", *tiny)
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a thing of Unix")
@pytest.mark.parametrize("ask", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_saves_says_how_to_go_on_and_does(invoke, blobs_to_read, tmp_path, ask, tiny):
    run = tmp_path / "run"
    endless = [
        option.replace("steps=6", "steps=100000").replace("validate_every=3", "validate_every=100000") for option in tiny
    ]
    process = subprocess.Popen(
        [*PROGRAM, "train", str(blobs_to_read), "--out", str(run), *endless],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    journal, deadline = run / "journal.jsonl", time.monotonic() + 100
    while not (journal.exists() and '"event": "step"' in journal.read_text()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(ask)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"Go on with: maskwright train --resume --out {run}" in words
    assert "Traceback" not in words
    plan = json.loads((run / "plan.json").read_text())
    stopped = int(re.search(r"Stopped at step (\d+)", words)[1])
    (run / "plan.json").write_text(json.dumps({**plan, "steps": stopped + 2}))  # else it would go on for hours
    result = invoke("train", "--resume", "--out", run)
    assert result.exit_code == 0, result.output
    assert f"Goes on from step {stopped}" in result.output
    assert (run / "report.html").is_file()
