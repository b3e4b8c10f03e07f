"""Objects of a data set on backgrounds: which are taken, where they go, and what is left out."""

import numpy as np
import pytest
from PIL import Image

import maskwright as mw
from maskwright.base.errors import DataError
from maskwright.engine.pasting import gather, scenes
from maskwright.engine.synth_folder import write_scenes
from maskwright.formats.png import write_image
from maskwright.masks.types import Panoptic
from maskwright.synth.copy_paste import CopyPaste


@pytest.fixture
def balls(tmp_path):
    """Two images with a whole ball each; in the first another is cut by the edge, and there is a speck."""
    folder = tmp_path / "balls"
    y, x = np.mgrid[:64, :64]
    for number in range(2):
        labels = np.zeros((64, 64), np.uint16)
        labels[(y - 30) ** 2 + (x - 30) ** 2 <= 64] = 1
        if number == 0:
            labels[(y - 60) ** 2 + (x - 10) ** 2 <= 64] = 2
            labels[5, 5] = 3
        image = np.where(labels > 0, 200, 40).astype(np.uint8)
        for kind, values in (("images", image), ("masks", labels)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(folder / kind / f"{number}.png")
    return folder


def test_whole_objects_are_taken_and_the_others_counted(balls):
    found = gather(mw.read(balls, kind="instances"))
    assert len(found.cutouts) == 2
    assert found.left_out == ("1 object cut by the edge of the image", "1 object smaller than 2 pixels a side")
    assert found.words == ("2 objects of 2 images", "pasted onto the images themselves, with their objects")
    assert [info.is_thing for info in found.classes] == [False, True]


def test_own_images_keep_their_objects(balls, tmp_path):
    found = gather(mw.read(balls, kind="instances"))
    write_scenes(scenes(CopyPaste(count=(1, 1)), found, seed=1, count=3), tmp_path / "out")
    for sample in mw.read(tmp_path / "out"):
        assert isinstance(sample.segmentation, Panoptic)
        assert len(sample.segmentation.segments) >= 3


def test_backgrounds_of_another_folder_hold_pasted_objects_only(balls, tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        write_image(tmp_path / "empty" / f"{name}.png", rng.integers(30, 50, (80, 100, 3)).astype(np.uint8))
    found = gather(mw.read(balls, kind="instances"), tmp_path / "empty")
    scene = scenes(CopyPaste(count=(2, 2), seen_share=0.0), found, seed=0, count=2).draw(1)
    assert scene.image.shape == (80, 100, 1)
    assert len(scene.panoptic.segments) == 3


def test_a_scene_depends_on_its_number_alone(balls):
    made = [scenes(CopyPaste(), gather(mw.read(balls, kind="instances")), seed=4, count=9) for _ in range(2)]
    made[0].draw(0)
    np.testing.assert_array_equal(made[0].draw(7).image, made[1].draw(7).image)


def test_a_changed_file_is_another_request(balls):
    before = scenes(CopyPaste(), gather(mw.read(balls, kind="instances")), seed=0, count=1).about
    write_image(balls / "images" / "1.png", np.full((64, 64, 1), 9, np.uint8))
    assert scenes(CopyPaste(), gather(mw.read(balls, kind="instances")), seed=0, count=1).about != before


def test_only_the_classes_that_are_named_are_pasted(balls):
    data = mw.read(balls, kind="instances")
    with pytest.raises(DataError, match=r"no class 'objct' to paste. Did you mean 'object'\?"):
        gather(data, names=["objct"])
    with pytest.raises(DataError, match="there is no whole object to paste"):
        gather(data, names=["background"])


def test_backgrounds_that_cannot_be_read_are_named(balls, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "broken.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"no background to paste on.*broken.png"):
        gather(mw.read(balls, kind="instances"), tmp_path / "empty")
    write_image(tmp_path / "empty" / "fine.png", np.zeros((64, 64, 1), np.uint8))
    found = gather(mw.read(balls, kind="instances"), tmp_path / "empty")
    assert len(found.backgrounds) == 1
    assert any("broken.png" in words for words in found.faults)


def test_images_of_unknown_white_are_refused(balls, tmp_path):
    (tmp_path / "empty").mkdir()
    Image.fromarray(np.zeros((64, 64), np.float32)).save(tmp_path / "empty" / "float.tif")
    with pytest.raises(DataError, match="how bright white is there is not known"):
        gather(mw.read(balls, kind="instances"), tmp_path / "empty")


@pytest.mark.real
def test_real_nuclei_are_pasted(real_data, tmp_path):
    data = mw.read(real_data / "dsb2018_nuclei")
    found = gather(data.with_records(data.records[:6]))
    write_scenes(scenes(CopyPaste(), found, seed=0, count=3), tmp_path / "out")
    assert len(mw.read(tmp_path / "out")) == 3
