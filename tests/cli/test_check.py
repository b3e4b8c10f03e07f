"""The mask doctor on the command line: words, exit codes, files."""

import json
import shutil

import numpy as np
from PIL import Image

from maskwright.base.files import read_json, write_json
from maskwright.data.dataset import read
from maskwright.formats import coco
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.regions import components


def test_a_sound_folder_is_described_and_exits_0(invoke, blobs_to_read):
    result = invoke("check", blobs_to_read)
    assert result.exit_code == 0
    assert "6 images with masks" in result.output
    assert "255 is class 1 'foreground'" in result.output
    assert "Nothing was found that would spoil a training" in result.output


def test_what_spoils_a_training_exits_1_with_file_and_remedy(invoke, blob_folder):
    Image.fromarray(np.zeros((64, 65), np.uint8)).save(blob_folder / "masks" / "cell3.png")
    result = invoke("check", blob_folder)
    assert result.exit_code == 1
    assert "error: " in result.output
    assert "cell3.png" in result.output
    assert "65 x 64" in result.output


def test_masks_that_nobody_can_know_are_a_finding_and_not_a_crash(invoke, blob_folder):
    """255 beside class ids may be a class or be meant to be left out: only a person knows."""
    ids = np.zeros((64, 64), np.uint8)
    ids[:8], ids[8:16], ids[16:20] = 1, 2, 255
    for path in (blob_folder / "masks").iterdir():
        Image.fromarray(ids).save(path)
    result = invoke("check", blob_folder)
    assert result.exit_code == 1
    assert "--ignore 255" in result.output
    assert invoke("check", blob_folder, "--ignore", 255).exit_code == 0


def test_annotations_are_described_and_their_faults_named(invoke, blob_folder):
    """The folder of the other tests, its masks written as COCO; one annotation of an unknown category spoils it."""
    data = read(blob_folder)
    records = zip(data.records, data, strict=True)
    items = [
        (record.image.name, instances_from_labels(components(one.segmentation.ids == 1)[0], data.classes))
        for record, one in records
    ]
    coco.write(blob_folder / "instances.json", items)
    shutil.rmtree(blob_folder / "masks")
    result = invoke("check", blob_folder)
    assert result.exit_code == 0
    assert "COCO file instances.json: 6 images" in result.output
    value = read_json(blob_folder / "instances.json")
    value["annotations"][2]["category_id"] = 99
    write_json(blob_folder / "instances.json", value)
    result = invoke("check", blob_folder, "--format", "coco")
    assert result.exit_code == 1
    assert "annotation 3: its category_id 99 is no category" in " ".join(result.output.split())
    write_json(blob_folder / "more.json", value)
    result = invoke("check", blob_folder)
    assert result.exit_code == 2
    assert "Name one with --annotations" in " ".join(result.output.split())


def test_findings_and_sheet_go_into_files(invoke, blob_folder, tmp_path):
    (blob_folder / "images" / "cell0.png").write_bytes(b"")
    result = invoke("check", blob_folder, "--json", tmp_path / "found.json", "--sheet", tmp_path / "sheet.png")
    found = json.loads((tmp_path / "found.json").read_text())
    assert result.exit_code == 0  # the others can be trained on
    assert found["findings"][0]["files"] == ["images/cell0.png"]
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 500


def test_the_same_image_on_both_sides_of_a_split_is_found(invoke, blob_folder):
    for folder in ("images", "masks"):
        (blob_folder / folder / "copy.png").write_bytes((blob_folder / folder / "cell0.png").read_bytes())
    names = [f"cell{number}" for number in range(6)]
    (blob_folder / "splits.json").write_text(json.dumps({"train": names, "val": ["copy"]}))
    result = invoke("check", blob_folder)
    assert result.exit_code == 1
    assert "cell0 = copy show the same but stand in different parts" in result.output


def test_nothing_in_the_folder_is_changed(invoke, blob_folder):
    before = {path: path.stat().st_mtime_ns for path in blob_folder.rglob("*")}
    invoke("check", blob_folder)
    assert {path: path.stat().st_mtime_ns for path in blob_folder.rglob("*")} == before


def test_an_empty_folder_says_what_is_missing(invoke, tmp_path):
    (tmp_path / "empty").mkdir()
    result = invoke("check", tmp_path / "empty")
    assert result.exit_code == 1
    assert "no usable images found" in result.output
