"""Scores from the command line: of a run's parts, of other data, and of two folders of masks."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from maskwright.formats import coco_panoptic
from maskwright.masks.classes import Classes
from maskwright.masks.types import Panoptic, Segment


@pytest.fixture
def run(trained, tmp_path):
    """The trained run, to be changed."""
    return shutil.copytree(trained, tmp_path / "run")


def test_a_run_is_scored_on_what_it_held_out(invoke, run):
    result = invoke("evaluate", run)
    assert result.exit_code == 0
    assert "Scores  of the held-out part" in result.output
    assert json.loads((run / "scores.json").read_text())["part"] == "val"


def test_other_parts_and_all(invoke, run, tmp_path):
    assert "of the images it was trained on" in invoke("evaluate", run, "--part", "train").output
    everything = invoke("evaluate", run, "--part", "all", "--json", tmp_path / "all.json")
    assert "5 of these images were trained on" in everything.output
    assert len(json.loads((tmp_path / "all.json").read_text())["per_image"]) == 6
    missing = invoke("evaluate", run, "--part", "test")
    assert missing.exit_code == 2
    assert "has no part 'test'; it has train, val" in missing.stderr


def test_data_that_the_run_does_not_know_are_scored_in_full(invoke, run, blob_folder):
    for folder in ("images", "masks"):
        for path in (blob_folder / folder).iterdir():
            path.rename(path.with_name(f"new_{path.name}"))
    result = invoke("evaluate", run, blob_folder)
    assert result.exit_code == 0
    assert "warning: 5 of these" not in result.output
    assert len(json.loads((run / "scores.json").read_text())["per_image"]) == 6


def test_data_that_have_moved_are_scored_as_split(invoke, run, blob_folder):
    assert "of the held-out part" in invoke("evaluate", run, blob_folder).output


def test_other_classes_are_refused_with_a_hint(invoke, run, blob_folder):
    result = invoke("evaluate", run, blob_folder, "--class-names", "ground,cell")
    assert result.exit_code == 2
    assert "--class-names background,foreground" in result.stderr


def test_every_rule_of_a_run_and_of_two_folders(invoke, run, blobs_to_read, tmp_path):
    invoke("predict", run, blobs_to_read / "images", "--out", tmp_path / "masks")
    of_run = invoke("evaluate", run, "--part", "all", "--rules", "all").output
    of_folders = invoke(
        "evaluate", "--ground-truth", blobs_to_read / "masks", "--prediction", tmp_path / "masks", "--rules", "all"
    ).output
    assert of_run[of_run.index("What others") :] == of_folders[of_folders.index("What others") :]
    for library in ("MONAI", "torchmetrics", "nnU-Net", "segmentation-models-pytorch", "mmsegmentation", "scikit-learn"):
        assert library in of_run


def test_two_folders_with_everything_written(invoke, blobs_to_read, tmp_path):
    masks = blobs_to_read / "masks"
    result = invoke(
        "evaluate",
        "--ground-truth",
        masks,
        "--prediction",
        masks,
        "--json",
        tmp_path / "s.json",
        "--report",
        tmp_path / "r.html",
    )
    assert result.exit_code == 0
    assert json.loads((tmp_path / "s.json").read_text())["headline"] == "dice/foreground"
    assert "masks against masks" in (tmp_path / "r.html").read_text()


def test_what_cannot_be_compared_is_listed_and_the_exit_code_is_3(invoke, blobs_to_read, tmp_path):
    masks = shutil.copytree(blobs_to_read / "masks", tmp_path / "masks")
    (masks / "cell0.png").unlink()
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(masks / "cell1.png")
    result = invoke("evaluate", "--ground-truth", blobs_to_read / "masks", "--prediction", masks)
    assert result.exit_code == 3
    assert "2 masks are in no score" in result.output
    assert "cell0.png: there is no prediction" in result.output
    assert "cell1.png: the prediction is 9 x 9 pixels" in result.output


@pytest.mark.parametrize(
    "arguments", [(), ("--ground-truth", "a"), ("--prediction", "a"), ("run", "--ground-truth", "a", "--prediction", "b")]
)
def test_what_to_compare_must_be_clear(invoke, arguments):
    result = invoke("evaluate", *arguments)
    assert result.exit_code == 2
    assert "--ground-truth PATH" in result.stderr


def test_objects_in_coco_files_are_scored_as_objects(invoke, tmp_path):
    square = {"segmentation": [[1, 1, 6, 1, 6, 6, 1, 6]], "category_id": 3, "image_id": 9}
    image = {"id": 9, "file_name": "a.png", "width": 20, "height": 10}
    truth = {"images": [image], "categories": [{"id": 3, "name": "cell"}], "annotations": [{"id": 1, **square}]}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    (tmp_path / "results.json").write_text(json.dumps([{**square, "score": 0.5}]))
    result = invoke(
        "evaluate", "--ground-truth", tmp_path / "truth.json", "--prediction", tmp_path / "results.json", "--rules", "all"
    )
    assert result.exit_code == 0, result.output
    assert "AP50 (StarDist)" in result.output
    assert "1 images, 1 objects of 1 of 1 categories" in result.output


def test_panoptic_folders_are_scored_by_their_segments_with_a_page(invoke, tmp_path):
    """A folder against itself, as `predict` and `synth` lay it out; things touch and void is left out."""
    classes = Classes.named("road", "sky", "car", things=["car"])
    ids = np.ones((20, 30), np.int32)
    ids[:5], ids[8:14, 4:9], ids[8:14, 9:14], ids[19:] = 2, 3, 4, 0
    drawn = Panoptic(ids, (Segment(1, 0), Segment(2, 1), Segment(3, 2), Segment(4, 2)), classes)
    coco_panoptic.write(tmp_path / "data" / "panoptic.json", [("a.png", drawn), ("b.png", drawn)])
    page, scores = tmp_path / "page.html", tmp_path / "scores.json"
    result = invoke(
        "evaluate", "--ground-truth", tmp_path / "data", "--prediction", tmp_path / "data" / "panoptic.json",
        "--report", page, "--json", scores,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "thing classes" in result.output
    rows = {(row["metric"], row["subject"]): row["value"] for row in json.loads(scores.read_text())["rows"]}
    assert [rows["PQ", subject] for subject in ("all classes", "thing classes", "stuff classes", "car")] == [1, 1, 1, 1]
    assert rows["hits", "all segments"] == 8
    assert "How well segments are found and outlined" in page.read_text()
