"""Cityscapes: the official table, objects and groups by their numbers, void as ignored, and what its things cannot hold."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskwright.base.errors import DataError, MaskValueError
from maskwright.formats import cityscapes
from maskwright.formats.annotations import object_classes
from maskwright.formats.cityscapes_table import CLASSES, LABELS
from maskwright.masks.polygons import fill
from maskwright.masks.region import iou
from some_objects import MASKS, RING, SIZE_HW, SQUARE, TWO_PARTS, instances, mask, only_note

NAME = "aachen/aachen_000000_000019"
PERSON, CAR, STREET = 24, 26, object_classes(["person", "car", "cat"])


def put(folder, numbers, name=NAME):
    path = folder / "gtFine" / "train" / f"{name}_gtFine_instanceIds.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(numbers, np.uint16)).save(path)
    return folder


def voided(one):
    """The same objects, with everything else ignored: what Cityscapes can hold without a loss."""
    drawn = np.any([region.mask(SIZE_HW) for region in one.regions] or [np.zeros(SIZE_HW, bool)], axis=0)
    return instances(
        *(region.mask(SIZE_HW) for region in one.regions),
        class_ids=one.class_ids, is_crowd=one.is_crowd, classes=one.classes, ignored=~drawn,
    )  # fmt: skip


def test_the_table_is_that_of_the_authors():
    """Spot checks of helpers/labels.py of cityscapesScripts, and the 19 classes of training, 8 of them things."""
    assert [label.id for label in LABELS] == list(range(34))
    by_name = {label.name: label for label in LABELS}
    car, road, caravan = by_name["car"], by_name["road"], by_name["caravan"]
    assert (car.id, car.train_id, car.is_thing, car.is_ignored, car.color) == (26, 13, True, False, (0, 0, 142))
    assert (road.id, road.train_id, road.is_thing, road.color) == (7, 0, False, (128, 64, 128))
    assert (caravan.id, caravan.train_id, caravan.is_thing, caravan.is_ignored) == (29, 255, True, True)
    trained = [label for label in LABELS if label.train_id != 255]
    assert sorted(label.train_id for label in trained) == list(range(19))
    assert [label.name for label in trained if label.is_thing] == [
        "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
    ]  # fmt: skip


def test_things_have_numbers_groups_have_none_and_void_is_ignored(tmp_path):
    """Two cars, a group of persons, a road (stuff), an ego vehicle and parking (both in no score)."""
    numbers = [[26000, 26000, 26001, 7], [24, 24, 7, 7], [1, 9, 0, 7]]
    (image,) = cityscapes.read(put(tmp_path, numbers)).images
    assert (image.name, image.size_hw) == (f"train/{NAME}_leftImg8bit", (3, 4))
    one = image.load((3, 4))
    assert one.classes is CLASSES
    assert [CLASSES[class_id].name for class_id in one.class_ids.tolist()] == ["person", "car", "car"]
    assert one.is_crowd.tolist() == [True, False, False]
    assert [region.box_xyxy for region in one.regions] == [(0, 1, 2, 2), (0, 0, 2, 1), (2, 0, 3, 1)]
    np.testing.assert_array_equal(one.ignored, [[0] * 4, [0] * 4, [1, 1, 1, 0]])


def test_the_images_of_the_data_set_are_named_where_they_lie(tmp_path):
    put(tmp_path, [[0]])
    put(tmp_path, [[0]], "own/a.1")
    image = tmp_path / "leftImg8bit" / "train" / f"{NAME}_leftImg8bit.png"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"")
    for folder in (tmp_path, tmp_path / "gtFine"):
        assert [image.name for image in cityscapes.read(folder).images] == [f"train/{NAME}_leftImg8bit.png", "train/own/a.1"]
        assert cityscapes.find(folder) == (folder,)


@settings(max_examples=20)
@given(MASKS, st.lists(st.booleans(), min_size=3, max_size=3))
def test_any_things_come_back_or_are_listed_with_their_exact_iou(masks, is_crowd):
    before = instances(
        *masks, class_ids=[1 + place % 2 for place in range(len(masks))], is_crowd=is_crowd[: len(masks)], classes=STREET
    )
    before = voided(before)
    with tempfile.TemporaryDirectory() as folder:
        losses = cityscapes.write(Path(folder) / "x", [("a.png", before)], allow_loss=True)
        (image,) = cityscapes.read(Path(folder) / "x").images
        after = image.load(SIZE_HW)
    left = {loss.object: min(loss.iou, 1) for loss in losses}
    kept = [place for place in range(len(masks)) if left.get(place, 1) > 0]
    drawn = [(STREET[int(before.class_ids[place])].name, bool(before.is_crowd[place])) for place in kept]
    found = [(CLASSES[int(after.class_ids[place])].name, bool(after.is_crowd[place])) for place in range(len(after))]
    assert set(drawn) == set(found)
    for place, kind in zip(kept, drawn, strict=True):
        same = [region for region, other in zip(after.regions, found, strict=True) if other == kind]
        assert iou([before.regions[place]], same).max() >= left.get(place, 1.0) - 1e-12
        if place not in left:
            assert iou([before.regions[place]], same).max() == 1
    np.testing.assert_array_equal(after.ignored, before.ignored if before.ignored.any() else None)


def test_three_files_are_written_and_polygons_paint_the_same_picture(tmp_path):
    """What encloses another comes first, holes are unlabeled: painting them one after the other gives the objects."""
    before = voided(instances(mask((2, 2, 4, 4)), RING, class_ids=[1, 2], classes=STREET))
    assert cityscapes.write(tmp_path / "x", [("train/aachen/aachen_000000_000019_leftImg8bit.png", before)]) == ()
    base = tmp_path / "x" / "gtFine" / "train" / "aachen" / "aachen_000000_000019_gtFine"
    with Image.open(f"{base}_instanceIds.png") as numbers, Image.open(f"{base}_labelIds.png") as ids:
        assert np.unique(np.asarray(numbers)).tolist() == [24000, 26000]
        np.testing.assert_array_equal(np.asarray(ids), np.asarray(numbers) // 1000)
        expected = np.asarray(ids)
    value = json.loads(Path(f"{base}_polygons.json").read_text())
    assert (value["imgHeight"], value["imgWidth"]) == SIZE_HW
    assert [one["label"] for one in value["objects"]] == ["car", "unlabeled", "person"]
    painted = np.zeros(SIZE_HW, int)
    for one in value["objects"]:
        painted[fill([np.array(one["polygon"], float)], SIZE_HW)] = {"car": CAR, "person": PERSON, "unlabeled": 0}[one["label"]]
    np.testing.assert_array_equal(painted, expected)
    (image,) = cityscapes.read(tmp_path / "x").images
    assert image.name == "train/aachen/aachen_000000_000019_leftImg8bit"


def test_what_is_no_thing_of_cityscapes_is_refused_or_left_out_and_hides_nothing(tmp_path):
    """A cat that lies over a car: the car stays whole."""
    before = instances(SQUARE, mask((2, 2, 4, 4)), class_ids=[2, 3], classes=STREET)
    with pytest.raises(MaskValueError, match=r"a.png, object 2: Cityscapes has no things of the class 'cat'.*--allow-loss"):
        cityscapes.write(tmp_path / "x", [("a.png", before)])
    assert list(tmp_path.iterdir()) == []
    cat, rest = cityscapes.write(tmp_path / "x", [("a.png", before)], allow_loss=True)
    assert (cat.object, cat.iou) == (1, 0.0)
    assert str(rest) == "a.png: 36 pixels of no object become 'unlabeled', which counts in no score"
    after = cityscapes.read(tmp_path / "x").images[0].load(SIZE_HW)
    np.testing.assert_array_equal(after.regions[0].mask(SIZE_HW), SQUARE)


def test_crowds_of_one_class_become_one_and_scores_are_lost(tmp_path):
    before = voided(instances(SQUARE, mask((6, 0, 8, 6)), is_crowd=[True, True], classes=STREET))
    losses = cityscapes.write(tmp_path / "x", [("a.png", before)], allow_loss=True)
    assert [(loss.object, loss.iou) for loss in losses] == [(0, 0.5), (1, 0.5)]
    scored = instances(TWO_PARTS, scores=[0.5], classes=STREET, ignored=~TWO_PARTS)
    with pytest.raises(MaskValueError, match=r"object 1: its score 0.5\. "):
        cityscapes.write(tmp_path / "y", [("a.png", scored)])


def test_more_objects_than_a_class_can_number_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("maskwright.formats.cityscapes_numbers.EACH", 3)
    many = voided(instances(*(mask((x, 0, x + 1, 1)) for x in range(4)), classes=STREET))
    with pytest.raises(
        MaskValueError, match=r"a.png: Cityscapes numbers 3 objects .* not 4 of the class 'person'.*coco or labels"
    ):
        cityscapes.write(tmp_path / "x", [("a.png", many)])


def test_numbers_that_are_no_class_are_named_by_file_and_pixels(tmp_path):
    for numbers, words in (
        ([[34, 34, 7]], "holds numbers that are no class of Cityscapes: 34 in 2 pixels"),
        ([[7001, 26000, 0]], "7001 in 1 pixels"),
        ([[40000, 26000, 0]], "40000 in 1 pixels"),
    ):
        (image,) = cityscapes.read(put(tmp_path, numbers)).images
        with pytest.raises(MaskValueError, match=rf"aachen_000000_000019_gtFine_instanceIds.png: .*{words}"):
            image.load((1, 3))
        with pytest.raises(MaskValueError, match="3 x 1 pixels, but the image has 4 x 1"):
            image.load((1, 4))
    path = tmp_path / "gtFine" / "train" / f"{NAME}_gtFine_instanceIds.png"
    Image.fromarray(np.arange(9, dtype=np.uint8).reshape(1, 3, 3)).save(path)
    with pytest.raises(MaskValueError, match="holds colours, but numbers of 16 bits are expected"):
        cityscapes.read(tmp_path).images[0].load((1, 3))


def test_images_without_a_picture_of_numbers_and_damaged_ones_are_named(tmp_path):
    folder = put(tmp_path, [[0]]) / "gtFine" / "train" / "aachen"
    (folder / "b_gtFine_polygons.json").write_text("{}")
    (folder / "b_gtFine_labelIds.png").write_bytes(b"")
    (folder / "c_gtFine_instanceIds.png").write_bytes(b"")
    found = cityscapes.read(tmp_path)
    assert len(found.images) == 1
    missing = only_note(found, "missing-instances")
    assert (missing.where, missing.severity, missing.left_out) == ("train/aachen/b_gtFine_polygons.json", "error", True)
    assert "there is no b_gtFine_instanceIds.png" in missing.what
    assert "c_gtFine_instanceIds.png" in only_note(found, "unreadable-mask").where
    with pytest.raises(DataError, match="there are no files called"):
        cityscapes.read(tmp_path / "gtFine" / "nothing")


def test_two_images_of_one_name_are_refused(tmp_path):
    with pytest.raises(MaskValueError, match="would be written for"):
        cityscapes.write(tmp_path / "x", [("a.png", voided(instances())), ("a.jpg", voided(instances()))])
