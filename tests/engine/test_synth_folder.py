"""Scenes as a data folder: what lies there, going on after a stop, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

import maskwright as mw
from maskwright.base.errors import DataError
from maskwright.engine.synth_folder import Scenes, write_scenes
from maskwright.masks.types import Panoptic
from maskwright.synth.recipes import RECIPES, draw, to_json

RECIPE = replace(RECIPES["shapes"], size_hw=(48, 64))


class Stop(Exception):  # noqa: N818  stands for a kill
    """Something that ends the drawing."""


def scenes(count=5, seed=0, stop_at=None, drawn=None):
    def one(index):
        if index == stop_at:
            raise Stop
        if drawn is not None:
            drawn.append(index)
        return draw(RECIPE, seed, index)

    return Scenes(draw=one, classes=RECIPE.classes, count=count, about={"recipe": to_json(RECIPE), "seed": seed})


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_folder_reads_as_it_was_drawn(tmp_path):
    made = write_scenes(scenes(), tmp_path / "a", test=2)
    assert (made.made, made.there) == (5, 0)
    data = mw.read(tmp_path / "a")
    assert [record.image.name for record in data.records] == ["0001.png", "0002.png", "0003.png", "0004.png", "0005.png"]
    for index, sample in enumerate(data):
        scene = draw(RECIPE, 0, index)
        np.testing.assert_array_equal(sample.image, scene.image)
        assert isinstance(sample.segmentation, Panoptic)
        np.testing.assert_array_equal(sample.segmentation.segment_ids, scene.panoptic.segment_ids)
        assert sample.segmentation.segments == scene.panoptic.segments
    assert json.loads((tmp_path / "a" / "splits.json").read_text())["suggested"]["test"] == ["0004", "0005"]
    assert json.loads((tmp_path / "a" / "recipe.json").read_text())["recipe"]["kind"] == "shapes"
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "images", "panoptic", "panoptic.json", "recipe.json", "splits.json",
    }  # fmt: skip


def test_the_number_of_workers_changes_nothing(tmp_path):
    for workers in (1, 4):
        write_scenes(scenes(), tmp_path / str(workers), workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "4")


def test_a_folder_that_is_whole_is_left_as_it_is(tmp_path):
    write_scenes(scenes(), tmp_path / "a")
    drawn = []
    assert write_scenes(scenes(drawn=drawn), tmp_path / "a").there == 5
    assert drawn == []


def test_after_a_kill_only_what_is_missing_is_drawn(tmp_path):
    with pytest.raises(Stop):
        write_scenes(scenes(stop_at=3), tmp_path / "a", workers=1)
    assert not (tmp_path / "a" / "panoptic.json").exists()
    drawn = []
    made = write_scenes(scenes(drawn=drawn), tmp_path / "a", workers=1)
    assert made.there >= 1
    assert set(drawn) == set(range(made.there, 5))
    write_scenes(scenes(), tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_an_image_that_was_lost_is_made_again(tmp_path):
    write_scenes(scenes(), tmp_path / "a")
    before = contents(tmp_path / "a")
    (tmp_path / "a" / "images" / "0003.png").unlink()
    write_scenes(scenes(), tmp_path / "a")
    assert contents(tmp_path / "a") == before


def test_another_seed_needs_overwrite_and_leaves_nothing_behind(tmp_path):
    write_scenes(scenes(count=7), tmp_path / "a", test=1)
    with pytest.raises(DataError, match=r"made otherwise \(count, seed, test differ\)"):
        write_scenes(scenes(seed=1), tmp_path / "a")
    write_scenes(scenes(seed=1), tmp_path / "a", overwrite=True)
    write_scenes(scenes(seed=1), tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_something_else_is_refused(tmp_path, overwrite):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").write_bytes(b"x")
    with pytest.raises(DataError, match="something else lies there"):
        write_scenes(scenes(), tmp_path / "photos", overwrite=overwrite)
    assert (tmp_path / "photos" / "me.jpg").read_bytes() == b"x"


def test_a_foreign_image_among_the_drawn_ones_is_named(tmp_path):
    write_scenes(scenes(), tmp_path / "a")
    (tmp_path / "a" / "images" / "mine.png").write_bytes(b"x")
    (tmp_path / "a" / "panoptic.json").unlink()
    with pytest.raises(DataError, match=r"mine.png"):
        write_scenes(scenes(), tmp_path / "a")


@pytest.mark.parametrize(("count", "test"), [(0, 0), (3, 3), (3, -1)])
def test_impossible_numbers_are_refused_before_anything_is_written(tmp_path, count, test):
    with pytest.raises(DataError):
        write_scenes(scenes(count=count), tmp_path / "a", test=test)
    assert not (tmp_path / "a").exists()
