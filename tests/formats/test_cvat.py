"""CVAT's XML: every shape that has an area is read, masks come back exactly, and every fault is named by its shape."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import DataError, MaskValueError
from maskwright.formats import cvat
from maskwright.formats.annotations import object_classes
from some_objects import (
    CLASSES,
    MASKS,
    RING,
    SIZE_HW,
    SQUARE,
    TWO_PARTS,
    assert_same,
    instances,
    mask,
    only_note,
    without_empty,
)

LABELS = "<labels><label><name>cell</name><color>#12ab00</color></label><label><name>debris</name></label></labels>"
POLYGON = '<polygon label="cell" occluded="1" points="1.00,1.00;5.00,1.00;5.00,4.00;1.00,4.00" z_order="3"></polygon>'


def document(*shapes, labels=LABELS, image='id="7" name="a.png" width="8" height="6"', more=""):
    """A file of one image of 8 x 6 pixels."""
    meta = f"<version>1.1</version><meta><task>{labels}</task></meta>"
    return f"<annotations>{meta}<image {image}>{''.join(shapes)}</image>{more}</annotations>"


def read(tmp_path, text):
    path = tmp_path / "annotations.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return cvat.read(path)


def shape(found, place=0):
    return found.images[0].load(SIZE_HW).regions[place].mask(SIZE_HW)


def test_polygons_boxes_and_masks_are_read(tmp_path):
    """Run lengths of a mask go row by row in its own box and begin with zeros."""
    box = '<box label="debris" occluded="0" xtl="1.00" ytl="1.00" xbr="5.00" ybr="4.00" z_order="0"/>'
    packed = '<mask label="cell" rle="0, 5, 1, 6" left="1" top="1" width="4" height="3" z_order="0"></mask>'
    found = read(tmp_path, document(POLYGON, box, packed))
    assert found.notes == ()
    assert found.classes.names == ("background", "cell", "debris")
    assert found.classes[1].color == (0x12, 0xAB, 0)
    (image,) = found.images
    assert (image.name, image.size_hw, image.objects, image.where) == ("a.png", SIZE_HW, 3, "image 7")
    holed = mask((1, 1, 5, 4), None, (2, 2, 3, 3))
    assert_same(image.load(SIZE_HW), instances(SQUARE, SQUARE, holed, class_ids=[1, 2, 1], classes=found.classes))
    assert "1 images, 3 objects, 2 labels" in found.words[0]


def test_boxes_turn_around_their_middle_and_ellipses_are_filled(tmp_path):
    turned = '<box label="cell" xtl="1" ytl="2" xbr="7" ybr="4" rotation="90"/>'
    circle = '<ellipse label="cell" cx="4" cy="3" rx="2" ry="2"/>'
    tall = '<ellipse label="cell" cx="4" cy="3" rx="3" ry="1" rotation="90"/>'
    found = read(tmp_path, document(turned, circle, tall))
    np.testing.assert_array_equal(shape(found, 0), mask((3, 0, 5, 6)))
    np.testing.assert_array_equal(
        shape(found, 1), mask((2, 1, 6, 5), None, (2, 1, 3, 2), (5, 1, 6, 2), (2, 4, 3, 5), (5, 4, 6, 5))
    )
    assert shape(found, 2).any(axis=1).sum() > shape(found, 2).any(axis=0).sum()


def test_shapes_of_one_group_and_label_are_one_object(tmp_path):
    first = '<polygon label="cell" points="0,0;2,0;2,2;0,2" group_id="4"/>'
    second = '<mask label="cell" rle="0, 9" left="5" top="3" width="3" height="3" group_id="4"/>'
    other = '<box label="debris" xtl="0" ytl="0" xbr="1" ybr="1" group_id="4"/>'
    alone = '<box label="cell" xtl="0" ytl="0" xbr="1" ybr="1" group_id="0"/>'
    found = read(tmp_path, document(first, other, second, alone, alone))
    pixel = mask((0, 0, 1, 1))
    expected = instances(TWO_PARTS, pixel, pixel, pixel, class_ids=[1, 2, 1, 1], classes=found.classes)
    assert_same(found.images[0].load(SIZE_HW), expected)


@given(st.lists(MASKS, min_size=1, max_size=2), st.randoms(use_true_random=False))
def test_any_instances_come_back(images, random):
    """Whatever the masks; scores, crowd marks, classes and their colours too. Objects without pixels are listed as lost."""
    written = []
    for place, masks in enumerate(images):
        facts = [(random.choice([1, 2]), random.choice([1.0, 0.1, 1 / 3]), random.random() < 0.3) for _ in masks]
        columns = dict(zip(("class_ids", "scores", "is_crowd"), map(list, zip(*facts, strict=True)), strict=bool(facts)))
        written.append((f"folder {place}/<&\"'ü.png", instances(*masks, **columns)))
    with tempfile.TemporaryDirectory() as folder:
        losses = cvat.write(Path(folder) / "x.xml", written, allow_loss=True)
        found = cvat.read(Path(folder) / "x.xml")
    assert found.classes == CLASSES
    assert len(losses) == sum(not region.area for _, one in written for region in one.regions)
    for (name, expected), image in zip(written, found.images, strict=True):
        assert image.name == name
        assert_same(image.load(SIZE_HW), without_empty(expected))
    assert not any(note.left_out for note in found.notes)


def test_polygons_are_written_where_they_are_exact_else_masks(tmp_path):
    cvat.write(tmp_path / "x.xml", [("a.png", instances(SQUARE, RING, TWO_PARTS))])
    text = (tmp_path / "x.xml").read_text()
    assert 'points="1.00,1.00;5.00,1.00;5.00,4.00;1.00,4.00"' in text
    assert 'rle="0, 18, 2, 6, 2, 20" left="0" top="0" width="8" height="6"' in text
    assert (text.count("<polygon"), text.count("<mask")) == (1, 2)


def test_what_it_cannot_hold_is_refused(tmp_path):
    bad = instances(np.zeros(SIZE_HW, bool), SQUARE, ignored=SQUARE)
    with pytest.raises(
        MaskValueError, match=r"object 1: it has no pixel and is left out \(IoU 0.000\); a.png: 12 ignored pixels"
    ):
        cvat.write(tmp_path / "x.xml", [("a.png", bad)])
    with pytest.raises(MaskValueError, match=r"b.png has other classes"):
        cvat.write(tmp_path / "x.xml", [("a.png", instances()), ("b.png", instances(classes=object_classes(["dog"])))])
    with pytest.raises(MaskValueError, match="no XML file may hold"):
        cvat.write(tmp_path / "x.xml", [("a\x01.png", instances())])
    assert not (tmp_path / "x.xml").exists()


@pytest.mark.parametrize(
    ("element", "code", "words"),
    [
        ('<polygon label="cell" points="1,1;5,1"/>', "few-points", "2 points"),
        ('<polygon label="cell" points="1,1;5,1;5"/>', "wrong-polygon", "'5' is no pair"),
        ('<polygon label="cell" points="1,1;5,1;5,x"/>', "wrong-polygon", "something else than numbers"),
        ('<polygon label="cell" points="1,1;5,1;5,nan"/>', "wrong-polygon", "something else than numbers"),
        ('<polygon label="cell"/>', "few-points", "0 points"),
        ('<polygon label="cell" points="9,1;12,1;12,4"/>', "outside", "x 9 to 12, y 1 to 4, on 8 x 6"),
        ('<box label="cell" xtl="1" ytl="1" xbr="5"/>', "wrong-box", "ybr None"),
        ('<ellipse label="cell" cx="1" cy="1" rx="inf" ry="1"/>', "wrong-ellipse", "rx inf"),
        ('<mask label="cell" rle="0, 5" left="1" top="1" width="4" height="3"/>', "wrong-rle", "add up to 5"),
        ('<mask label="cell" rle="" left="1" top="1" width="4" height="3"/>', "wrong-rle", "not all whole numbers"),
        ('<mask label="cell" rle="-2, 14" left="1" top="1" width="4" height="3"/>', "wrong-rle", "add up to 12"),
        ('<mask label="cell" rle="0, 12" left="1" top="1" width="4.5" height="3"/>', "wrong-rle", "four whole numbers"),
        ('<mask label="cell" rle="0, 99999" left="0" top="0" width="99999" height="1"/>', "wrong-rle", "larger than its image"),
        ('<mask label="cell" rle="0, 12" left="8" top="1" width="4" height="3"/>', "outside", "x 8 to 12"),
        ('<polyline label="cell" points="1,1;5,1;5,4"/>', "not-a-mask", "<polyline> has no area"),
        ('<points label="cell" points="1,1"/>', "not-a-mask", "<points> has no area"),
        ('<cuboid label="cell"/>', "not-a-mask", "<cuboid> has no area"),
        ('<polygon points="1,1;5,1;5,4"/>', "unknown-class", "no label"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_named(tmp_path, element, code, words):
    """The image, the place of the shape, what is wrong, what to do; the others are read."""
    found = read(tmp_path, document(POLYGON, element))
    note = only_note(found, code)
    assert note.where.startswith("a.png, shape 2 (")
    assert words in note.what
    assert note.remedy
    assert (len(found.notes), note.left_out) == (1, True)
    assert len(found.images[0].load(SIZE_HW)) == 1


@pytest.mark.parametrize(
    ("element", "code", "words"),
    [
        ('<polygon label="cell" points="0,0;4,4;4,0;0,4"/>', "self-crossing", "crosses itself"),
        ('<polygon label="cell" points="1,1;20,1;20,4;1,4"/>', "outside", "x 1 to 20, y 1 to 4, on 8 x 6"),
        ('<mask label="cell" rle="0, 12" left="6" top="1" width="4" height="3"/>', "outside", "x 6 to 10"),
        ('<box label="cell" xtl="1" ytl="1" xbr="1" ybr="4"/>', "no-pixel", "covers no pixel"),
        ('<mask label="cell" rle="12" left="1" top="1" width="4" height="3"/>', "no-pixel", "covers no pixel"),
        (POLYGON.replace("></", '><attribute name="score">high</attribute></'), "wrong-score", "1 is taken"),
    ],
)
def test_what_is_doubtful_is_kept_and_named(tmp_path, element, code, words):
    found = read(tmp_path, document(element))
    note = only_note(found, code)
    assert (len(found.notes), note.left_out) == (1, False)
    assert note.where.startswith("a.png, shape 1")
    assert words in note.what
    assert len(found.images[0].load(SIZE_HW)) == 1


def test_labels_that_are_not_listed_images_of_one_name_tags_and_tracks_are_named(tmp_path):
    again = f'<image id="8" name="a.png" width="8" height="6">{POLYGON.replace("cell", "cel")}</image><track id="0"/>'
    found = read(tmp_path, document('<tag label="cell"/>', more=again))
    assert found.classes.names == ("background", "cell", "debris", "cel")
    assert only_note(found, "unlisted-label").what.startswith("the labels cel are used")
    assert only_note(found, "repeated-image").severity == "error"
    assert only_note(found, "not-a-shape").severity == "note"
    assert only_note(found, "not-a-mask").what.startswith("1 tracks of a video")


def test_joints_of_skeletons_are_no_classes(tmp_path):
    joint = "<label><name>knee</name><parent>person</parent></label>"
    assert read(tmp_path, document(labels=f"<labels>{joint}</labels>")).classes.names == ("background",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a readable XML file"),
        (document(POLYGON)[:-20], "not a readable XML file"),
        ("<annotations><image>", "not a readable XML file"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "not a readable XML file"),
        ("<annotation><object/></annotation>", "is not a CVAT file: .* not <annotation>"),
        ("<annotations/>", "is not a CVAT file"),
        ("<annotations><meta/><track/></annotations>", "Export it from CVAT as 'CVAT for images 1.1'"),
        (document(image='id="1" width="8" height="6"'), "image number 1 has no name"),
        (document(labels="<labels><label/></labels>"), "a label has no name"),
    ],
)
def test_what_is_no_cvat_file_is_an_error_in_words(tmp_path, text, words):
    with pytest.raises(DataError, match=f"annotations.xml: .*{words}|{words}"):
        read(tmp_path, text)


def test_entities_and_large_files_are_refused(tmp_path):
    """A billion laughs never expand, no other file is looked at, and size is asked before anything is parsed."""
    laughs = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]>' + document(POLYGON)
    with pytest.raises(DataError, match="document type"):
        read(tmp_path, laughs)
    with pytest.raises(DataError, match="document type"):
        read(tmp_path, '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><annotations>&b;</annotations>')
    (tmp_path / "x.xml").write_text(document(POLYGON))
    with pytest.raises(DataError, match="in several parts"):
        cvat.read(tmp_path / "x.xml", max_bytes=100)
    with pytest.raises(DataError, match="cannot be read"):
        cvat.read(tmp_path / "nothing.xml")


def test_an_image_of_another_size_than_annotated_is_refused(tmp_path):
    with pytest.raises(MaskValueError, match=r"'a.png' are for 8 x 6 pixels, but the image has 6 x 8"):
        read(tmp_path, document(POLYGON)).images[0].load((8, 6))
    unsized = read(tmp_path, document(POLYGON, image='name="a.png"'))
    assert unsized.images[0].size_hw is None
    np.testing.assert_array_equal(shape(unsized), SQUARE)


def test_files_are_found_by_what_they_hold(tmp_path):
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "a.xml").write_text(document(POLYGON))
    (tmp_path / "voc.xml").write_text("<annotation><filename>a.png</filename></annotation>")
    assert cvat.find(tmp_path) == (tmp_path / "annotations" / "a.xml",)
    assert cvat.find(tmp_path / "nowhere") == ()
