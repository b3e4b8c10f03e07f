"""Folders of images into folders of masks: the tree, what is done, what is in the way, what fails, and stopping."""

import json
import os
import signal

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

import maskwright.engine.prediction_folder as module
from maskwright.base.errors import DataError, Interrupted, MaskwrightError
from maskwright.engine.predict import Predictor
from maskwright.engine.predict_folder import predict_folder
from maskwright.engine.prediction_folder import JOURNAL
from maskwright.formats import native, read_mask
from maskwright.formats.images import read_image


@pytest.fixture
def predictor(small_plan):
    """A network that has learned nothing predicts as well as any here."""
    return make(small_plan, digest="first")


def make(small_plan, digest):
    torch.manual_seed(1)
    plan = small_plan()
    return Predictor(plan, plan.model.build(channels=1, classes=2), device=torch.device("cpu"), digest=digest)


@pytest.fixture
def images(tmp_path):
    """Two images in one folder, one below it."""
    rng = np.random.default_rng(1)
    for name in ("a.png", "b.tif", "deep/c d.jpg"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (40, 56), np.uint8)).save(path)
    return tmp_path / "images"


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_tree_is_mirrored_and_masks_hold_what_the_network_says(predictor, images, tmp_path):
    report = predict_folder(predictor, images, tmp_path / "out")
    assert names(tmp_path / "out") == ["a.png", "b.png", "dataset.json", "deep/c d.png", JOURNAL]
    assert [path.name for path in report.done] == ["a.png", "b.png", "c d.png"]
    expected = predictor(read_image(images / "b.tif")).ids
    assert np.array_equal(read_mask(tmp_path / "out" / "b.png").values, expected)


def test_the_folder_says_what_its_values_mean(predictor, images, tmp_path):
    predict_folder(predictor, images, tmp_path / "out")
    coding = native.read_native(tmp_path / "out")
    assert coding.classes == predictor.plan.classes
    assert coding.values == ((0, 0), (1, 1))


def test_overlays_and_probabilities_on_request(predictor, images, tmp_path):
    predict_folder(predictor, images, tmp_path / "out", suffix=".tif", extras=["overlays", "probabilities"])
    assert read_image(tmp_path / "out" / "overlays" / "deep" / "c d.png").shape == (40, 56, 3)
    probabilities = tifffile.imread(tmp_path / "out" / "probabilities" / "a.tif")
    assert probabilities.dtype == np.float16
    assert probabilities.shape == (2, 40, 56)
    assert np.allclose(probabilities.sum(axis=0, dtype=np.float32), 1, atol=2e-3)
    mask = read_mask(tmp_path / "out" / "a.tif").values
    assert np.array_equal(mask, predictor(read_image(images / "a.png")).ids)


def test_one_bad_image_stops_nothing_and_is_named(predictor, images, tmp_path):
    (images / "empty.png").write_bytes(b"")
    tifffile.imwrite(images / "two.tif", np.zeros((40, 56, 2), np.uint8), photometric="minisblack", planarconfig="contig")
    report = predict_folder(predictor, images, tmp_path / "out")
    assert len(report.done) == 3
    empty, two = sorted(report.failed, key=lambda failure: failure.image)
    assert (empty.image.name, empty.reason) == ("empty.png", "the file is empty (0 bytes). Copy or export it again.")
    assert two.image.name == "two.tif"
    assert "2 channels" in two.reason


def test_running_again_does_only_what_is_missing(predictor, images, tmp_path):
    out = tmp_path / "out"
    predict_folder(predictor, images, out)
    (out / "b.png").unlink()
    before = (out / "a.png").stat().st_mtime_ns
    report = predict_folder(predictor, images, out)
    assert [path.name for path in report.done] == ["b.png"]
    assert [path.name for path in report.skipped] == ["a.png", "c d.png"]
    assert (out / "a.png").stat().st_mtime_ns == before


def test_a_replaced_image_is_predicted_anew(predictor, images, tmp_path):
    predict_folder(predictor, images, tmp_path / "out")
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(images / "a.png")
    report = predict_folder(predictor, images, tmp_path / "out")
    assert [path.name for path in report.done] == ["a.png"]
    assert read_mask(tmp_path / "out" / "a.png").size_hw == (40, 60)


def test_asking_for_overlays_later_makes_them(predictor, images, tmp_path):
    predict_folder(predictor, images, tmp_path / "out")
    report = predict_folder(predictor, images, tmp_path / "out", extras=["overlays"])
    assert len(report.done) == 3


def test_masks_of_another_run_are_never_replaced_unasked(predictor, small_plan, images, tmp_path):
    out = tmp_path / "out"
    predict_folder(predictor, images / "a.png", out)
    with pytest.raises(DataError, match=r"1 files are in the way, made by another run.*a\.png.*--overwrite.*--out"):
        predict_folder(make(small_plan, "second"), images, out)
    assert names(out) == ["a.png", "dataset.json", JOURNAL]
    assert len(predict_folder(make(small_plan, "second"), images, out, overwrite=True).done) == 3


def test_a_mask_that_a_person_corrected_is_never_replaced_unasked(predictor, images, tmp_path):
    out = tmp_path / "out"
    predict_folder(predictor, images, out)
    Image.fromarray(np.ones((40, 56), np.uint8)).save(out / "a.png")
    with pytest.raises(DataError, match=r"changed since: a\.png"):
        predict_folder(predictor, images, out)


def test_a_foreign_dataset_json_is_never_replaced_unasked(predictor, images, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "dataset.json").write_text("{}")
    with pytest.raises(DataError, match=r"dataset\.json"):
        predict_folder(predictor, images, tmp_path / "out")


def test_images_that_would_have_one_mask_are_refused_before_anything_is_written(predictor, images, tmp_path):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(images / "a.jpg")
    with pytest.raises(DataError, match=r"a\.jpg and .*a\.png"):
        predict_folder(predictor, images, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("where", [".", "masks"])
def test_masks_never_go_among_the_images(predictor, images, where):
    with pytest.raises(DataError, match="among the images"):
        predict_folder(predictor, images, images / where)
    with pytest.raises(DataError, match="among the images"):
        predict_folder(predictor, images / "a.png", images)
    assert names(images) == ["a.png", "b.tif", "deep/c d.jpg"]


def test_names_of_any_script_come_back_as_they_are(predictor, tmp_path):
    decomposed = "e\u0301té 🙂 'q'.png"
    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "images" / decomposed)
    for _ in range(2):
        report = predict_folder(predictor, tmp_path / "images", tmp_path / "out")
    assert decomposed in os.listdir(tmp_path / "out")
    assert not report.failed
    assert len(report.skipped) == 1


def test_a_full_disk_stops_and_leaves_whole_files(predictor, images, tmp_path, monkeypatch):
    """Every mask would fail alike, so going on is of no use; the next run begins where this one stopped."""
    out, wrote = tmp_path / "out", []

    def write(path, label_map):
        if wrote:
            raise OSError(28, "No space left on device")
        wrote.append(path)
        write_label_map(path, label_map)

    write_label_map = module.write_label_map
    monkeypatch.setattr(module, "write_label_map", write)
    with pytest.raises(MaskwrightError, match=r"b\.png: cannot be written \(No space left"):
        predict_folder(predictor, images, out)
    assert names(out) == ["a.png", "dataset.json", JOURNAL]
    monkeypatch.undo()
    assert len(predict_folder(predictor, images, out).done) == 2


def test_killed_between_journal_and_name_it_is_done_again(predictor, images, tmp_path):
    """The journal's line comes first; a line without its file claims nothing."""
    out = tmp_path / "out"
    predict_folder(predictor, images, out)
    (out / "a.png").unlink()
    assert json.loads((out / JOURNAL).read_text().splitlines()[0])["output"] == "a.png"
    assert [path.name for path in predict_folder(predictor, images, out).done] == ["a.png"]


def test_ctrl_c_finishes_the_image_and_says_how_to_go_on(predictor, images, tmp_path):
    def press(done, total):
        if done == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match=r"1 of 3 images done\. Run the same command again"):
        predict_folder(predictor, images, tmp_path / "out", progress=press)
    assert names(tmp_path / "out") == ["a.png", "dataset.json", JOURNAL]
    assert len(predict_folder(predictor, images, tmp_path / "out").done) == 2


def test_a_network_without_a_name_takes_nothing_for_done(small_plan, images, tmp_path):
    """Two such networks could not be told apart."""
    predict_folder(make(small_plan, ""), images, tmp_path / "out")
    with pytest.raises(DataError, match="3 files are in the way"):
        predict_folder(make(small_plan, ""), images, tmp_path / "out")


def test_large_images_are_predicted_part_by_part_to_the_same_masks(predictor, images, tmp_path, monkeypatch):
    """What is done of one outlives a stop; nothing of it lies there in the end."""
    predict_folder(predictor, images, tmp_path / "whole", suffix=".tif")
    monkeypatch.setattr("maskwright.engine.predict_folder.is_large", lambda path, axes: path.suffix == ".tif")
    with pytest.raises(Interrupted):
        predict_folder(
            predictor, images, tmp_path / "out", progress=lambda done, _: done < 2 or os.kill(os.getpid(), signal.SIGINT)
        )
    report = predict_folder(predictor, images, tmp_path / "out", extras=["overlays"])
    assert (tmp_path / "out" / "b.tif").is_file()
    assert not (tmp_path / "out" / ".strips").exists()
    expected = read_mask(tmp_path / "whole" / "b.tif").values
    assert np.array_equal(read_mask(tmp_path / "out" / "b.tif").values, expected)
    assert not report.failed
    again = predict_folder(predictor, images, tmp_path / "out", extras=["overlays"])
    assert len(again.skipped) == 3


def test_stacks_become_stacks_beside_the_masks_of_other_images(predictor, images, tmp_path):
    pages = np.random.default_rng(2).integers(0, 255, (3, 40, 56), np.uint8)
    tifffile.imwrite(images / "stack.tif", pages, imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(images / "unclear.tif", pages, photometric="minisblack")
    out = tmp_path / "out"
    report = predict_folder(predictor, images, out)
    assert names(out) == ["a.png", "b.png", "dataset.json", "deep/c d.png", JOURNAL, "stack.tif"]
    assert [failure.image.name for failure in report.failed] == ["unclear.tif"]
    assert report.failed[0].reason.startswith(
        "it does not say what its axis Q counts (Q=3, Y=40, X=56). Add --axes ZYX for slices"
    )
    labels = tifffile.imread(out / "stack.tif")
    for plane, page in zip(labels, pages, strict=True):
        assert np.array_equal(plane, predictor(page[..., None]).ids)
    report = predict_folder(predictor, images, out, axes="tyx")
    assert [path.name for path in report.done] == ["stack.tif", "unclear.tif"]  # the first has now other axes, it is said
    assert len(predict_folder(predictor, images, out, axes="tyx").skipped) == 5
    with pytest.raises(DataError, match="--axes 'XYZ' names no axes"):
        predict_folder(predictor, images, out, axes="XYZ")


def test_masks_as_ome_zarr_are_done_and_redone_like_files(predictor, images, tmp_path):
    zarr = pytest.importorskip("zarr", reason="the extra `large` is not installed")
    out = tmp_path / "out"
    report = predict_folder(predictor, images, out, suffix=".zarr")
    assert [path.name for path in report.done] == ["a.zarr", "b.zarr", "c d.zarr"]
    group = zarr.open_group(str(out / "b.zarr"), mode="r")
    assert np.array_equal(group["0"][:], predictor(read_image(images / "b.tif")).ids)
    assert [each["class"] for each in group.attrs["image-label"]["properties"]] == list(predictor.plan.classes.names)
    assert len(predict_folder(predictor, images, out, suffix=".zarr").skipped) == 3
    (out / "a.zarr" / "0" / "0" / "0").write_bytes(b"")
    with pytest.raises(DataError, match=r"1 files are in the way.*a\.zarr"):
        predict_folder(predictor, images, out, suffix=".zarr")
    report = predict_folder(predictor, images, out, suffix=".zarr", overwrite=True)
    assert [path.name for path in report.done] == ["a.zarr"]
    assert not [path for path in out.iterdir() if path.name.startswith(".a")]
