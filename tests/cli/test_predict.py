"""Prediction from the command line: what it says, and how it exits."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright.masks.link import MIN_IOU


def test_a_folder_is_predicted_and_then_nothing_is_left_to_do(invoke, trained, blobs_to_read, tmp_path):
    arguments = ("predict", trained, blobs_to_read / "images", "--out", tmp_path / "masks")
    assert f"6 masks written to {tmp_path / 'masks'}." in invoke(*arguments).output
    again = invoke(*arguments)
    assert again.exit_code == 0
    assert "0 masks written" in again.output
    assert "6 were there already" in again.output


def test_everything_on_request(invoke, trained, blobs_to_read, tmp_path):
    image, out = blobs_to_read / "images" / "cell0.png", tmp_path / "masks"
    result = invoke("predict", trained, image, "--out", out, "--overlays", "--probabilities", "--format", "tiff")
    assert result.exit_code == 0
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.[pt]*")} >= {
        "cell0.tif", "overlays/cell0.png", "probabilities/cell0.tif",
    }  # fmt: skip


def test_a_bad_image_is_listed_and_the_exit_code_is_3(invoke, trained, blob_folder, tmp_path):
    (blob_folder / "images" / "broken.png").write_bytes(b"<html>")
    result = invoke("predict", trained, blob_folder / "images", "--out", tmp_path / "masks")
    assert result.exit_code == 3
    assert "6 masks written" in result.stdout
    assert "1 image failed" in result.stderr
    assert "broken.png: not an image (looks like HTML" in result.stderr


def test_no_image_at_all_is_an_error(invoke, trained, tmp_path):
    (tmp_path / "empty").mkdir()
    result = invoke("predict", trained, tmp_path / "empty", "--out", tmp_path / "masks")
    assert result.exit_code == 2
    assert result.stderr.startswith("error")  # before all that is said of the network
    assert "no image files found" in result.stderr
    assert not (tmp_path / "masks").exists()


def test_an_image_too_large_names_the_option(invoke, trained, tmp_path):
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "large.png")
    arguments = ("predict", trained, tmp_path / "large.png", "--out", tmp_path / "masks", "--max-pixels")
    assert "--max-pixels 4096" in invoke(*arguments, 4095).stderr
    assert invoke(*arguments, 4096).exit_code == 0


def test_damaged_weights_are_refused(invoke, trained, blobs_to_read, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "plan.json").write_bytes((trained / "plan.json").read_bytes())
    weights = bytearray((trained / "best.safetensors").read_bytes())
    weights[-1] ^= 1
    (run / "best.safetensors").write_bytes(weights)
    result = invoke("predict", run, blobs_to_read / "images", "--out", tmp_path / "masks")
    assert result.exit_code == 2
    assert "best.safetensors: the weights are damaged" in result.stderr


def test_a_folder_that_is_no_run_is_named(invoke, blobs_to_read, tmp_path):
    result = invoke("predict", blobs_to_read, blobs_to_read / "images", "--out", tmp_path / "masks")
    assert result.exit_code == 2
    assert "no run here" in result.stderr


def test_objects_are_asked_of_a_run_that_has_none(invoke, trained, blobs_to_read, tmp_path):
    arguments = ("predict", trained, blobs_to_read / "images", "--out", tmp_path / "masks")
    result = invoke(*arguments, "--to", "coco")
    assert result.exit_code == 2
    assert "finds no objects" in result.stderr
    assert not (tmp_path / "masks").exists()
    assert invoke(*arguments, "--to", "labels").exit_code == 0


def test_a_stack_and_what_is_said_of_it(invoke, trained, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 40, 48), np.uint8), photometric="minisblack")
    arguments = ("predict", trained, tmp_path / "a.tif", "--out", tmp_path / "masks")
    result = invoke(*arguments)
    assert result.exit_code == 3
    assert "--axes ZYX for slices" in " ".join(result.stderr.split())
    result = invoke(*arguments, "--axes", "ZYX", "--link", "none", "--precision", "fp32")
    assert (result.exit_code, tifffile.imread(tmp_path / "masks" / "a.tif").shape) == (0, (3, 40, 48))
    assert "--link is an overlap above 0 and up to 1, such as 0.25, or none, not '2'" in invoke(*arguments, "--link", 2).stderr
    assert f"{MIN_IOU:g}" == "0.25"


def test_ome_zarr_on_request(invoke, trained, blobs_to_read, tmp_path):
    zarr = pytest.importorskip("zarr", reason="the extra `large` is not installed")
    arguments = ("predict", trained, blobs_to_read / "images" / "cell0.png", "--out", tmp_path / "masks", "--to", "ome-zarr")
    assert invoke(*arguments).exit_code == 0
    assert zarr.open_group(str(tmp_path / "masks" / "cell0.zarr"), mode="r")["0"].dtype == np.uint8
    assert "Leave out either --format or --to ome-zarr" in " ".join(invoke(*arguments, "--format", "png").stderr.split())
