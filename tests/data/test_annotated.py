"""Images whose objects stand in annotation files: paired by name, checked, split and cut as those with masks are."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.base.errors import DataError
from maskwright.data.check import check
from maskwright.data.dataset import read
from maskwright.data.split import split
from maskwright.formats import coco_panoptic
from maskwright.masks.classes import Classes
from maskwright.masks.convert import to_label_map
from maskwright.masks.types import Panoptic, Segment

CATEGORIES = [{"id": 3, "name": "cell"}]
SIZE_HW = (40, 50)


def polygon(x, y, side=8):
    return [x, y, x + side, y, x + side, y + side, x, y + side]


def put_image(path: Path, seed=0, size_hw=SIZE_HW):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, size_hw, np.uint8)).save(path)


def put_annotations(path: Path, names, *, annotations=None, **fields):
    """An instances file in which every image has two cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{"id": i, "file_name": name, "height": SIZE_HW[0], "width": SIZE_HW[1]} for i, name in enumerate(names, 10)]
    every = annotations
    if every is None:
        corners = [(image["id"], x) for image in images for x in (2, 30)]
        every = [
            {"id": id, "image_id": image, "category_id": 3, "segmentation": [polygon(x, 5)], "iscrowd": 0}
            for id, (image, x) in enumerate(corners, 100)
        ]
    path.write_text(json.dumps({"images": images, "annotations": every, "categories": CATEGORIES, **fields}))
    return path


@pytest.fixture
def folder(tmp_path):
    """Six images in images/ and one instances file beside them."""
    names = [f"{letter}.png" for letter in "abcdef"]
    for seed, name in enumerate(names):
        put_image(tmp_path / "images" / name, seed)
    put_annotations(tmp_path / "instances.json", names)
    return tmp_path


def faults(data):
    return {fault.code: fault.message for fault in data.faults}


def test_a_folder_with_one_annotation_file_and_no_masks_is_understood(folder):
    data = read(folder)
    assert (len(data), data.classes.names, data.coding) == (6, ("background", "cell"), None)
    sample = data[0]
    assert sample.id == "a"
    assert [region.box_xyxy for region in sample.segmentation.regions] == [(2, 5, 10, 13), (30, 5, 38, 13)]
    assert data.records[0].mask == folder / "instances.json"
    assert any("12 objects of 1 of 1 categories" in words for words in data.words)
    assert not any("passed over" in words for words in data.words)


def test_masks_go_before_annotations_unless_the_format_is_said(folder):
    mask = np.zeros(SIZE_HW, np.uint8)
    mask[2:9, 2:9] = 255
    for name in "abcdef":
        (folder / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(folder / "masks" / f"{name}.png")
    assert read(folder).coding is not None
    assert len(read(folder, format="coco")[0].segmentation) == 2


def test_the_file_may_be_named_from_here_or_from_the_folder(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "other.json"
    (folder / "instances.json").rename(elsewhere)
    assert read(folder).labels is None
    assert len(read(folder, annotations=elsewhere)) == 6
    elsewhere.rename(folder / "other.json")
    assert len(read(folder, annotations="other.json", format="coco")) == 6


def test_what_is_said_and_cannot_be_is_an_error_in_words(folder):
    with pytest.raises(DataError, match="Did you mean 'coco'"):
        read(folder, format="cocoo")
    with pytest.raises(DataError, match="no such file, neither here nor in"):
        read(folder, annotations="nothing.json")
    with pytest.raises(DataError, match="need no masks"):
        read(folder, format="coco", foreground=255)
    (folder / "splits.json").write_text("{}")
    with pytest.raises(DataError, match=r"of no known format. Say which with --format"):
        read(folder, annotations="splits.json")
    put_annotations(folder / "annotations" / "more.json", ["a.png"])
    with pytest.raises(DataError, match=r"several annotations: .*instances.json \(coco\).*more.json"):
        read(folder)
    for path in folder.rglob("*.json"):
        path.unlink()
    with pytest.raises(DataError, match="no COCO annotations found"):
        read(folder, format="coco")


@pytest.mark.parametrize("name", ["images/deep/x.png", "deep/x.png", "deep\\x.png", "x.png", "./deep/x.png"])
def test_images_are_found_by_path_or_by_name_alone(tmp_path, name):
    put_image(tmp_path / "images" / "deep" / "x.png")
    put_annotations(tmp_path / "a.json", [name])
    assert [record.id for record in read(tmp_path).records] == ["deep/x"]


def test_no_name_leads_out_of_the_folder(tmp_path):
    put_image(tmp_path / "x.png")
    put_image(tmp_path / "data" / "images" / "y.png")
    put_annotations(tmp_path / "data" / "a.json", ["../x.png", "y.png"])
    assert [record.id for record in read(tmp_path / "data").records] == ["y"]


def test_images_without_annotations_and_annotations_without_images_are_named(folder):
    put_image(folder / "images" / "new.png")
    (folder / "images" / "b.png").unlink()
    data = read(folder)
    assert [record.id for record in data.records] == ["a", "c", "d", "e", "f"]
    assert "new.png: is not in instances.json" in faults(data)["not-annotated"]
    assert "'b.png' (image 11)" in faults(data)["image-not-found"]
    assert "its 2 objects are left out" in faults(data)["image-not-found"]


def test_a_name_that_means_two_images_is_refused(tmp_path):
    for place in ("one", "two"):
        put_image(tmp_path / "images" / place / "x.png")
    put_annotations(tmp_path / "a.json", ["x.png", "one/x.png"])
    with pytest.raises(DataError, match=r"'x.png' \(image 10\) may be any of"):
        read(tmp_path)


def test_two_annotated_images_that_mean_one_file_are_refused(folder):
    put_annotations(folder / "instances.json", ["a.png", "images/a.png"])
    with pytest.raises(DataError, match="both mean"):
        read(folder)


def test_an_image_of_another_size_is_left_out_and_named(folder):
    put_image(folder / "images" / "c.png", size_hw=(50, 40))
    data = read(folder)
    assert len(data) == 5
    assert "has 40 x 50 pixels, but its annotations" in faults(data)["size-mismatch"]
    assert check(data).spoils_training


def test_unreadable_images_are_left_out_and_named(folder):
    (folder / "images" / "c.png").write_bytes(b"no image")
    assert set(faults(read(folder))) == {"unreadable-image"}


def test_two_files_of_one_name_and_links_into_nothing_are_named(folder):
    (folder / "images" / "z.png").symlink_to(folder / "nothing.png")
    assert set(faults(read(folder))) == {"broken-link"}
    put_image(folder / "images" / "a.bmp")
    with pytest.raises(DataError, match="have one name"):
        read(folder)


def test_annotations_of_other_images_are_refused(folder):
    put_annotations(folder / "instances.json", ["x.png"])
    with pytest.raises(DataError, match=r"not one image of .* Images in the folder: a.png.*annotated: x.png"):
        read(folder)


def test_the_check_names_every_annotation_that_is_wrong(folder):
    """Errors stop a training, what is left out is a warning, and each has its ids and its remedy."""
    good = {"image_id": 10, "category_id": 3, "segmentation": [polygon(2, 5)]}
    wrong = [
        {"id": 1, **good},
        {"id": 2, **good, "segmentation": [[1, 1, 2, 2]]},
        {"id": 3, **good, "category_id": 8},
        {"id": 4, **good, "category_id": 9},
        {"id": 5, **good, "segmentation": [[0, 0, 9, 9, 9, 0, 0, 9]]},
    ]
    put_annotations(folder / "instances.json", [f"{letter}.png" for letter in "abcdef"], annotations=wrong)
    report = check(folder)
    found = {finding.code: finding for finding in report.findings}
    assert report.spoils_training
    assert (found["unknown-category"].severity, found["unknown-category"].files) == ("error", ("annotation 3", "annotation 4"))
    assert "of annotation 3: its category_id 8 is no category" in found["unknown-category"].message
    assert (found["no-polygon"].severity, found["self-crossing"].severity) == ("warning", "note")
    assert found["few-points"].message.startswith("annotation 2: ")
    assert all(finding.remedy for finding in (found["unknown-category"], found["few-points"], found["no-polygon"]))
    assert "3 annotations are left out; the check names them" in report.words
    assert found["empty-masks"].files == tuple(f"images/{letter}.png" for letter in "bcdef")


def test_a_check_of_good_annotations_finds_nothing(folder):
    report = check(folder)
    assert [finding for finding in report.findings if finding.severity != "note"] == []
    assert any(words.startswith("class 1 'cell': 6.4% of the pixels, in 6 of 6 masks") for words in report.words)


def test_data_of_annotations_are_split(folder):
    parts = split(read(folder), fraction=0.3).parts
    assert sorted(record.id for part in parts.values() for record in part.records) == list("abcdef")


def test_a_block_of_an_image_holds_the_objects_in_it_seen_from_its_corner(tmp_path):
    """One image is split into blocks: what a block shows is what the whole image shows there, object by object."""
    size_hw = (400, 600)
    image = np.random.default_rng(0).integers(0, 255, size_hw, np.uint8)
    (tmp_path / "images").mkdir()
    Image.fromarray(image).save(tmp_path / "images" / "x.png")
    corners = [(x, y) for x in range(5, 590, 40) for y in range(5, 390, 40)]
    every = [
        {"id": id, "image_id": 10, "category_id": 3, "segmentation": [polygon(x, y, 30)]} for id, (x, y) in enumerate(corners)
    ]
    images = [{"id": 10, "file_name": "x.png", "height": size_hw[0], "width": size_hw[1]}]
    put_annotations(tmp_path / "a.json", [], annotations=every, images=images)
    data = read(tmp_path)
    whole = to_label_map(data[0].segmentation).ids
    parts = split(data, guard=16).parts
    assert set(parts) == {"train", "val"}
    for part in parts.values():
        x0, y0, x1, y1 = part.records[0].window_xyxy
        cut = part[0].segmentation
        np.testing.assert_array_equal(to_label_map(cut).ids, whole[y0:y1, x0:x1])
        assert 0 < len(cut) < len(corners)
        for region in cut.regions:
            assert region.pixels.any(axis=0).all()
            assert region.pixels.any(axis=1).all()


def test_coco128_reads_as_it_lies(real_data):
    data = read(real_data / "coco128_seg", format="coco")
    assert (len(data), len(data.classes), data.faults) == (128, 81, ())
    sample = data[0]
    assert sample.id == "000000000009"
    assert [sample.segmentation.classes[id].name for id in sample.segmentation.class_ids[:3].tolist()] == [
        "bowl",
        "bowl",
        "broccoli",
    ]


def put_panoptic(path: Path, names, **columns):
    """A panoptic file in which every image has a car of id 9 on a road of id 4; `columns` changes where the car ends."""
    items = []
    for name in names:
        ids = np.full(SIZE_HW, 4, np.int32)
        ids[5:20, 10 : columns.get(Path(name).stem, 20)] = 9
        classes = Classes.named("road", "car", "sky", things=["car"])
        items.append((name, Panoptic(ids, (Segment(4, 0), Segment(9, 1)), classes)))
    coco_panoptic.write(path, items)
    return path


@pytest.mark.parametrize("pictures", ["panoptic", "masks", "labels"])
def test_a_folder_with_a_panoptic_file_is_read_as_it_whatever_its_pictures_are_called(tmp_path, pictures):
    """In masks/ the pictures look like masks of colours, but they are the file's."""
    names = [f"{letter}.{'png' if pictures == 'panoptic' else 'bmp'}" for letter in "abcdef"]
    for seed, name in enumerate(names):
        put_image(tmp_path / "images" / name, seed)
    put_panoptic(tmp_path / "panoptic.json", names)
    (tmp_path / "panoptic").rename(tmp_path / pictures)
    data = read(tmp_path)
    assert data.classes.names == ("road", "car", "sky")
    assert data[0].segmentation.segments == (Segment(4, 0), Segment(9, 1))
    assert "COCO panoptic file panoptic.json: 6 images, 3 classes, 1 of them things" in data.words
    assert not any(".json" in words for words in data.words if "passed over" in words)
    report = check(tmp_path)
    assert {finding.code for finding in report.findings} == {"class-never-occurs"}
    assert not report.spoils_training


def test_a_panoptic_file_goes_before_a_file_of_objects_and_it_is_told(folder):
    names = [f"{letter}.png" for letter in "abcdef"]
    put_panoptic(folder / "panoptic.json", names)
    data = read(folder)
    assert isinstance(data[0].segmentation, Panoptic)
    (told,) = (words for words in data.words if "not read" in words)
    assert told.startswith("not read, since it says less: instances.json (coco)")
    assert read(folder, annotations="instances.json").classes.names == ("background", "cell")
    put_panoptic(folder / "other.json", names)
    with pytest.raises(DataError, match=r"there are several annotations: .*other.json \(coco-panoptic\)"):
        read(folder)


def test_masks_beside_a_panoptic_file_and_its_pictures_are_read_as_before(tmp_path):
    put_image(tmp_path / "images" / "a.png")
    put_panoptic(tmp_path / "panoptic.json", ["a.png"])
    (tmp_path / "masks").mkdir()
    Image.fromarray(np.eye(*SIZE_HW, dtype=np.uint8)).save(tmp_path / "masks/a.png")
    assert read(tmp_path).coding is not None
    assert read(tmp_path, format="coco-panoptic").coding is None


def test_what_is_wrong_with_segments_is_found_by_the_check(tmp_path):
    """A stuff class with two segments, an area that is another one, a picture of another image."""
    names = [f"{letter}.png" for letter in "abcd"]
    for seed, name in enumerate(names):
        put_image(tmp_path / "images" / name, seed)
    path = put_panoptic(tmp_path / "panoptic.json", names, c=30)
    value = json.loads(path.read_text())
    value["annotations"][0]["segments_info"][1]["category_id"] = 3
    value["annotations"][0]["segments_info"][0]["category_id"] = 3
    value["annotations"][1]["segments_info"][1]["area"] = 7
    value["annotations"][3]["segments_info"][1]["id"] = 8
    path.write_text(json.dumps(value))
    report = check(tmp_path)
    assert report.spoils_training
    told = {finding.code: finding for finding in report.findings}
    assert (
        "panoptic.json, 'a.png', segment 9: 'sky' is stuff and has the segment 4 there already" in told["stuff-twice"].message
    )
    assert told["unknown-values"].files == ("panoptic/b.png", "panoptic/d.png")
    assert "b.png: segment 9 has 150 pixels, but the area 7 in" in told["unknown-values"].message
