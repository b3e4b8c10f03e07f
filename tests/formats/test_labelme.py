"""labelme: every shape that has an area is read, masks come back exactly, and every fault is named by file and shape."""

import base64
import io
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from maskwright.base.errors import DataError, MaskValueError
from maskwright.formats import labelme
from maskwright.formats.annotations import object_classes
from some_objects import MASKS, RING, SIZE_HW, SQUARE, TWO_PARTS, assert_same, instances, mask, only_note, without_empty

CORNERS = [[1, 1], [5, 1], [5, 4], [1, 4]]


def shape(points=CORNERS, label="cell", shape_type="polygon", **fields):
    return {"label": label, "points": points, "group_id": None, "shape_type": shape_type, "flags": {}, **fields}


def png(pixels, value=1):
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8) * value).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def packed(pixels=SQUARE[1:4, 1:5], points=((1, 1), (4, 3)), **fields):
    return shape([list(point) for point in points], shape_type="mask", **{"mask": png(pixels), **fields})


def put(path, *shapes, **fields):
    """A file of one image of 8 x 6 pixels, as labelme 5 writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    start = {"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": f"{path.stem}.png", "imageData": "AAAA"}
    path.write_text(json.dumps({**start, "imageHeight": 6, "imageWidth": 8, **fields}))
    return path


def read(tmp_path, *shapes, **fields):
    return labelme.read(put(tmp_path / "a.json", *shapes, **fields))


def drawn(found, place=0):
    return found.images[0].load(SIZE_HW).regions[place].mask(SIZE_HW)


def test_polygons_rectangles_circles_and_masks_are_read(tmp_path):
    """The second corner of a mask is its last pixel; rectangles may be drawn from any corner."""
    found = read(
        tmp_path,
        shape(),
        shape([[5, 4], [1, 1]], shape_type="rectangle"),
        shape(CORNERS, shape_type="rectangle"),
        packed(),
        packed(label="debris", mask=png(SQUARE[1:4, 1:5], 255)),
        shape([[4, 3], [4, 5]], shape_type="circle"),
    )
    assert found.notes == ()
    (image,) = found.images
    assert (image.name, image.size_hw, image.objects) == ("a.png", SIZE_HW, 6)
    corners = ((2, 1, 3, 2), (5, 1, 6, 2), (2, 4, 3, 5), (5, 4, 6, 5))
    expected = instances(*[SQUARE] * 5, mask((2, 1, 6, 5), None, *corners), class_ids=[1, 1, 1, 1, 2, 1])
    assert_same(image.load(SIZE_HW), expected)
    assert "1 images, 6 objects of 2 classes" in found.words[0]


def test_shapes_of_one_group_and_label_are_one_object(tmp_path):
    first = shape([[0, 0], [2, 0], [2, 2], [0, 2]], group_id=4)
    second = packed(np.ones((3, 3), bool), ((5, 3), (7, 5)), group_id=4)
    other = shape(label="debris", group_id=4)
    found = read(tmp_path, first, other, second, shape(), shape(group_id=[1]))
    assert_same(found.images[0].load(SIZE_HW), instances(TWO_PARTS, SQUARE, SQUARE, SQUARE, class_ids=[1, 2, 1, 1]))


def test_what_is_labelled_ignore_counts_nowhere(tmp_path):
    found = read(tmp_path, shape(), shape(label="__ignore__"))
    assert found.classes.names == ("background", "cell")
    assert_same(found.images[0].load(SIZE_HW), instances(SQUARE, ignored=SQUARE, classes=object_classes(["cell"])))


def test_classes_stand_in_the_order_of_labels_txt_then_by_name(tmp_path):
    put(tmp_path / "b.json", shape(label="cell 10"), shape(label="cell 2"), shape([[1, 1]], label="mark", shape_type="point"))
    assert labelme.read(tmp_path).classes.names == ("background", "cell 2", "cell 10")
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\nzebra\ncell 10\n")
    assert labelme.read(tmp_path).classes.names == ("background", "zebra", "cell 10", "cell 2")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("x.jpg", "sub/x.jpg"),
        ("..\\images\\x.jpg", "images/x.jpg"),
        ("../../elsewhere/x.jpg", "x.jpg"),
        ("C:\\data\\x.jpg", "x.jpg"),
        ("/data/x.jpg", "x.jpg"),
        (None, "sub/a"),
    ],
)
def test_the_image_is_named_by_its_path_below_the_folder(tmp_path, value, name):
    put(tmp_path / "sub" / "a.json", shape(), imagePath=value)
    assert labelme.read(tmp_path).images[0].name == name


@given(st.lists(MASKS, min_size=1, max_size=2), arrays(bool, SIZE_HW), st.randoms(use_true_random=False))
def test_any_instances_come_back(images, ignored, random):
    """Whatever the masks; scores, crowd marks, classes and ignored pixels too. Objects without pixels are listed as lost."""
    written = []
    for place, masks in enumerate(images):
        facts = [(random.choice([1, 2]), random.choice([1.0, 0.1, 1 / 3]), random.random() < 0.3) for _ in masks]
        columns = dict(zip(("class_ids", "scores", "is_crowd"), map(list, zip(*facts, strict=True)), strict=bool(facts)))
        written.append((f"folder {place}/ü.v1.png", instances(*masks, **columns, ignored=ignored)))
    with tempfile.TemporaryDirectory() as folder:
        losses = labelme.write(Path(folder) / "x", written, allow_loss=True)
        found = labelme.read(Path(folder) / "x")
    assert len(losses) == sum(not region.area for _, one in written for region in one.regions)
    for (name, expected), image in zip(written, found.images, strict=True):
        assert image.name == name
        assert_same(image.load(SIZE_HW), without_empty(expected))
    assert not any(note.left_out for note in found.notes)


def test_files_are_as_labelme_loads_them(tmp_path):
    """Every field that it asks for, of the type that it asks for; polygons where they are exact, else masks."""
    labelme.write(tmp_path, [("deep/a.png", instances(SQUARE, RING, TWO_PARTS))])
    value = json.loads((tmp_path / "deep" / "a.json").read_text())
    assert (value["imagePath"], value["imageData"], value["imageHeight"], value["imageWidth"]) == ("a.png", None, 6, 8)
    assert [one["shape_type"] for one in value["shapes"]] == ["polygon", "mask", "mask"]
    for one in value["shapes"]:
        assert isinstance(one["label"], str)
        assert isinstance(one["flags"], dict)
        assert all(len(point) == 2 for point in one["points"])
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(value["shapes"][1]["mask"])))).astype(bool)
    (x0, y0), (x1, y1) = value["shapes"][1]["points"]
    np.testing.assert_array_equal(pixels, RING[y0 : y1 + 1, x0 : x1 + 1])
    assert (tmp_path / "labels.txt").read_text().split() == ["__ignore__", "_background_", "cell", "debris"]


def test_what_it_cannot_hold_or_name_is_refused(tmp_path):
    folder = tmp_path / "out"
    with pytest.raises(MaskValueError, match=r"object 1: it has no pixel and is left out"):
        labelme.write(folder, [("a.png", instances(np.zeros(SIZE_HW, bool)))])
    with pytest.raises(MaskValueError, match=r"b.png has other classes"):
        labelme.write(folder, [("a.png", instances()), ("b.png", instances(classes=object_classes(["dog"])))])
    with pytest.raises(MaskValueError, match=r"two images are called so, 'a.jpg' is one"):
        labelme.write(folder, [("a.png", instances()), ("a.jpg", instances())])
    for name in ("../a.png", "/a.png", "C:\\a.png"):
        with pytest.raises(MaskValueError, match="would be written outside"):
            labelme.write(folder, [(name, instances())])
    assert not folder.exists()


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        (shape([[1, 1], [5, 1]]), "few-points", "2 points"),
        (shape([[1, 1], [5, 1], [5]]), "wrong-polygon", "[5] is no pair"),
        (shape([[1, 1], [5, 1], [5, "x"]]), "wrong-polygon", "not all numbers"),
        (shape([[1, 1], [5, 1], [5, float("nan")]]), "wrong-polygon", "not all numbers"),
        (shape([[1, 1], [5, 1], [5, 1e12]]), "wrong-polygon", "farther"),
        (shape([]), "wrong-polygon", "no points"),
        (shape(None), "wrong-polygon", "None is no pair"),
        (shape([[9, 1], [12, 1], [12, 4]]), "outside", "x 9 to 12, y 1 to 4, on 8 x 6"),
        (shape([[1, 1]], shape_type="circle"), "wrong-circle", "1 points, not two"),
        (shape([[1, 1]], shape_type="rectangle"), "wrong-rectangle", "1 points, not two"),
        (packed(mask=None), "wrong-mask", "without its picture"),
        (packed(mask="!"), "wrong-mask", "no readable PNG"),
        (packed(mask=base64.b64encode(b"GIF89a").decode()), "wrong-mask", "no readable PNG"),
        (packed(mask=png(SQUARE)[:60]), "wrong-mask", "no readable PNG"),
        (packed(np.ones((7, 8)), ((0, 0), (7, 6))), "wrong-mask", "8 x 7 pixels is larger than its image"),
        (packed(points=((8, 1), (11, 3))), "outside", "x 8 to 12"),
        (shape([[1, 1], [5, 1], [5, 4]], shape_type="linestrip"), "not-a-mask", "a linestrip has no area"),
        (shape([[1, 1]], shape_type="point"), "not-a-mask", "a point has no area"),
        (shape([[1, 1], [2, 2]], shape_type="line"), "not-a-mask", "a line has no area"),
        (shape(label=" "), "unknown-class", "no label"),
        ("nonsense", "wrong-shape", "nonsense"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_named(tmp_path, value, code, words):
    """The file, the place of the shape, what is wrong, what to do; the others are read."""
    found = read(tmp_path, shape(), value)
    note = only_note(found, code)
    assert note.where == "a.json, shape 2"
    assert words in note.what
    assert note.remedy
    assert (len(found.notes), note.left_out) == (1, True)
    assert len(found.images[0].load(SIZE_HW)) == 1


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        (shape([[0, 0], [4, 4], [4, 0], [0, 4]]), "self-crossing", "crosses itself"),
        (shape([[1, 1], [20, 1], [20, 4], [1, 4]]), "outside", "x 1 to 20, y 1 to 4, on 8 x 6"),
        (packed(points=((6, 1), (9, 3))), "outside", "x 6 to 10"),
        (shape([[3, 3], [3, 3]], shape_type="circle"), "no-pixel", "covers no pixel"),
        (packed(np.zeros((3, 4))), "no-pixel", "covers no pixel"),
        (packed(points=((1, 1), (7, 3))), "wrong-box", "4 x 3 pixels, but its box 7 x 3"),
        (shape(score="high"), "wrong-score", "1 is taken"),
    ],
)
def test_what_is_doubtful_is_kept_and_named(tmp_path, value, code, words):
    found = read(tmp_path, value)
    note = only_note(found, code)
    assert (len(found.notes), note.where, note.left_out) == (1, "a.json, shape 1", False)
    assert words in note.what
    assert len(found.images[0].load(SIZE_HW)) == 1


def test_damaged_files_and_those_of_other_programs_spoil_no_other(tmp_path):
    put(tmp_path / "good.json", shape())
    (tmp_path / "cut.json").write_text('{"shapes": [')
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "splits.json").write_text('{"train": []}')
    found = labelme.read(tmp_path)
    assert [image.name for image in found.images] == ["good.png"]
    assert [(note.code, note.where, note.severity) for note in found.notes] == [
        ("broken-file", "bytes.json", "error"), ("broken-file", "cut.json", "error"), ("broken-file", "deep.json", "error"),
        ("other-file", "splits.json", "note"),
    ]  # fmt: skip


def test_what_is_no_labelme_file_is_an_error_in_words(tmp_path):
    with pytest.raises(DataError, match="no labelme file is there"):
        labelme.read(tmp_path)
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DataError, match=r"no labelme file is there.* a.json: it cannot be read"):
        labelme.read(tmp_path / "a.json")
    with pytest.raises(DataError, match=r"more than the 0 MB that are read at once"):
        labelme.read(put(tmp_path / "a.json", shape()), max_bytes=100)


def test_an_image_of_another_size_than_annotated_is_refused(tmp_path):
    with pytest.raises(MaskValueError, match=r"'a.png' are for 8 x 6 pixels, but the image has 6 x 8"):
        read(tmp_path, shape()).images[0].load((8, 6))
    unsized = read(tmp_path, shape(), imageHeight=None)
    assert only_note(unsized, "no-size").severity == "note"
    np.testing.assert_array_equal(drawn(unsized), SQUARE)


def test_a_folder_is_found_by_what_its_files_hold(tmp_path):
    (tmp_path / "splits.json").write_text('{"train": []}')
    assert labelme.find(tmp_path) == ()
    put(tmp_path / ".hidden" / "a.json", shape())
    assert labelme.find(tmp_path) == ()
    put(tmp_path / "images" / "a.json", shape())
    assert labelme.find(tmp_path) == (tmp_path,)
