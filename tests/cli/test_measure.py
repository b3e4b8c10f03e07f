"""Measuring from the command line: the table, the summary, and what is refused."""

import csv

import numpy as np
import pytest
from PIL import Image


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def put(folder, image, mask, name="a"):
    for kind, values in (("images", image), ("masks", mask)):
        (folder / kind).mkdir(exist_ok=True)
        Image.fromarray(values).save(folder / kind / f"{name}.png")
    return folder / "masks", folder / "images"


@pytest.fixture
def masks_and_images(tmp_path):
    labels = np.zeros((20, 30), np.uint16)
    labels[2:6, 3:8], labels[10:13, 20:23] = 1, 2
    return put(tmp_path, np.full((20, 30), 7, np.uint8), labels)


def test_a_table_and_a_summary(invoke, masks_and_images, tmp_path):
    out = tmp_path / "t" / "objects.csv"
    result = invoke("measure", *masks_and_images, "--kind", "instances", "--out", out, "--pixel-size", "0.5um")
    assert result.exit_code == 0, result.output
    assert [(row["image"], row["object"], row["area"], row["area_um2"]) for row in rows(out)] == [
        ("a.png", "1", "20", "5.0"), ("a.png", "2", "9", "2.25"),
    ]  # fmt: skip
    assert "median area, um²" in result.output
    assert "3.625" in result.output
    assert f"Table: {out}" in result.output


def test_a_run_predicts_what_is_measured_and_writes_nothing_else(invoke, trained, blobs_to_read, tmp_path):
    result = invoke("measure", trained, blobs_to_read / "images", "--out", tmp_path / "objects.csv")
    assert result.exit_code == 0, result.output
    assert "each connected part of a class is an object" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["objects.csv"]
    refused = invoke("measure", trained, blobs_to_read, "--out", tmp_path / "b.csv", "--kind", "instances")
    assert refused.exit_code == 2
    assert "Leave out --kind" in refused.stderr


def test_no_object_leaves_a_header_and_a_note(invoke, tmp_path):
    empty = np.zeros((20, 30), np.uint16)
    out = tmp_path / "objects.csv"
    result = invoke("measure", *put(tmp_path, empty.astype(np.uint8), empty), "--kind", "instances", "--out", out)
    assert result.exit_code == 0, result.output
    assert "there is no object on any image" in result.output
    assert out.read_text().startswith("image,object,class")
    assert rows(out) == []


def test_a_class_or_a_file_that_is_called_like_a_formula_is_harmless(invoke, masks_and_images, tmp_path):
    masks, images = masks_and_images
    for folder in masks_and_images:
        (folder / "a.png").rename(folder / "=cmd().png")
    for path in masks.iterdir():
        Image.fromarray((np.asarray(Image.open(path)) > 0).astype(np.uint8)).save(path)
    out = tmp_path / "objects.csv"
    result = invoke("measure", masks, images, "--class-names", "background,=1+1", "--out", out)
    assert result.exit_code == 0, result.output
    assert [(row["image"], row["class"]) for row in rows(out)] == [("'=cmd().png", "'=1+1")] * 2


def test_what_is_left_out_is_listed_and_the_exit_code_is_3(invoke, masks_and_images, tmp_path):
    Image.fromarray(np.zeros((20, 30), np.uint16)).save(masks_and_images[0] / "extra.png")
    out = tmp_path / "objects.csv"
    result = invoke("measure", *masks_and_images, "--kind", "instances", "--out", out)
    assert result.exit_code == 3
    assert "extra.png: no image belongs to this mask" in result.output
    assert len(rows(out)) == 2


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--out", "objects.xlsx"), "Excel files are not written"),
        (("--out", "objects.csv", "--pixel-size", "0.65"), "the unit is missing"),
        (("--out", "objects.csv", "--pixel-size=-1um"), "not larger than 0"),
        (("--out", "objects.csv", "--pixel-size", "um"), "the number is missing"),
        (("--out", "file/objects.csv"), "cannot be written"),
        (("--out", "folder.csv"), "is a folder"),
        (("--out", "coco.json"), "is what is to be measured"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(invoke, masks_and_images, tmp_path, monkeypatch, options, what):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "coco.json").write_text("{}")
    source = tmp_path / "coco.json" if "coco.json" in options else masks_and_images[0]
    result = invoke("measure", source, masks_and_images[1], *(() if source.suffix else ("--kind", "instances")), *options)
    assert result.exit_code == 2
    assert what in result.stderr
    assert not (tmp_path / "objects.csv").exists()
