"""YOLO segmentation: data.yaml or classes.txt, trees of labels, boxes; what it cannot hold is refused or listed as lost."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import DataError, MaskValueError
from maskwright.formats import yolo
from maskwright.formats.annotations import object_classes
from maskwright.masks.region import iou
from some_objects import MASKS, RING, SIZE_HW, SQUARE, TWO_PARTS, assert_same, instances, mask, only_note, without_empty

LINE = "0 0.125 0.1666667 0.625 0.1666667 0.625 0.6666667 0.125 0.6666667"  # the square, on 8 x 6 pixels
NAMES = "names:\n  0: cell\n  1: debris\n"


def put(folder, text=LINE, *, at="labels/a.txt", data=f"train: images\n{NAMES}"):
    """A data set of one image."""
    path = folder / at
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if data is not None:
        (folder / "data.yaml").write_text(data)
    return folder


def read(folder, text=LINE, **where):
    return yolo.read(put(folder, text, **where))


def drawn(found, place=0):
    return found.images[0].load(SIZE_HW).regions[place].mask(SIZE_HW)


def test_outlines_and_boxes_are_read_in_parts_of_the_image(tmp_path):
    """The file does not say the image's size: the same line on an image twice as large is an object twice as large."""
    found = read(tmp_path, f"{LINE}\n\n1 0.375 0.41666667 0.5 0.5\n")
    assert found.classes.names == ("background", "cell", "debris")
    (image,) = found.images
    assert (image.name, image.size_hw, image.objects, image.path) == ("a", None, 2, tmp_path / "labels" / "a.txt")
    assert_same(image.load(SIZE_HW), instances(SQUARE, SQUARE, class_ids=[1, 2]))
    assert image.load((12, 16)).regions[0].box_xyxy == (2, 2, 10, 8)
    note = only_note(found, "boxes")
    assert (note.severity, found.notes) == ("note", (note,))
    assert note.what == "1 of 2 objects are boxes (first labels/a.txt, line 3); their masks are rectangles"


def test_a_data_set_of_boxes_alone_is_doubted(tmp_path):
    assert only_note(read(tmp_path, "0 0.5 0.5 0.5 0.5"), "boxes").severity == "warning"


def test_an_empty_file_is_an_image_without_objects(tmp_path):
    found = read(tmp_path, "\n")
    assert len(found.images[0].load(SIZE_HW)) == 0
    assert "nothing to find" in found.words[1]


@pytest.mark.parametrize(
    "data",
    [
        "train: images/train\nval: images/val\nnames: [cell, debris]",
        "path: .\ntrain: images/train\nval: [images/val]\nnames: {0: cell, 1: debris}",
        "path: ../data\ntrain: images/train/\nval: images/val\nnames: {1: debris, 0: cell}",
        "path: /another/machine\ntrain: images/train\nval: images/val\nnames: [cell, debris]",
        "train: ../images/train\nval: ../images/val\nnames: [cell, debris]",  # as some exports have it
        "train: train.txt\nval: images/val\nnames: [cell, debris]",
        "names: [cell, debris]\npath: elsewhere",  # nothing is said: every folder called labels
    ],
)
def test_any_way_to_say_where_images_lie_finds_their_labels(tmp_path, data):
    folder = tmp_path / "data"
    put(folder, at="labels/val/b.c.txt", data=None)
    put(folder, at="labels/train/a.txt", data=data)
    (folder / "images" / "val").mkdir(parents=True)
    (folder / "images" / "train").mkdir()
    (folder / "train.txt").write_text("./images/train/a.jpg\n./images/train/unlabelled.jpg\n")
    found = yolo.read(folder)
    assert sorted(image.name for image in found.images) == ["train/a", "val/b.c"]
    assert found.classes.names == ("background", "cell", "debris")
    assert found.notes == ()


def test_exports_with_labels_inside_of_their_parts_are_read(tmp_path):
    put(tmp_path, at="train/labels/a.txt", data=f"train: ../train/images\nval: ../valid/images\n{NAMES}")
    found = yolo.read(tmp_path / "data.yaml")
    assert [image.name for image in found.images] == ["train/a"]
    assert only_note(found, "part-not-found").what == "its val is '../valid/images', which is not there"


@pytest.mark.parametrize("at", ["labels/classes.txt", "classes.txt"])
@pytest.mark.parametrize("given", [".", "labels"])
def test_a_folder_of_labels_goes_with_classes_txt(tmp_path, at, given):
    put(tmp_path, data=None)
    (tmp_path / at).write_text("cell\ndebris\n")
    found = yolo.read(tmp_path / given)
    assert [image.name for image in found.images] == ["a"]
    assert found.classes.names == ("background", "cell", "debris")


def test_labels_beside_their_images_and_a_yaml_above_are_read(tmp_path):
    put(tmp_path, at="all/a.txt", data=None)
    (tmp_path / "all" / "classes.txt").write_text("cell\n")
    assert [image.name for image in yolo.read(tmp_path / "all").images] == ["a"]
    put(tmp_path)
    assert yolo.read(tmp_path / "labels").classes.names == ("background", "cell", "debris")


def test_names_that_yaml_would_take_for_something_else_stay_words(tmp_path):
    """In YAML 'no' is a truth value, 010 is 8 and 1e3 a number."""
    found = read(tmp_path, data="train: images\nnames: [no, 010, 1e3, ~]")
    assert found.classes.names == ("background", "no", "010", "1e3", "~")


@given(st.lists(MASKS, min_size=1, max_size=2), st.data())
def test_solid_objects_come_back_and_of_others_the_loss_is_exact(images, data):
    """An object of one part without a hole loses nothing, and what another loses is what its loss says."""
    written = []
    for place, masks in enumerate(images):
        class_ids = [data.draw(st.sampled_from([1, 2])) for _ in masks]
        written.append((f"folder {place}/ü.v1.png", instances(*masks, class_ids=class_ids)))
    with tempfile.TemporaryDirectory() as name:
        losses = yolo.write(Path(name), written, allow_loss=True)
        found = yolo.read(Path(name))
    for (name, expected), image in zip(written, found.images, strict=True):
        assert image.name == name.removesuffix(".png")
        loaded = image.load(SIZE_HW)
        lost = {loss.object: loss.iou for loss in losses if loss.image == name}
        kept = [place for place, region in enumerate(expected.regions) if region.area]
        for region, place in zip(loaded.regions, kept, strict=True):
            agreement = iou([region], [expected.regions[place]])[0, 0]
            assert agreement == lost.get(place, 1.0)
        assert_same(loaded, without_empty(expected))
    assert not any(note.left_out for note in found.notes)


def test_holes_and_parts_are_refused_unless_the_loss_is_allowed(tmp_path):
    """Parts that touch at a corner make one ring by themselves: nothing is lost."""
    corners = mask((0, 0, 2, 2), (2, 2, 4, 4))
    given = instances(SQUARE, RING, TWO_PARTS, corners)
    with pytest.raises(MaskValueError, match=r"a.png, object 2: it has 1 hole, .* object 3: it has 2 parts, .*--allow-loss"):
        yolo.write(tmp_path / "out", [("a.png", given)])
    assert not (tmp_path / "out").exists()
    losses = yolo.write(tmp_path / "out", [("a.png", given)], allow_loss=True)
    assert [(loss.object, loss.iou) for loss in losses] == [(1, 1.0), (2, 1.0)]
    assert "seams 3 pixels long" in losses[1].what
    assert_same(yolo.read(tmp_path / "out").images[0].load(SIZE_HW), given)


def test_scores_crowds_ignored_pixels_and_empty_objects_are_losses(tmp_path):
    blank = np.zeros(SIZE_HW, bool)
    given = instances(SQUARE, SQUARE, blank, scores=[0.25, 1, 1], is_crowd=[False, True, False], ignored=SQUARE)
    losses = yolo.write(tmp_path, [("a.png", given)], allow_loss=True)
    assert [(loss.object, loss.what, loss.iou) for loss in losses] == [
        (0, "its score 0.25", 1), (1, "it is a crowd, not one object", 1), (2, "it has no pixel and is left out", 0),
        (None, "12 ignored pixels", 1),
    ]  # fmt: skip


def test_files_are_as_ultralytics_reads_them(tmp_path):
    """data.yaml with train, val and names from 0; a class index and at least three pairs between 0 and 1 a line."""
    yolo.write(tmp_path / "set.yaml", [("deep/a.png", instances(SQUARE, class_ids=[2])), ("b.png", instances())])
    fields = yaml.safe_load((tmp_path / "set.yaml").read_text())
    assert fields == {"train": "images", "val": "images", "names": {0: "cell", 1: "debris"}}
    assert (tmp_path / "labels" / "deep" / "a.txt").read_text() == LINE.replace("0 ", "1 ", 1) + "\n"
    assert (tmp_path / "labels" / "b.txt").read_text() == ""


def test_names_and_classes_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(MaskValueError, match=r"b.png has other classes"):
        yolo.write(tmp_path, [("a.png", instances()), ("b.png", instances(classes=object_classes(["dog"])))])
    with pytest.raises(MaskValueError, match=r"two images are called so, 'a.jpg' is one"):
        yolo.write(tmp_path, [("a.png", instances()), ("a.jpg", instances())])
    with pytest.raises(MaskValueError, match="would be written outside"):
        yolo.write(tmp_path, [("../a.png", instances())])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("0 0.1 0.1 0.5 0.1 0.5", "wrong-polygon", "5 numbers, not pairs"),
        ("0 0.1 0.1", "few-points", "1 points"),
        ("0", "few-points", "0 points"),
        ("0 0.1 0.1 0.5 0.1 0.5 x", "wrong-polygon", "something else than numbers"),
        ("0 0.1 0.1 0.5 0.1 0.5 nan", "wrong-polygon", "something else than numbers"),
        ("0 0.1 0.1 nan 0.1", "wrong-polygon", "something else than numbers"),
        ("0 10 10 50 10 50 40", "not-relative", "look like pixels: x 10 to 50, y 10 to 40"),
        ("0 1.1 0.1 1.5 0.1 1.5 0.4", "outside", "x 1.1 to 1.5, y 0.1 to 0.4, where 0 to 1 is the image"),
        ("2 0.1 0.1 0.5 0.1 0.5 0.4", "unknown-class", "its class is 2, but the names are for 0 to 1"),
        ("-1 0.1 0.1 0.5 0.1 0.5 0.4", "unknown-class", "its class is -1"),
        ("cell 0.1 0.1 0.5 0.1 0.5 0.4", "unknown-class", "its class is cell"),
        ("0.5 0.1 0.1 0.5 0.1 0.5 0.4", "unknown-class", "its class is 0.5"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_named(tmp_path, line, code, words):
    """The file, the line, what is wrong, what to do; the others are read."""
    found = read(tmp_path, f"{LINE}\n{line}\n")
    note = only_note(found, code)
    assert note.where == "labels/a.txt, line 2"
    assert note.remedy
    assert (len(found.notes), note.left_out) == (1, True)
    assert len(found.images[0].load(SIZE_HW)) == 1
    assert words in note.what


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("0 0 0 1 1 1 0 0 1", "self-crossing", "crosses itself"),
        ("0 -0.5 0.1 0.5 0.1 0.5 0.4", "outside", "x -0.5 to 0.5"),
        ("0 0.1 0.1 0.5 0.1 0.3 0.1", "no-pixel", "covers no pixel"),
        (f"{LINE}\n{LINE}", "repeated-object", "stands there 2 times"),
    ],
)
def test_what_is_doubtful_is_kept_and_named(tmp_path, line, code, words):
    found = read(tmp_path, line)
    note = only_note(found, code)
    assert (len(found.notes), note.left_out) == (1, False)
    assert note.where.startswith("labels/a.txt")
    assert words in note.what
    assert len(found.images[0].load(SIZE_HW)) == len(line.splitlines())


def test_outlines_are_cut_at_the_rim(tmp_path):
    found = read(tmp_path, "0 -0.5 -0.5 0.25 -0.5 0.25 2 -0.5 2")
    np.testing.assert_array_equal(drawn(found), mask((0, 0, 2, 6)))


def test_label_files_that_cannot_be_read_spoil_no_other(tmp_path):
    put(tmp_path)
    (tmp_path / "labels" / "b.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "labels" / "c.txt").write_text(LINE * 100)
    found = yolo.read(tmp_path, max_bytes=1000)
    assert [image.name for image in found.images] == ["a"]
    assert [(note.code, note.where, note.severity) for note in found.notes] == [
        ("broken-file", "labels/b.txt", "error"), ("broken-file", "labels/c.txt", "error"),
    ]  # fmt: skip


def test_classes_of_one_name_and_a_wrong_count_are_noted(tmp_path):
    found = read(tmp_path, "1 0.5 0.5 0.5 0.5", data="train: images\nnc: 3\nnames: [cell, cell]")
    assert found.classes.names == ("background", "cell")
    assert only_note(found, "repeated-class").where == "class 1"
    assert only_note(found, "wrong-count").what == "nc is 3, but there are 2 names"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("train: images\nnames: [cell", "not a readable YAML file"),
        ("train: images\nnames: !!python/object/apply:os.system [ls]\nnc: ]", "not a readable YAML file"),
        ("- cell", "is no data.yaml"),
        ("train: images", "has no class names"),
        ("train: images\nnames: {a: cell}", "needs an index of 0 or more and a name"),
        ("train: images\nnames: [cell, '']", "needs an index of 0 or more and a name"),
        ("train: images\nnames: [[cell]]", "needs an index of 0 or more and a name"),
    ],
)
def test_a_damaged_description_is_an_error_in_words(tmp_path, data, words):
    with pytest.raises(DataError, match=rf"data.yaml: .*{words}"):
        yolo.read(put(tmp_path, data=data) / "data.yaml")


def test_nothing_in_a_yaml_file_runs(tmp_path):
    found = read(tmp_path, data="train: images\nnames: [!!python/name:os.system cell]")
    assert found.classes.names == ("background", "cell")


def test_folders_without_names_or_labels_are_errors_in_words(tmp_path):
    with pytest.raises(DataError, match=r"no data.yaml and no classes.txt"):
        read(tmp_path, data=None)
    (tmp_path / "classes.txt").write_text("cell\n\ndebris")
    with pytest.raises(DataError, match="one class name a line"):
        yolo.read(tmp_path)
    with pytest.raises(DataError, match=r"classes.txt: is no data.yaml"):
        yolo.read(tmp_path / "classes.txt")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "data.yaml").write_text(f"train: images\n{NAMES}")
    with pytest.raises(DataError, match="no label files found"):
        yolo.read(tmp_path / "empty")
    (tmp_path / "empty" / "b.yaml").write_text(f"train: images\n{NAMES}")
    with pytest.raises(DataError, match=r"several files describe it: b.yaml, data.yaml"):
        yolo.read(tmp_path / "empty")


def test_data_sets_are_found_by_what_they_hold(tmp_path):
    (tmp_path / "mkdocs.yml").write_text("site_name: x\nnav: []\n")
    assert yolo.find(put(tmp_path / "a")) == (tmp_path / "a" / "data.yaml",)
    assert yolo.find(tmp_path / "a" / "labels") == (tmp_path / "a" / "labels",)
    put(tmp_path / "b", data=None)
    assert yolo.find(tmp_path / "b") == ()
    (tmp_path / "b" / "labels" / "classes.txt").write_text("cell\n")
    assert yolo.find(tmp_path / "b") == (tmp_path / "b" / "labels",)
    put(tmp_path / "c", "once upon a time", at="labels/story.txt", data=None)
    (tmp_path / "c" / "classes.txt").write_text("cell\n")
    assert yolo.find(tmp_path / "c") == yolo.find(tmp_path) == ()
