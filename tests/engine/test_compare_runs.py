"""Runs compared by what their folders hold."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from maskwright.base.errors import DataError, MaskwrightError, RunError
from maskwright.base.files import write_json
from maskwright.engine.compare_runs import compare_runs
from maskwright.masks.classes import Classes
from maskwright.metrics.semantic import score

CELLS = ("background", "cell")


def table(found: int, spurious: int = 0, *, cell: int = 4, of: int = 10) -> np.ndarray:
    """An image of `of` pixels, `cell` of them cell: how many of these were found, and how many others were called cell."""
    return np.array([[of - cell - spurious, spurious, 0], [cell - found, found, 0]])


@pytest.fixture
def make_run(tmp_path):
    """`make_run("a", {"image": table(...)})`: a run folder as far as a comparison reads it."""

    def make(
        name, tables, *, names=CELLS, background=0, part="val", train=("t1", "t2"), digests=None, journal=(), network=None
    ):
        folder = tmp_path / name
        scores = score(list(tables.values()), list(tables), Classes.named(*names), background=background, draws=20)
        parts = {"train": [{"id": id, "window_xyxy": None} for id in train]}
        decisions = [{"name": "network", "value": network, "why": ""}] if network else []
        write_json(folder / "plan.json", {"background": background, "decisions": decisions})
        write_json(folder / "split.json", {"method": "images", "statement": "", "parts": parts})
        write_json(folder / "data.json", {id: f"image {digest}" for id, digest in (digests or {}).items()})
        write_json(folder / "scores.json", {"part": part, "reading": None, **scores.to_json()})
        (folder / "journal.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in journal))
        return folder

    return make


def change(folder, name, **values):
    value = json.loads((folder / name).read_text())
    write_json(folder / name, value | values)


def test_the_difference_of_two_runs_by_hand(make_run):
    """Dice of cell: first 2*5/(5+8), second 2*6/(6+8); the images apart by their own Dice."""
    first = make_run("a", {"x": table(2), "y": table(3)})
    second = make_run("b", {"x": table(3), "y": table(3)})
    comparison = compare_runs([first, second])
    assert (comparison.metric, comparison.subject) == ("dice", "cell")
    assert [run.name for run in comparison.runs] == ["a", "b"]
    row = comparison.headline(comparison.runs[1])
    assert row.value == pytest.approx(12 / 14)
    assert row.difference == pytest.approx(12 / 14 - 10 / 13)
    assert (row.difference_low, row.difference_high) == (pytest.approx(0), pytest.approx(6 / 7 - 4 / 6))
    assert [image.id for image in comparison.images] == ["x", "y"]
    assert comparison.images[0].values == pytest.approx([4 / 6, 6 / 7])
    assert comparison.images[0].spread == pytest.approx(6 / 7 - 4 / 6)
    assert comparison.images[1].spread == 0
    assert comparison.notes == ()


def test_equal_runs_differ_by_exactly_nothing_in_every_score(make_run):
    tables = {str(n): table(n % 5, n % 3) for n in range(12)}
    comparison = compare_runs([make_run("a", tables), make_run("b", tables)])
    for row in comparison.runs[1].scores:
        assert (row.difference, row.difference_low, row.difference_high, row.better) == (0, 0, 0, 0)
    assert comparison.warnings == ()


def test_the_order_of_images_does_not_matter(make_run):
    """Scores keep images worst first, each run in another order."""
    tables = {f"{n}": table(n % 5, n % 3) for n in range(11)}
    first = make_run("a", {id: table(2, 1) for id in tables})
    there = compare_runs([first, make_run("b", tables)])
    back = compare_runs([first, make_run("c", dict(reversed(tables.items())))])
    assert there.runs[1].scores == back.runs[1].scores
    assert {image.id: image.values for image in there.images} == {image.id: image.values for image in back.images}


def test_only_images_that_all_were_scored_on_count_and_what_is_left_out_is_said(make_run):
    first = make_run("a", {"x": table(2), "y": table(3), "only a": table(0)})
    second = make_run("b", {"y": table(4), "x": table(1)}, part="test")
    third = make_run("c", {"x": table(2), "y": table(3), "z": table(2), "w": table(2)})
    comparison = compare_runs([first, second, third])
    assert {image.id for image in comparison.images} == {"x", "y"}
    assert comparison.headline(comparison.runs[0]).value == pytest.approx(10 / 13)
    parts, left_a, left_c = comparison.notes
    assert "b: its test part" in parts
    assert left_a.startswith("1 of the 3 images of a ")
    assert left_c.startswith("2 of the 4 images of c ")


def test_images_with_another_ground_truth_are_left_out(make_run):
    first = make_run("a", {"x": table(2), "y": table(3)})
    second = make_run("b", {"x": table(2), "y": table(3, cell=5)})
    comparison = compare_runs([first, second])
    assert [image.id for image in comparison.images] == ["x"]
    assert comparison.notes == ("The ground truth of 1 image (y) is not the same in every run: left out.",)
    assert "Only one image" in comparison.warnings[0]
    assert math.isnan(comparison.headline(comparison.runs[1]).difference_low)


def test_few_images_changed_masks_and_trained_images_are_warned_of(make_run):
    first = make_run("a", {"x": table(2), "y": table(3)}, digests={"x": "1", "y": "2"})
    second = make_run("b", {"x": table(2), "y": table(3)}, digests={"x": "1", "y": "3"}, train=("y",), part="")
    few, trained, changed = compare_runs([first, second]).warnings
    assert "Only 2 images" in few
    assert "b was trained on 1 of these 2 images" in trained
    assert "mask files of 1 image (y)" in changed


def test_blocks_that_were_held_out_were_not_trained_on(make_run):
    """A block of each image is in either part, under one id."""
    first, second = (make_run(name, {"x": table(2), "y": table(3)}) for name in "ab")
    blocks = {"train": [{"id": "x", "window_xyxy": [0, 0, 8, 8]}], "val": [{"id": "x", "window_xyxy": [9, 0, 12, 8]}]}
    change(second, "split.json", method="blocks", parts=blocks)
    assert not any("trained on" in warning for warning in compare_runs([first, second]).warnings)
    change(second, "scores.json", part="train")
    assert any("b was trained on 1 of" in warning for warning in compare_runs([first, second]).warnings)


def test_what_a_run_is_and_cost_comes_from_its_plan_and_journal(make_run):
    journal = ({"event": "start", "steps": 40, "seconds": 0.0}, {"event": "step", "step": 30, "loss": 0.5, "seconds": 61.0})
    first = make_run("a", {"x": table(2)}, journal=journal, network="U-Net on ResNet-34")
    run, other = compare_runs([first, make_run("b", {"x": table(2)})]).runs
    assert (run.model, run.steps, run.planned, run.seconds) == ("U-Net on ResNet-34", 30, 40, 61)
    assert (other.model, other.steps, other.planned, other.weights) == ("unet", None, None, None)
    assert math.isnan(other.seconds)


def test_a_network_changed_by_hand_is_called_so(make_run):
    first, second = (make_run(name, {"x": table(2)}) for name in "ab")
    by_hand = {"name": "model.widths", "value": "[4,8]", "why": "Set by hand."}
    change(first, "plan.json", decisions=[{"name": "network", "value": "U-Net", "why": ""}, by_hand])
    change(second, "plan.json", model={"kind": "fcn"}, decisions=[by_hand])
    runs = compare_runs([first, second]).runs
    assert [run.model for run in runs] == ["U-Net, widths [4,8]", "fcn, widths [4,8]"]


def test_folders_of_one_name_are_told_apart_by_their_paths(make_run):
    first, second = (make_run(f"{name}/run", {"x": table(2)}) for name in "ab")
    assert [run.name for run in compare_runs([first, second]).runs] == [str(first), str(second)]


def test_a_comparison_is_json_without_nan(make_run):
    comparison = compare_runs([make_run("a", {"x": table(2)}), make_run("b", {"x": table(3)})])
    value = json.loads(json.dumps(comparison.to_json(), allow_nan=False))
    assert value["runs"][1]["scores"][0]["difference_low"] is None
    assert value["images"][0]["id"] == "x"


def test_neither_torch_nor_the_data_are_needed(make_run):
    folders = [str(make_run(name, {"x": table(2), "y": table(3)})) for name in "ab"]
    code = f"import sys; from maskwright import compare_runs; compare_runs({folders!r}); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_cannot_be_compared_is_an_error_that_says_what_differs(make_run, tmp_path):
    a = make_run("a", {"x": table(2), "y": table(3)})
    with pytest.raises(RunError, match=r"nothing: no run here"):
        compare_runs([a, tmp_path / "nothing"])
    with pytest.raises(RunError, match=r"two or more runs, not 1"):
        compare_runs([a])
    with pytest.raises(RunError, match=r"named twice"):
        compare_runs([a, tmp_path / "." / "a"])
    with pytest.raises(DataError, match=r"the classes differ. a: background, cell; b: background, nucleus"):
        compare_runs([a, make_run("b", {"x": table(2)}, names=("background", "nucleus"))])
    with pytest.raises(DataError, match=r"the background differ. a: background; c: none"):
        compare_runs([a, make_run("c", {"x": table(2)}, background=None)])
    with pytest.raises(DataError, match=r"No image was scored in all.*a: 2 images \(x, y\); d: 1 image \(z\).*evaluate"):
        compare_runs([a, make_run("d", {"z": table(2)})])


def test_another_ignore_is_told_by_the_pixels_that_count(make_run):
    first = make_run("a", {"x": table(2)})
    with pytest.raises(DataError, match=r"x, it counts 10 pixels in a and 9 in b.*ignored.*--ignore"):
        compare_runs([first, make_run("b", {"x": table(2, of=9)})])
    with pytest.raises(DataError, match=r"the classes have 6, 4 pixels in a and 5, 5 in c"):
        compare_runs([first, make_run("c", {"x": table(2, cell=5)})])


def test_a_run_without_scores_or_with_damaged_files_is_named(make_run):
    a, b = (make_run(name, {"x": table(2)}) for name in "ab")
    (b / "split.json").write_text('{"parts": []}')
    with pytest.raises(RunError, match=r"b: plan\.json, split\.json or data\.json is damaged"):
        compare_runs([a, b])
    (b / "scores.json").write_text('{"rows": 3}')
    with pytest.raises(RunError, match=r"scores\.json: is damaged.*maskwright evaluate"):
        compare_runs([a, b])
    (b / "scores.json").write_text("{")
    with pytest.raises(MaskwrightError, match=r"scores\.json: not a readable JSON"):
        compare_runs([a, b])
    (b / "scores.json").unlink()
    with pytest.raises(RunError, match=r"has not been scored yet. Run: maskwright evaluate"):
        compare_runs([a, b])


def test_old_scores_whose_data_have_gone_say_what_to_do(make_run):
    a, b = (make_run(name, {"x": table(2)}) for name in "ab")
    images = [{"id": "x", "score": 0.5}]
    change(b, "scores.json", per_image=images)
    with pytest.raises(RunError, match=r"b: its scores are of an older version.*maskwright evaluate .*b DATA"):
        compare_runs([a, b])
