"""The objects of a data set that are clicked on."""

import json

import numpy as np
import pytest
from PIL import Image

from maskwright.assist.clickable import click_images, objects_of
from maskwright.base.errors import DataError
from maskwright.data.dataset import read
from maskwright.formats.annotations import object_classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

CLASSES = object_classes(["cell"])


@pytest.fixture
def folder(tmp_path):
    """Three images of 40 x 60 pixels with two nuclei each, one of them of 4 pixels; 255 is ignored in none."""
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for number in range(3):
        labels = np.zeros((40, 60), np.uint16)
        labels[5:15, 10:30], labels[30:32, 50:52] = 1, 2
        Image.fromarray(labels).save(tmp_path / "masks" / f"{number}.png")
        Image.fromarray(np.full((40, 60, 3), 10 * number, np.uint8)).save(tmp_path / "images" / f"{number}.png")
    return tmp_path


def test_all_objects_that_are_large_enough(folder):
    images = list(click_images(read(folder, kind="instances")))
    assert [(image.id, len(image.objects)) for image in images] == [("0", 1), ("1", 1), ("2", 1)]
    assert images[0].objects[0].truth.box_xyxy == (10, 5, 30, 15)
    assert len(next(click_images(read(folder, kind="instances"), smallest=1)).objects) == 2


def test_some_objects_are_drawn_over_the_images_and_always_the_same(folder):
    data = read(folder, kind="instances")
    ids = [[image.id for image in click_images(data, objects=2, seed=seed)] for seed in (0, 0, 1, 2, 3)]
    assert ids[0] == ids[1]
    assert all(len(each) == 2 for each in ids)
    assert len({tuple(each) for each in ids}) > 1


def test_made_smaller_image_and_mask_alike(folder):
    (image, *_) = click_images(read(folder, kind="instances"), size=30)
    assert image.image.shape == (20, 30, 3)
    assert image.objects[0].truth.box_xyxy == (5, 2, 15, 7) or image.objects[0].truth.area == pytest.approx(50, abs=8)


def test_a_crop_around_each_object(folder):
    images = list(click_images(read(folder, kind="instances"), crop=24, smallest=1))
    assert [image.image.shape[:2] for image in images[:2]] == [(24, 24), (24, 24)]
    assert images[0].objects[0].truth.area == 200
    assert images[1].objects[0].truth.area == 4


def test_connected_parts_of_classes_are_objects_and_void_is_ignored(tmp_path):
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    mask = np.zeros((20, 30), np.uint8)
    mask[2:8, 2:8], mask[2:8, 20:26], mask[12:18, 2:8], mask[0] = 1, 1, 2, 255
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")
    Image.fromarray(mask).save(tmp_path / "images" / "a.png")
    data = read(tmp_path, ignore=(255,), class_names=("background", "cat", "dog"))
    (image,) = click_images(data)
    assert len(image.objects) == 3
    assert image.objects[0].ignored[0].all()


def test_crowds_are_no_objects_and_count_nowhere():
    mask = np.zeros((6, 8), bool)
    mask[1:3, 1:3] = True
    crowd = np.roll(mask, 3, axis=1)
    found = Instances(
        (6, 8), (Region.of_mask(mask), Region.of_mask(crowd)), np.array([1, 1]), np.ones(2), np.array([False, True]), CLASSES
    )
    regions, ignored = objects_of(found)
    assert len(regions) == 1
    np.testing.assert_array_equal(ignored, crowd)


def test_no_object_is_said(folder):
    with pytest.raises(DataError, match="no object of at least 1000 pixels"):
        list(click_images(read(folder, kind="instances"), smallest=1000))


def test_polygons_of_annotations_are_objects(tmp_path):
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "a.png")
    shapes = [{"label": "cell", "points": [[5, 5], [25, 5], [25, 25], [5, 25]], "shape_type": "polygon"}]
    (tmp_path / "a.json").write_text(
        json.dumps(
            {
                "version": "5.0",
                "shapes": shapes,
                "imagePath": "a.png",
                "imageHeight": 40,
                "imageWidth": 60,
                "imageData": None,
                "flags": {},
            }
        )
    )
    (image,) = click_images(read(tmp_path, format="labelme"))
    assert image.objects[0].truth.area == pytest.approx(400, abs=45)
