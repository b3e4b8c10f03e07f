"""Drawing from the command line: data, masks and runs, chosen images, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from maskwright.formats import coco_panoptic
from maskwright.masks.classes import Classes
from maskwright.masks.types import Panoptic, Segment

STREET = Classes.named("road", "sky", "car", things=["car"])


@pytest.fixture
def street(tmp_path):
    """Two images with panoptic maps."""
    folder = tmp_path / "street"
    (folder / "images").mkdir(parents=True)
    items = []
    for name in ("a", "b"):
        Image.fromarray(np.full((30, 40, 3), 90, np.uint8)).save(folder / "images" / f"{name}.png")
        ids = np.ones((30, 40), np.int32)
        ids[:8], ids[12:20, 5:15] = 2, 3
        items.append((f"{name}.png", Panoptic(ids, (Segment(1, 0), Segment(2, 1), Segment(3, 2)), STREET)))
    coco_panoptic.write(folder / "panoptic.json", items)
    return folder


def width(path):
    with Image.open(path) as picture:
        return picture.width


def test_a_data_folder_is_drawn_as_all_that_it_tells(invoke, street, tmp_path):
    out = tmp_path / "out"
    result = invoke("draw", street, "--out", out)
    assert result.exit_code == 0, result.output
    assert "2 pictures written to" in result.output
    assert sorted(path.name for path in out.rglob("*.png")) == ["a.png", "b.png"]
    assert width(next(out.rglob("a.png"))) == 4 * 480 + 5 * 8


def test_views_and_images_are_chosen(invoke, street, tmp_path):
    out = tmp_path / "out"
    result = invoke("draw", street, "--out", out, "--as", "semantic,panoptic", "--image", "b.png", "--size", "64")
    assert result.exit_code == 0, result.output
    (only,) = out.rglob("*.png")
    assert (only.name, width(only)) == ("b.png", 2 * 40 + 3 * 8)


def test_pictures_that_are_there_are_replaced_only_if_that_is_said(invoke, street, tmp_path):
    out = tmp_path / "out"
    assert invoke("draw", street, "--out", out).exit_code == 0
    again = invoke("draw", street, "--out", out)
    assert again.exit_code == 2
    assert "holds 2 files of these names already (a.png, b.png)" in again.stderr
    assert invoke("draw", street, "--out", out, "--overwrite").exit_code == 0


def test_no_picture_replaces_an_image(invoke, street):
    before = (street / "images" / "a.png").read_bytes()
    result = invoke("draw", street, "--out", street / "images", "--overwrite")
    assert result.exit_code == 2
    assert "is an image or a mask" in result.stderr
    assert (street / "images" / "a.png").read_bytes() == before


def test_masks_over_images(invoke, blobs_to_read, tmp_path):
    out = tmp_path / "out"
    result = invoke("draw", blobs_to_read / "masks", blobs_to_read / "images", "--out", out, "--image", "cell0")
    assert result.exit_code == 0, result.output
    assert [path.name for path in out.rglob("*.png")] == ["cell0.png"]


def test_a_run_draws_what_it_predicts(invoke, trained, blobs_to_read, tmp_path):
    out = tmp_path / "out"
    result = invoke("draw", trained, blobs_to_read / "images", "--out", out, "--image", "cell1")
    assert result.exit_code == 0, result.output
    assert [path.name for path in out.rglob("*.png")] == ["cell1.png"]
    assert "Name the images that it is to predict" in invoke("draw", trained, "--out", out).stderr
    assert "Leave out --kind" in invoke("draw", trained, blobs_to_read, "--out", out, "--kind", "instances").stderr


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("--as", "panoptics"), "Did you mean 'panoptic'?"),
        (("--as", "semantic,"), "is no way to draw"),
        (("--image", "c"), "There is no image called 'c'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_written(invoke, street, tmp_path, said, words):
    result = invoke("draw", street, "--out", tmp_path / "out", *said)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_image_that_cannot_be_drawn_is_named_and_the_others_are_drawn(invoke, street, tmp_path):
    Image.fromarray(np.full((30, 40, 3), 90, np.uint8)).save(street / "panoptic" / "a.png")
    result = invoke("draw", street, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "1 picture written" in result.output
    assert "are in the picture but not in" in " ".join(result.output.split())


def test_a_folder_without_labels_is_refused(invoke, tmp_path):
    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "images" / "a.png")
    result = invoke("draw", tmp_path / "images", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "no image there has a mask" in result.stderr
