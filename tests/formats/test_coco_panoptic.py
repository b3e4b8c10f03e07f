"""COCO panoptic files: read with every fault named by file and segment, written with the ids that were there."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from maskwright.base.errors import DataError, MaskValueError, MaskwrightError
from maskwright.formats import coco_panoptic, stored
from maskwright.formats.content import MAX_PIXELS
from maskwright.masks.classes import Classes, ClassInfo
from maskwright.masks.types import Panoptic, Segment
from some_objects import RING, SQUARE, instances, mask, only_note

CAR, SKY = {"id": 7, "name": "car", "isthing": 1, "color": [0, 0, 142]}, {"id": 3, "name": "sky", "isthing": 0}
CLASSES = Classes((ClassInfo("sky", (70, 130, 180)), ClassInfo("car", (0, 0, 142), True), ClassInfo("road", (90, 60, 80))))
MOST = 256**3 - 1


def put(folder, ids, segments, **fields):
    """A panoptic file of one image, and its picture."""
    (folder / "panoptic").mkdir(exist_ok=True)
    ids = np.asarray(ids)
    picture = np.stack([ids % 256, ids // 256 % 256, ids // 256**2], axis=-1).astype(np.uint8)
    Image.fromarray(picture).save(folder / "panoptic/a.png")
    listed = [{"id": id, "category_id": category, **more} for id, category, more in segments]
    value = {
        "images": [{"id": 5, "file_name": "a.jpg", "height": len(ids), "width": len(ids[0])}],
        "annotations": [{"image_id": 5, "file_name": "a.png", "segments_info": listed}],
        "categories": [CAR, SKY],
    }
    path = folder / "panoptic.json"
    path.write_text(json.dumps(value | fields))
    return path


def loaded(path):
    (image,) = coco_panoptic.read(path).images
    return image.load(image.size_hw)


def same(found, expected):
    np.testing.assert_array_equal(found.segment_ids, expected.segment_ids)
    assert found.segments == expected.segments
    assert found.classes == expected.classes


def test_a_file_by_hand(tmp_path):
    """Red, green and blue are the digits of a number to the base 256; categories become classes by rising id; 0 is void."""
    path = put(
        tmp_path,
        [[0, 1, 1], [300, 300, 70_000]],
        [(1, 3, {"area": 2}), (300, 7, {"area": 2, "score": 0.25}), (70_000, 7, {"iscrowd": 1})],
    )
    assert coco_panoptic.find(tmp_path) == (path,)
    read = coco_panoptic.read(path)
    assert read.notes == ()
    assert [(info.name, info.is_thing) for info in read.classes] == [("sky", False), ("car", True)]
    assert read.classes[1].color == (0, 0, 142)
    assert read.words[0] == "COCO panoptic file panoptic.json: 1 images, 2 classes, 1 of them things"
    assert read.words[1] == "2 segments are things, 1 of them crowds; 1 are stuff"
    (image,) = read.images
    assert (image.name, image.size_hw, image.objects, image.path) == ("a.jpg", (2, 3), 3, tmp_path / "panoptic/a.png")
    found = image.load((2, 3))
    assert found.segment_ids.tolist() == [[0, 1, 1], [300, 300, 70_000]]
    assert found.segments == (Segment(1, 0), Segment(300, 1, 0.25), Segment(70_000, 1, is_crowd=True))


def test_what_is_written_by_hand(tmp_path):
    ids = np.array([[9, 9, 0], [9, 70_000, 70_000]], np.int32)
    given = Panoptic(ids, (Segment(70_000, 1, 0.5), Segment(9, 2)), CLASSES)
    assert coco_panoptic.write(tmp_path / "all.json", [("some/a.jpg", given)]) == ()
    value = json.loads((tmp_path / "all.json").read_text())
    assert value["images"] == [{"id": 1, "file_name": "some/a.jpg", "width": 3, "height": 2}]
    assert value["annotations"] == [
        {
            "image_id": 1,
            "file_name": "some/a.png",
            "segments_info": [
                {"id": 70_000, "category_id": 2, "area": 2, "bbox": [1, 1, 2, 1], "iscrowd": 0, "score": 0.5},
                {"id": 9, "category_id": 3, "area": 3, "bbox": [0, 0, 2, 2], "iscrowd": 0},
            ],
        }
    ]
    assert value["categories"][1] == {"id": 2, "name": "car", "isthing": 1, "color": [0, 0, 142]}
    picture = np.asarray(Image.open(tmp_path / "all/some/a.png"))
    assert picture[1].tolist() == [[9, 0, 0], [112, 17, 1], [112, 17, 1]]
    same(loaded(tmp_path / "all.json"), given)


@given(arrays(np.int32, (4, 5), elements=st.sampled_from([0, 1, 2, 255, 256, 65_536, MOST])), st.data())
def test_any_map_comes_back_as_it_was(tmp_path_factory, ids, data):
    scores = st.floats(0, 1)
    present = sorted(set(np.unique(ids).tolist()) - {0})
    classes = [data.draw(st.integers(0, 2)) for _ in present]
    segments = tuple(
        Segment(id, class_id, data.draw(scores), data.draw(st.booleans()))
        for id, class_id in zip(present, classes, strict=True)
    )
    given = Panoptic(ids, segments, CLASSES)
    path = tmp_path_factory.mktemp("trip") / "panoptic.json"
    coco_panoptic.write(path, [("a.png", given)])
    read = coco_panoptic.read(path)
    stuff = [class_id for class_id in classes if not CLASSES[class_id].is_thing]
    assert {note.code for note in read.notes} == ({"stuff-twice"} if len(set(stuff)) < len(stuff) else set())
    same(read.images[0].load((4, 5)), given)
    before = {file.name: file.read_bytes() for file in path.parent.rglob("*") if file.is_file()}
    coco_panoptic.write(path, [("a.png", given)])
    assert {file.name: file.read_bytes() for file in path.parent.rglob("*") if file.is_file()} == before


def test_a_file_that_describes_keeps_its_ids_and_whatever_else_it_says(tmp_path):
    path = put(tmp_path, [[1, 7]], [(1, 3, {}), (7, 7, {})], info={"year": 2018})
    coco_panoptic.write(tmp_path / "again.json", [("a.jpg", loaded(path))], described_by=path)
    value, again = (json.loads(file.read_text()) for file in (path, tmp_path / "again.json"))
    assert {key: again[key] for key in ("info", "images", "categories")} == {
        key: value[key] for key in ("info", "images", "categories")
    }
    assert [one["category_id"] for one in again["annotations"][0]["segments_info"]] == [3, 7]
    with pytest.raises(DataError, match=r"panoptic.json: has no image called 'b.jpg'"):
        coco_panoptic.write(tmp_path / "other.json", [("b.jpg", loaded(path))], described_by=path)
    empty = Panoptic(np.zeros((1, 1), np.int32), (), CLASSES)
    with pytest.raises(DataError, match=r"panoptic.json: has no categories called road"):
        coco_panoptic.write(tmp_path / "other.json", [("a.jpg", empty)], described_by=path)
    assert not (tmp_path / "other").exists()


def test_objects_become_segments_over_a_background(tmp_path):
    """The square takes pixels from nothing; the ring is larger and lies below it where they meet."""
    apart = instances(mask((2, 2, 4, 4)), RING, class_ids=[2, 1], ignored=mask((0, 0, 1, 1)))
    losses = coco_panoptic.write(tmp_path / "a.json", [("a.png", apart)], allow_loss=True)
    assert [str(loss) for loss in losses] == [
        "a.png, object 2: 1 of its 44 pixels lie under other objects or ignored pixels (IoU 0.977)"
    ]
    found = loaded(tmp_path / "a.json")
    assert found.segments == (Segment(2, 2), Segment(3, 1))
    assert (found.segment_ids == 0).sum() == 1
    alone = instances(SQUARE)
    coco_panoptic.write(tmp_path / "b.json", [("b.png", alone)])
    assert loaded(tmp_path / "b.json").segments == (Segment(1, 0), Segment(2, 1))


def test_overlap_stops_before_anything_is_written(tmp_path):
    both = instances(SQUARE, mask((3, 1, 8, 4)))
    with pytest.raises(MaskValueError, match=r"a.json: COCO panoptic cannot hold .*: a.png, object 2: 6 of its 15 pixels lie"):
        coco_panoptic.write(tmp_path / "a.json", [("a.png", both)])
    assert list(tmp_path.iterdir()) == []


def test_ids_beyond_three_bytes_and_images_of_one_name_are_refused(tmp_path):
    huge = Panoptic(np.full((1, 1), MOST + 1, np.int32), (Segment(MOST + 1, 0),), CLASSES)
    with pytest.raises(MaskValueError, match=f"the segment id {MOST + 1} does not fit"):
        coco_panoptic.write(tmp_path / "a.json", [("a.png", huge)])
    fine = Panoptic(np.full((1, 1), 1, np.int32), (Segment(1, 0),), CLASSES)
    with pytest.raises(MaskValueError, match=r"would be written for 'a.png' and for 'a.jpg'"):
        coco_panoptic.write(tmp_path / "a.json", [("a.png", fine), ("a.jpg", fine)])
    assert list(tmp_path.iterdir()) == []


def test_segments_that_the_picture_or_the_file_lacks_are_named(tmp_path):
    path = put(tmp_path, [[1, 1, 8]], [(1, 3, {}), (7, 7, {})])
    with pytest.raises(
        MaskValueError, match=r"panoptic/a.png: the segments 8 \(1 pixels\) are in the picture but not in .*json"
    ):
        loaded(path)
    path = put(tmp_path, [[1, 1, 1]], [(1, 3, {}), (7, 7, {})])
    with pytest.raises(MaskValueError, match=r"panoptic/a.png: the segments 7 are in .*panoptic.json but not in the picture"):
        loaded(path)


def test_another_area_is_named(tmp_path):
    path = put(tmp_path, [[1, 1, 7]], [(1, 3, {"area": 2}), (7, 7, {"area": 9})])
    with pytest.raises(MaskValueError, match=r"a.png: segment 7 has 1 pixels, but the area 9 in .*panoptic.json"):
        loaded(path)


def test_stuff_with_two_segments_is_an_error_that_names_both(tmp_path):
    path = put(tmp_path, [[1, 2, 7]], [(1, 3, {}), (2, 3, {}), (7, 7, {})])
    note = only_note(coco_panoptic.read(path), "stuff-twice")
    assert (note.severity, note.where) == ("error", "panoptic.json, 'a.jpg', segment 2")
    assert note.what == "'sky' is stuff and has the segment 1 there already"


def test_an_unknown_category_leaves_its_pixels_void(tmp_path):
    path = put(tmp_path, [[1, 2, 7]], [(1, 3, {}), (2, 99, {}), (7, None, {})])
    read = coco_panoptic.read(path)
    assert [str(note) for note in read.notes if note.left_out] == [
        "panoptic.json, 'a.jpg', segment 2: its category_id 99 is no category of the file. Add the category to the list, or "
        "correct the category_id; until then its pixels are void.",
        "panoptic.json, 'a.jpg', segment 7: it has no category_id. Add the category to the list, or correct the category_id; "
        "until then its pixels are void.",
    ]
    assert loaded(path).segment_ids.tolist() == [[1, 0, 0]]


@pytest.mark.parametrize(
    ("segments", "code", "where", "what"),
    [
        ([(1, 3, {}), (1, 7, {})], "repeated-segment", "segment 1", "it is listed twice"),
        ([(1, 3, {}), (0, 7, {})], "wrong-segment", "segment number 2", "its id is 0, where a whole number from 1 to 16777215"),
        ([(1, 3, {}), (None, 7, {})], "wrong-segment", "segment number 2", "its id is missing"),
        ([(1, 3, {"score": "high"})], "wrong-score", "segment 1", "its score is high; 1 is taken"),
    ],
)
def test_wrong_segments_are_errors_by_name(tmp_path, segments, code, where, what):
    note = only_note(coco_panoptic.read(put(tmp_path, [[1, 1]], segments)), code)
    assert (note.severity, note.where) == ("error", f"panoptic.json, 'a.jpg', {where}")
    assert note.what.startswith(what)


def test_annotations_of_no_image_twice_or_without_a_picture_are_told(tmp_path):
    listed = {"segments_info": [{"id": 1, "category_id": 3}]}
    annotations = [
        {"image_id": 5, "file_name": "a.png", **listed},
        {"image_id": 5, "file_name": "a.png", **listed},
        {"image_id": 8, "file_name": "a.png", **listed},
        {"image_id": 6, "file_name": "gone.png", **listed},
        {"image_id": 6, "file_name": "../a.png", **listed},
        {"image_id": 6},
    ]
    images = [{"id": 5, "file_name": "a.jpg"}, {"id": 6, "file_name": "b.jpg"}, {"id": 7, "file_name": "c.jpg"}]
    path = put(tmp_path, [[1]], [], annotations=annotations, images=images)
    read = coco_panoptic.read(path)
    assert [(note.code, note.where) for note in read.notes] == [
        ("repeated-annotation", "panoptic.json, annotation number 2"),
        ("unknown-image", "panoptic.json, annotation number 3"),
        ("wrong-annotation", "panoptic.json, annotation number 5"),
        ("wrong-annotation", "panoptic.json, annotation number 6"),
        ("image-without-segments", "panoptic.json, image 7"),
        ("missing-picture", "panoptic.json, image 6"),
    ]
    assert [image.name for image in read.images] == ["a.jpg"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"categories": [{"id": 1, "name": "car"}]}, "the category 'car' says isthing: None"),
        ({"categories": [{**CAR}, {**CAR, "id": 8, "isthing": 0}]}, "the category 'car' is both a thing and stuff"),
        ({"categories": []}, "lists no categories"),
        ({"annotations": None}, "is not a COCO panoptic file: there is no list of annotations"),
    ],
)
def test_files_that_contradict_themselves_are_refused(tmp_path, fields, words):
    with pytest.raises(DataError, match=words):
        coco_panoptic.read(put(tmp_path, [[1]], [(1, 3, {})], **fields))


def test_pictures_are_found_in_a_folder_of_another_name(tmp_path):
    path = put(tmp_path, [[1]], [(1, 3, {})])
    (tmp_path / "panoptic").rename(tmp_path / "masks")
    assert loaded(path).segments == (Segment(1, 0),)
    (tmp_path / "more").mkdir()
    (tmp_path / "more/a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"its pictures \(a.png, ...\) may lie in .*masks or .*more"):
        coco_panoptic.read(path)
    (tmp_path / "more/a.png").unlink()
    value = json.loads(path.read_text())
    value["images"][0]["file_name"] = "a.png"  # so that masks/ may hold the images
    path.write_text(json.dumps(value))
    with pytest.raises(DataError, match=r"may lie in .*masks\. Put them into .*panoptic\."):
        coco_panoptic.read(path)
    (tmp_path / "masks/a.png").unlink()
    with pytest.raises(DataError, match=r"are in no folder beside it\. Put them into"):
        coco_panoptic.read(path)


def test_pictures_of_another_kind_or_size_are_named(tmp_path):
    path = put(tmp_path, [[1, 1]], [(1, 3, {})])
    (image,) = coco_panoptic.read(path).images
    with pytest.raises(MaskValueError, match="the picture has 2 x 1 pixels, but the image 4 x 3"):
        image.load((3, 4))
    Image.fromarray(np.ones((1, 2), np.uint8)).save(tmp_path / "panoptic/a.png")
    with pytest.raises(MaskValueError, match=r"a.png: .* this is a gray picture of 8 bits"):
        image.load((1, 2))
    (tmp_path / "panoptic/a.png").write_bytes(b"no picture")
    with pytest.raises(MaskwrightError, match=r"a\.png"):
        image.load((1, 2))


def test_cityscapes_names_lead_to_its_images(tmp_path):
    """cityscapesScripts writes labelId * 1000 + n, and names images as no file of the data set is called."""
    images = [{"id": "ulm_000000_000019", "file_name": "ulm_000000_000019_gtFine_leftImg8bit.png", "height": 1, "width": 2}]
    segments = [{"id": 26_001, "category_id": 7}, {"id": 23, "category_id": 3}]
    annotations = [{"image_id": "ulm_000000_000019", "file_name": "a.png", "segments_info": segments}]
    path = put(tmp_path, [[23, 26_001]], [], images=images, annotations=annotations)
    (image,) = coco_panoptic.read(path).images
    assert image.name == "ulm_000000_000019_leftImg8bit.png"
    assert image.load((1, 2)).segments == (Segment(26_001, 1), Segment(23, 0))
    coco_panoptic.write(tmp_path / "again.json", [(image.name, image.load((1, 2)))], described_by=path)
    assert json.loads((tmp_path / "again.json").read_text())["images"] == images


@pytest.mark.real
def test_the_real_sample_comes_back_equal_in_content(tmp_path, real_data):
    """Every segment id, area, box, category and image entry, and every pixel of the pictures."""
    source = real_data / "coco_panoptic_sample"
    read = coco_panoptic.read(source / "panoptic.json")
    assert (len(read.images), len(read.classes), read.notes) == (2, 133, ())
    items = [(image.name, image.load(image.size_hw)) for image in read.images]
    coco_panoptic.write(tmp_path / "panoptic.json", items, described_by=source / "panoptic.json")
    assert json.loads((tmp_path / "panoptic.json").read_text()) == json.loads((source / "panoptic.json").read_text())
    for file in (source / "masks").iterdir():
        old, new = (stored.read_pixels(path, MAX_PIXELS)[1] for path in (file, tmp_path / "panoptic" / file.name))
        np.testing.assert_array_equal(old, new)
