"""Training that starts from a run: its weights are where it begins, and what that run has seen is told."""

from dataclasses import replace

import pytest
import torch

import maskwright as mw
from maskwright.base.errors import WeightsError
from maskwright.engine.start import start_network
from maskwright.engine.weights import load_weights
from maskwright.plan.objective import build_network

SMALL = {"model.widths": "[4,8]", "crop_hw": "[32,32]", "batch": "2", "steps": "3", "validate_every": "3", "precision": "fp32"}


@pytest.fixture(scope="module")
def earlier(tmp_path_factory, blobs_to_read):
    """A run that was trained on the first three of six images."""
    data = mw.read(blobs_to_read)
    train, val = data.with_records(data.records[:3]), data.with_records(data.records[3:4])
    planned = mw.plan(train, val, budget_minutes=0.02, model="unet", encoder="plain", changes=SMALL)
    return mw.train(planned, train, val, out=tmp_path_factory.mktemp("runs") / "earlier")


def plan_of(data, earlier, **changes):
    others = {name: value for name, value in SMALL.items() if name != "model.widths"}
    return replace(mw.plan(data, budget_minutes=0.02, start_from=earlier.folder, changes=others), **changes)


def test_training_begins_with_the_weights_of_the_run(earlier, blobs_to_read, tmp_path):
    """After one step of almost no length, the weights are still those of the earlier run."""
    data = mw.read(blobs_to_read)
    planned = plan_of(data, earlier, steps=1)
    planned = replace(planned, optimizer=replace(planned.optimizer, learning_rate=1e-12, weight_decay=0.0))
    run = mw.train(planned, data, out=tmp_path / "run")
    begun, now = load_weights(earlier.best_path)[0], load_weights(run.best_path)[0]
    for name, tensor in begun.items():
        if name.endswith(("weight", "bias")):
            torch.testing.assert_close(now[name], tensor)
    (note,) = (entry for entry in run.journal.read() if entry["event"] == "note")
    assert f"The weights are those of {earlier.folder.as_posix()} at step 3" in note["message"]


def test_a_resumed_run_needs_the_earlier_one_no_more(earlier, blobs_to_read, tmp_path):
    data = mw.read(blobs_to_read)
    run = mw.train(plan_of(data, earlier, steps=1), data, out=tmp_path / "run")
    hidden = earlier.best_path.rename(earlier.best_path.with_suffix(".hidden"))
    try:
        mw.resume(run.folder, data)
    finally:
        hidden.rename(earlier.best_path)


def test_held_out_images_that_the_run_was_trained_on_are_told(earlier, blobs_to_read, tmp_path):
    data = mw.read(blobs_to_read)
    train, val = data.with_records(data.records[3:]), data.with_records(data.records[1:3])
    run = mw.train(plan_of(train, earlier), train, val, out=tmp_path / "run")
    words = "2 of the held-out images were trained on in earlier, from which this run starts: scores are too good."
    assert words in run.split["statement"]


def test_held_out_images_that_are_new_to_it_are_no_matter(earlier, blobs_to_read, tmp_path):
    data = mw.read(blobs_to_read)
    train, val = data.with_records(data.records[:3]), data.with_records(data.records[4:])
    run = mw.train(plan_of(train, earlier), train, val, out=tmp_path / "run")
    assert "too good" not in run.split["statement"]


def test_weights_of_another_shape_are_refused_before_there_is_a_run(earlier, blobs_to_read, tmp_path):
    data = mw.read(blobs_to_read)
    planned = plan_of(data, earlier)
    planned = replace(planned, model=replace(planned.model, widths=(4, 16)))
    with pytest.raises(WeightsError, match="other shape"):
        mw.train(planned, data, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(WeightsError):
        start_network(replace(planned, start_from=str(tmp_path / "gone")), build_network(planned))
