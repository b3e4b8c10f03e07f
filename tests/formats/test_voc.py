"""Pascal VOC: its palette, both pictures, files of boxes and lists; data sets with classes of their own; faults by file."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from maskwright.base.errors import DataError, MaskValueError
from maskwright.formats import voc
from maskwright.formats.annotations import object_classes
from maskwright.formats.voc_tables import NAMES, palette
from maskwright.masks.classes import Classes
from maskwright.masks.region import iou
from some_objects import MASKS, RING, SIZE_HW, SQUARE, TWO_PARTS, assert_same, instances, mask, only_note

NUMBERS = np.zeros(SIZE_HW, np.uint8)  # object 1 is a cat, object 2 a dog, with a border of ignored pixels between them
NUMBERS[1:4, 1:4], NUMBERS[1:4, 4], NUMBERS[1:4, 5:7] = 1, 255, 2
IDS = np.where(NUMBERS == 1, 8, np.where(NUMBERS == 2, 12, NUMBERS)).astype(np.uint8)
XML = "<annotation><filename>a.jpg</filename><size><width>8</width><height>6</height></size></annotation>"


def put(folder, numbers=NUMBERS, ids=IDS, *, id="a", xml=XML, mode="P"):
    """One image, as palette PNGs or in RGB."""
    for name, values in (("SegmentationObject", numbers), ("SegmentationClass", ids)):
        if values is None:
            continue
        path = folder / name / f"{id}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if mode == "RGB":
            Image.fromarray(palette()[values]).save(path)
            continue
        image = Image.fromarray(values)
        if mode == "P":
            image.putpalette(palette().tobytes())
        image.save(path)
    if xml is not None:
        (folder / "Annotations").mkdir(exist_ok=True)
        (folder / "Annotations" / f"{id}.xml").write_text(xml)
    return folder


def test_the_palette_is_that_of_pascal_voc():
    """The colours of background, aeroplane, bicycle, ..., tvmonitor and of the border, as its development kit has them."""
    colors = palette()
    assert colors[[0, 1, 2, 3, 15, 20, 255]].tolist() == [
        [0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [192, 128, 128], [0, 64, 128], [224, 224, 192],
    ]  # fmt: skip
    assert len(np.unique(colors, axis=0)) == 256


@pytest.mark.parametrize("mode", ["P", "RGB", "L"])
def test_objects_have_the_class_below_them_and_255_is_ignored(tmp_path, mode):
    """As palette PNGs, as the RGB pictures that other programs make of them, and as gray numbers."""
    found = voc.read(put(tmp_path, mode=mode))
    assert found.classes.names == ("background", *NAMES)
    assert found.notes == ()
    (image,) = found.images
    assert (image.name, image.size_hw) == ("a.jpg", SIZE_HW)
    one = image.load(SIZE_HW)
    assert [found.classes[class_id].name for class_id in one.class_ids.tolist()] == ["cat", "dog"]
    assert [region.box_xyxy for region in one.regions] == [(1, 1, 4, 4), (5, 1, 7, 4)]
    np.testing.assert_array_equal(one.ignored, NUMBERS == 255)


def test_classes_of_ones_own_are_read_by_the_colours_of_the_labelmap(tmp_path):
    """The lines stand in another order than the palette: what counts is the colour. An own line may be what is ignored."""
    put(tmp_path, mode="RGB")
    cat, dog = (",".join(map(str, palette()[number].tolist())) for number in (8, 12))
    text = f"# label:color_rgb:parts:actions\nhound:{dog}::\nbackground:0,0,0::\ntom:{cat}::\nnobody:224,224,192::\n"
    (tmp_path / "labelmap.txt").write_text(text)
    for mode in ("RGB", "P"):
        found = voc.read(put(tmp_path, mode=mode))
        assert found.classes.names == ("background", "hound", "tom")
        assert found.images[0].load(SIZE_HW).class_ids.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cat:300,0,0::\n", "line 1: 'cat:300,0,0::' is not NAME:RED,GREEN,BLUE"),
        ("cat:1,2\n", "line 1"),
        ("a:1,2,3::\nb:1,2,3::\n", "two lines have the colour"),
        ("a:1,2,3::\na:1,2,4::\n", "two lines have the name a"),
        ("".join(f"c{i}\n" for i in range(256)), "lists 256 classes"),
    ],
)
def test_a_labelmap_that_contradicts_itself_is_refused_with_its_line(tmp_path, text, words):
    put(tmp_path)
    (tmp_path / "labelmap.txt").write_text(text)
    with pytest.raises(DataError, match=words):
        voc.read(tmp_path)


@settings(max_examples=20)
@given(MASKS, arrays(bool, SIZE_HW), st.booleans())
def test_any_objects_come_back_or_are_listed_with_their_exact_iou(masks, ignored, has_ignored):
    before = instances(
        *masks, class_ids=[1 + place % 2 for place in range(len(masks))], ignored=ignored if has_ignored else None
    )
    with tempfile.TemporaryDirectory() as folder:
        losses = voc.write(Path(folder) / "x", [("a.png", before)], allow_loss=True)
        found = voc.read(Path(folder) / "x")
        after = found.images[0].load(SIZE_HW)
    assert found.notes == ()
    left = {loss.object: loss.iou for loss in losses}
    places = [place for place in range(len(masks)) if left.get(place, 1) > 0]
    assert len(after) == len(places)
    for place, region in zip(places, after.regions, strict=True):
        assert iou([before.regions[place]], [region])[0, 0] == left.get(place, 1.0)
    if not losses:
        assert_same(after, before)


def test_holes_parts_and_the_image_in_a_folder_come_back_with_boxes_and_lists(tmp_path):
    ring, square = instances(RING, mask((2, 2, 4, 4)), class_ids=[2, 1]), instances(TWO_PARTS)
    assert voc.write(tmp_path / "x", [("s/a 1.jpg", ring), ("b.2.png", square)]) == ()
    found = voc.read(tmp_path / "x")
    assert [image.name for image in found.images] == ["b.2.png", "s/a 1.jpg"]
    assert_same(found.images[1].load(SIZE_HW), ring)
    assert_same(found.images[0].load(SIZE_HW), square)
    assert (tmp_path / "x" / "ImageSets" / "Segmentation" / "trainval.txt").read_text() == "s/a 1\nb.2\n"
    xml = (tmp_path / "x" / "Annotations" / "b.2.xml").read_text()
    assert "<xmin>1</xmin>" in xml  # VOC counts pixels from 1
    assert "<xmax>8</xmax>" in xml
    assert "<name>cell</name>" in xml
    assert found.notes == ()
    assert voc.find(tmp_path / "x") == (tmp_path / "x",)
    assert voc.find(tmp_path) == ()


def test_what_voc_cannot_hold_is_refused_and_leaves_nothing(tmp_path):
    for given_, words in (
        (instances(SQUARE, scores=[0.5]), r"a.png, object 1: its score 0.5"),
        (instances(SQUARE, is_crowd=[True]), r"object 1: it is a crowd"),
        (instances(SQUARE, RING), r"object 2: 8 of its 44 pixels .*--allow-loss"),
    ):
        with pytest.raises(MaskValueError, match=words):
            voc.write(tmp_path / "x", [("b.png", instances(SQUARE)), ("a.png", given_)])
    with pytest.raises(MaskValueError, match="other classes"):
        voc.write(tmp_path / "x", [("a.png", instances()), ("b.png", instances(classes=object_classes(["dog"])))])
    for name in ("a:b", "#a", " a"):
        with pytest.raises(MaskValueError, match=r"labelmap.txt cannot hold the class name"):
            voc.write(tmp_path / "x", [("a.png", instances(classes=object_classes([name])))])
    with pytest.raises(MaskValueError, match="characters that XML cannot hold"):
        voc.write(tmp_path / "x", [("a\x01.png", instances(SQUARE))])
    assert list(tmp_path.iterdir()) == []


def test_more_objects_than_8_bits_can_number_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("maskwright.formats.voc_pictures.BORDER", 4)
    many = instances(*(mask((x, 0, x + 1, 1)) for x in range(4)))
    with pytest.raises(MaskValueError, match=r"a.png: .*3 objects an image .* here are 4 objects .*Write coco or labels"):
        voc.write(tmp_path / "x", [("a.png", many)])


def test_classes_without_a_background_get_one(tmp_path):
    streets = Classes.named("road", "car", "tree")
    before = instances(SQUARE, class_ids=[0], classes=streets)
    voc.write(tmp_path / "x", [("a.png", before)])
    found = voc.read(tmp_path / "x")
    assert found.classes.names == ("background", "road", "car", "tree")
    assert found.images[0].load(SIZE_HW).class_ids.tolist() == [1]
    with pytest.raises(MaskValueError, match="the class 'background', which no object can have"):
        voc.write(tmp_path / "y", [("a.png", instances(SQUARE, class_ids=[0]))])


def test_pictures_without_their_counterpart_are_named(tmp_path):
    put(tmp_path)
    put(tmp_path, ids=None, id="b", xml=None)
    put(tmp_path, numbers=None, id="c", xml=None)
    put(tmp_path, ids=IDS[:5], id="d", xml=None)
    (tmp_path / "SegmentationObject" / "e.png").write_bytes(b"")
    (tmp_path / "SegmentationClass" / "e.png").write_bytes(b"")
    (tmp_path / "Annotations" / "f.xml").write_text(XML)
    lists = tmp_path / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\nb\nzebra\n")
    found = voc.read(tmp_path)
    assert [image.name for image in found.images] == ["a.jpg"]
    missing = only_note(found, "missing-classes")
    assert (missing.where, missing.severity, missing.left_out) == ("SegmentationObject/b.png", "error", True)
    assert "there is no SegmentationClass/b.png" in missing.what
    assert "8 x 6 pixels, SegmentationClass/d.png 8 x 5" in only_note(found, "size-mismatch").what
    assert only_note(found, "unreadable-mask").where == "SegmentationObject/e.png"
    assert "(c)" in only_note(found, "classes-alone").what
    assert "1 images have boxes but no masks" in only_note(found, "boxes-alone").what
    assert "(zebra)" in only_note(found, "listed-not-there").what


def test_pictures_that_do_not_fit_each_other_or_the_image_are_refused_by_file(tmp_path):
    (image,) = voc.read(put(tmp_path)).images
    with pytest.raises(MaskValueError, match=r"a.png: .*8 x 6 pixels, but the image has 9 x 6"):
        image.load((6, 9))
    for change, words in (
        ((slice(1, 2), slice(1, 3), 12), r"a.png: the object in the box x 1 to 4, y 1 to 4 .*cat in 7 pixels, dog in 2 pixels"),
        ((slice(0, 1), slice(0, 2), 8), r"2 pixels have a class \(cat\) but belong to no object"),
        ((slice(0, 1), slice(0, 3), 99), r"no class: 99 in 3 pixels.*labelmap.txt"),
    ):
        ids = IDS.copy()
        ids[change[0], change[1]] = change[2]
        with pytest.raises(MaskValueError, match=words):
            voc.read(put(tmp_path, ids=ids)).images[0].load(SIZE_HW)


def test_a_file_of_boxes_that_says_another_size_or_is_damaged_or_hides_entities_is_named(tmp_path):
    assert "it says 9 x 6 pixels" in only_note(voc.read(put(tmp_path, xml=XML.replace("8<", "9<"))), "size-mismatch").what
    for text in ("<annotation>", '<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>'):
        found = voc.read(put(tmp_path, xml=text))
        assert only_note(found, "broken-file").where == "Annotations/a.xml"
        assert found.images[0].name == "a"  # the pictures are read all the same
    with pytest.raises(DataError, match="there are no PNG files in SegmentationObject"):
        voc.read(tmp_path / "Annotations")
