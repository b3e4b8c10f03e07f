"""`maskwright convert` with panoptic data: to objects, to class masks and back, with what is lost by name."""

import numpy as np
import pytest
from PIL import Image

from maskwright.base.files import read_json
from maskwright.data.dataset import read
from maskwright.formats import coco, coco_panoptic
from maskwright.formats.stored import read_pixels
from maskwright.masks.classes import Classes
from maskwright.masks.types import LabelMap, Panoptic, Segment
from some_objects import RING, SQUARE, TWO_PARTS, instances, mask

STREET = Classes.named("sky", "road", "car", things=["car"])


@pytest.fixture
def street(tmp_path):
    """Two images of 30 x 20 pixels: sky, road, two cars that touch, four void pixels; and one of void alone."""
    folder = tmp_path / "street"
    (folder / "images").mkdir(parents=True)
    items = []
    for name in ("a", "b"):
        ids = np.full((20, 30), 70_000, np.int32)
        ids[10:], ids[12:15, 4:8], ids[12:15, 8:12], ids[18:, 28:] = 5, 9, 11, 0
        segments = (Segment(70_000, 0), Segment(5, 1), Segment(9, 2), Segment(11, 2))
        items.append((f"{name}.png", Panoptic(ids, segments, STREET)))
    items.append(("c.png", Panoptic(np.zeros((20, 30), np.int32), (), STREET)))
    for name, _ in items:
        Image.fromarray(np.full((20, 30), ord(name[0]), np.uint8)).save(folder / "images" / name)
    coco_panoptic.write(folder / "panoptic.json", items)
    return folder


def said(result):
    return " ".join(result.output.split())


def test_panoptic_data_come_back_with_their_ids(invoke, street, tmp_path):
    result = invoke("convert", street, tmp_path / "out", "--to", "coco-panoptic")
    assert result.exit_code == 0, result.output
    assert "3 images, 8 segments of 3 classes" in said(result)
    assert "8 of 8 segments came back pixel for pixel" in said(result)
    assert "Nothing was lost" in said(result)
    assert read_json(tmp_path / "out/panoptic.json") == read_json(street / "panoptic.json")


@pytest.mark.parametrize(
    ("to", "report"),
    [("coco", "instances.conversion.json"), ("labels", "conversion.json"), ("cvat", "annotations.conversion.json")],
)
def test_of_panoptic_data_formats_of_objects_take_the_things(invoke, street, tmp_path, to, report):
    result = invoke("convert", street, tmp_path / "out", "--to", to)
    assert result.exit_code == 2
    assert "cannot hold all of these objects: a.png: its stuff: sky (300 pixels), road (272 pixels)" in said(result)
    assert "Write a format that holds them (COCO panoptic)" in said(result)
    assert not (tmp_path / "out").exists()
    result = invoke("convert", street, tmp_path / "out", "--to", to, "--allow-loss")
    assert result.exit_code == 0, result.output
    assert "3 images, 4 objects of 1 class" in said(result)
    assert "4 of 4 objects came back pixel for pixel" in said(result)
    losses = read_json(tmp_path / "out" / report)["losses"]
    assert [loss["what"] for loss in losses if "stuff" in loss["what"]] == [
        "its stuff: sky (300 pixels), road (272 pixels)"
    ] * 2


def test_class_masks_are_data_with_the_images_beside_them_and_go_back_as_parts(invoke, street, tmp_path):
    out = tmp_path / "out"
    assert "a.png: which object is which (2 car)" in said(invoke("convert", street, out, "--to", "semantic"))
    result = invoke("convert", street, out, "--to", "semantic", "--allow-loss")
    assert result.exit_code == 0, result.output
    assert "6 of 6 class areas came back pixel for pixel" in said(result)
    result = invoke("convert", out, tmp_path / "back", "--to", "coco-panoptic")
    assert result.exit_code == 2
    assert "the masks hold classes (sky, road, car, ...), not objects" in said(result)
    result = invoke("convert", out, tmp_path / "back", "--to", "coco-panoptic", "--parts-as-objects")
    assert "6 of 6 segments came back pixel for pixel" in said(result)  # two cars that touch are one
    (street / "images").rename(out / "images")
    data = read(out)
    assert data.classes == STREET
    assert isinstance(data[0].segmentation, LabelMap)
    assert data.for_task("instance").classes.names == ("background", "car")


def test_objects_become_panoptic_and_come_back(invoke, tmp_path):
    items = [
        ("a.png", instances(TWO_PARTS, class_ids=[2])),
        ("b.png", instances(RING, mask((2, 2, 4, 4)))),
        ("c.png", instances()),
    ]
    coco.write(tmp_path / "in.json", items)
    for source, out, to in (("in.json", "panoptic.json", "coco-panoptic"), ("panoptic.json", "out.json", "coco")):
        result = invoke("convert", tmp_path / source, tmp_path / out, "--to", to, "--allow-loss")
        assert result.exit_code == 0, result.output
        words = "segments" if to == "coco-panoptic" else "objects"
        assert f"3 of 3 {words} came back pixel for pixel" in said(result)
    found = coco.read(tmp_path / "out.json")
    assert found.classes.names == ("background", "cell", "debris")
    assert [len(image.load((6, 8))) for image in found.images] == [1, 2, 0]


def test_objects_that_overlap_lose_what_lies_below(invoke, tmp_path):
    coco.write(tmp_path / "in.json", [("a.png", instances(SQUARE, mask((3, 1, 8, 4))))])
    result = invoke("convert", tmp_path / "in.json", tmp_path / "out", "--to", "coco-panoptic")
    assert result.exit_code == 2
    assert "a.png, object 2: 6 of its 15 pixels lie under other objects" in said(result)
    result = invoke("convert", tmp_path / "in.json", tmp_path / "out", "--to", "coco-panoptic", "--allow-loss")
    assert result.exit_code == 0
    assert "1 of 2 segments came back pixel for pixel; the lowest IoU is 0.600" in said(result)


def test_damaged_segments_are_left_out_and_named(invoke, street, tmp_path):
    picture = street / "panoptic/b.png"
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(picture)
    result = invoke("convert", street, tmp_path / "out", "--to", "coco-panoptic")
    assert result.exit_code == 3
    assert "b.png: its objects cannot be read and are left out" in said(result)
    assert "the segments 5, 9, 11, 70000 are in" in said(result)
    assert "2 images, 4 segments of 3 classes" in said(result)


@pytest.mark.real
def test_the_real_sample_comes_back_equal_in_content(invoke, real_data, tmp_path):
    source = real_data / "coco_panoptic_sample"
    result = invoke("convert", source, tmp_path / "out", "--to", "coco-panoptic")
    assert result.exit_code == 0, result.output
    assert "50 of 50 segments came back pixel for pixel" in said(result)
    assert read_json(tmp_path / "out/panoptic.json") == read_json(source / "panoptic.json")
    for file in (source / "masks").iterdir():
        old, new = (read_pixels(path, 10**7)[1] for path in (file, tmp_path / "out/panoptic" / file.name))
        np.testing.assert_array_equal(old, new)
