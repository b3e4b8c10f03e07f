"""Labelling projects as files: objects come back whole, classes keep their ids, and what is damaged is named."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.base.errors import DataError, MaskValueError
from maskwright.base.files import read_json, write_json
from maskwright.formats import project
from maskwright.formats.project_file import ProjectClass, read_project, write_project
from some_objects import MASKS, RING, SIZE_HW, SQUARE, assert_same, instances


def put(folder, items):
    assert project.write(folder, items) == ()
    return project.read(folder)


def test_a_project_is_one_file_an_image_and_its_classes(tmp_path):
    before = instances(RING, SQUARE, class_ids=[2, 1], scores=[1.0, 0.25], is_crowd=[True, False])
    found = put(tmp_path / "x", [("s/a.jpg", before), ("s/a.png", instances())])
    files = sorted(path.relative_to(tmp_path / "x").as_posix() for path in (tmp_path / "x").rglob("*.json"))
    assert files == ["labels/s/a.jpg.json", "labels/s/a.png.json", "project.json"]
    assert [(image.name, image.objects) for image in found.images] == [("s/a.jpg", 2), ("s/a.png", 0)]
    assert found.classes.names == before.classes.names
    assert_same(found.images[0].load(SIZE_HW), before)
    assert project.find(tmp_path / "x") == (tmp_path / "x",)
    assert project.find(tmp_path) == ()


@given(MASKS, arrays(bool, SIZE_HW), st.booleans())
def test_any_objects_come_back(masks, ignored, has_ignored):
    """Holes, parts, overlaps, objects that touch, and pixels to leave out."""
    before = instances(*(mask for mask in masks if mask.any()), ignored=ignored if has_ignored and ignored.any() else None)
    with tempfile.TemporaryDirectory() as place:
        found = put(Path(place) / "x", [("a.png", before)])
        assert_same(found.images[0].load(SIZE_HW), before)


def test_layers_decide_before_the_order_in_which_objects_came(tmp_path):
    put(tmp_path, [("a.png", instances(RING, SQUARE, class_ids=[1, 2]))])
    file = tmp_path / "labels" / "a.png.json"
    value = read_json(file)
    value["objects"][0]["layer"] = 1
    write_json(file, value)
    assert project.read(tmp_path).images[0].load(SIZE_HW).class_ids.tolist() == [2, 1]


def test_only_images_that_are_done_or_have_objects_are_labelled(tmp_path):
    put(tmp_path, [("a.png", instances(RING)), ("b.png", instances()), ("c.png", instances())])
    for name in ("a", "b"):
        file = tmp_path / "labels" / f"{name}.png.json"
        write_json(file, {**read_json(file), "state": "todo"})
    found = project.read(tmp_path)
    assert [image.name for image in found.images] == ["a.png", "c.png"]
    assert "1 of them have objects and are not marked as done; they are used" in found.words
    assert found.is_partial


def test_classes_are_renamed_and_reordered_without_touching_labels(tmp_path):
    put(tmp_path, [("a.png", instances(RING, SQUARE, class_ids=[1, 2]))])
    first, second = read_project(tmp_path).classes
    write_project(tmp_path, tmp_path / ".." / "photos", [second, ProjectClass(first.id, "nucleus", (1, 2, 3), "stuff")])
    found = project.read(tmp_path)
    assert found.classes.names == ("background", second.name, "nucleus")
    assert [info.is_thing for info in found.classes] == [False, True, False]
    assert found.images[0].load(SIZE_HW).class_ids.tolist() == [2, 1]
    assert found.images_root == (tmp_path.parent / "photos").resolve()
    assert read_json(tmp_path / "project.json")["images"] == "../photos"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version"),
        ({"size_hw": [0, 5]}, "size_hw.0"),
        ({"objects": [{"id": "a", "class_id": 1, "box": [0, 0, 2], "runs": "04"}]}, "objects.0.box"),
    ],
)
def test_a_damaged_label_file_is_named_and_the_others_are_read(tmp_path, change, words):
    put(tmp_path, [("a.png", instances(RING)), ("b.png", instances())])
    file = tmp_path / "labels" / "a.png.json"
    write_json(file, {**read_json(file), **change})
    found = project.read(tmp_path)
    assert [image.name for image in found.images] == ["b.png"]
    (note,) = found.notes
    assert note.left_out
    assert "a.png.json" in str(note)
    assert words in str(note)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"runs": "05"}, "the object 1 is damaged"),
        ({"box": [0, 0, 900, 900]}, "lies outside"),
        ({"class_id": 77}, r"classes \[77\]"),
    ],
)
def test_a_damaged_object_is_named_when_its_image_is_loaded(tmp_path, change, words):
    put(tmp_path, [("a.png", instances(RING))])
    file = tmp_path / "labels" / "a.png.json"
    value = read_json(file)
    value["objects"][0] |= change
    write_json(file, value)
    (image,) = project.read(tmp_path).images
    with pytest.raises(MaskValueError, match=words):
        image.load(SIZE_HW)
    with pytest.raises(MaskValueError, match="neither resized nor rotated"):
        image.load((3, 3))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"format": "other"}, "another program"),
        ({"format": "maskwright-project", "version": 9}, "newer program"),
        ({"format": "maskwright-project", "version": 1, "classes": [{"id": 1}]}, "classes are damaged"),
    ],
)
def test_a_project_file_that_is_not_one_is_refused(tmp_path, value, words):
    write_json(tmp_path / "project.json", value)
    with pytest.raises(DataError, match=words):
        project.read(tmp_path)


def test_objects_without_pixels_are_a_loss(tmp_path):
    with pytest.raises(MaskValueError, match="has no pixel"):
        project.write(tmp_path / "x", [("a.png", instances(np.zeros(SIZE_HW, bool)))])
    assert not (tmp_path / "x").exists()
