"""Label images: numbers of objects in 16 and 32 bits, a table of classes, scores and crowds, folders that `predict` wrote."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from maskwright.base.errors import DataError, MaskValueError
from maskwright.base.files import write_json
from maskwright.formats import labels, native
from maskwright.formats.annotations import object_classes
from maskwright.masks.classes import Classes
from maskwright.masks.coding import MaskCoding
from maskwright.masks.region import iou
from some_objects import CLASSES, MASKS, RING, SIZE_HW, SQUARE, assert_same, instances, mask, only_note

INSIDE = mask((2, 2, 4, 4))


def put(folder, items, **options):
    assert labels.write(folder, items, **options) == ()
    return labels.read(folder)


def test_objects_of_one_class_need_no_table(tmp_path):
    """Object 1 has the value 1, and any program reads the file; the folder is one that `check` reads as masks."""
    before = instances(RING, INSIDE)
    found = put(tmp_path / "x", [("s/a.jpg", before)])
    assert sorted(path.name for path in (tmp_path / "x").rglob("*.*")) == ["a.png", "dataset.json"]
    (image,) = found.images
    assert (image.name, image.size_hw, found.classes) == ("s/a", SIZE_HW, CLASSES)
    assert_same(image.load(SIZE_HW), before)
    with Image.open(tmp_path / "x" / "s" / "a.png") as picture:
        assert np.asarray(picture)[2, 2] == 2
    assert native.read_native(tmp_path / "x").kind == "instances"
    assert labels.find(tmp_path / "x") == (tmp_path / "x",)
    assert labels.find(tmp_path) == ()


def test_classes_scores_and_crowds_stand_in_a_table(tmp_path):
    """Without the table the classes would be wrong, so who does not know of it is told."""
    before = instances(RING, INSIDE, class_ids=[2, 1], scores=[1.0, 0.25], is_crowd=[True, False])
    found = put(tmp_path / "x", [("a.png", before), ("b.png", instances())])
    assert_same(found.images[0].load(SIZE_HW), before)
    assert len(found.images[1].load(SIZE_HW)) == 0
    table = (tmp_path / "x" / "objects.csv").read_text()
    assert table == "image,label,class,score,crowd\na,1,debris,1.0,1\na,2,cell,0.25,0\n"
    with pytest.raises(DataError, match=r"the classes of the objects stand in objects.csv.*--format labels"):
        native.read_native(tmp_path / "x")


@given(MASKS, arrays(bool, SIZE_HW), st.booleans(), st.sampled_from([".png", ".tif"]))
def test_any_objects_come_back_or_are_listed_with_their_exact_iou(masks, ignored, has_ignored, suffix):
    before = instances(
        *masks,
        class_ids=[1 + place % 2 for place in range(len(masks))],
        scores=[1 - place / 4 for place in range(len(masks))],
        is_crowd=[place == 2 for place in range(len(masks))],
        ignored=ignored if has_ignored else None,
    )
    with tempfile.TemporaryDirectory() as folder:
        losses = labels.write(Path(folder) / "x", [("a.png", before)], allow_loss=True, suffix=suffix)
        after = labels.read(Path(folder) / "x").images[0].load(SIZE_HW)
    left = {loss.object: loss.iou for loss in losses}
    places = [place for place in range(len(masks)) if left.get(place, 1) > 0]
    assert after.class_ids.tolist() == before.class_ids[places].tolist()
    assert after.scores.tolist() == before.scores[places].tolist()
    assert after.is_crowd.tolist() == before.is_crowd[places].tolist()
    for place, region in zip(places, after.regions, strict=True):
        assert iou([before.regions[place]], [region])[0, 0] == left.get(place, 1.0)
    if not losses:
        assert_same(after, before)


def test_more_objects_than_16_bits_can_number_go_into_32(tmp_path, monkeypatch):
    """As if 2 bits were all. The value of ignored pixels is no object's, in 32 bits neither."""
    monkeypatch.setattr("maskwright.formats.labels.IGNORE", 3)
    few, many = (instances(*(mask((x, 0, x + 1, 2)) for x in range(n)), ignored=mask((7, 5, 8, 6))) for n in (2, 5))
    found = put(tmp_path / "x", [("few.png", few), ("many.png", many)])
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == ["dataset.json", "few.png", "many.tif"]
    numbers = tifffile.imread(tmp_path / "x" / "many.tif")
    assert numbers.dtype == np.uint32
    assert np.unique(numbers).tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert np.count_nonzero(numbers == 3) == 1
    for image, expected in zip(found.images, (few, many), strict=True):
        assert_same(image.load(SIZE_HW), expected)


def test_what_it_cannot_hold_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(MaskValueError, match=r"b.png, object 2: 8 of its 44 pixels lie under.*--allow-loss"):
        labels.write(tmp_path / "x", [("a.png", instances()), ("b.png", instances(SQUARE, RING))])
    with pytest.raises(MaskValueError, match="it has no pixel"):
        labels.write(tmp_path / "x", [("a.png", instances(np.zeros(SIZE_HW, bool)))])
    with pytest.raises(MaskValueError, match="other classes"):
        labels.write(tmp_path / "x", [("a.png", instances()), ("b.png", instances(classes=object_classes(["dog"])))])
    with pytest.raises(MaskValueError, match=r"would be written for 'a.png' and for 'a.tif'"):
        labels.write(tmp_path / "x", [("a.png", instances()), ("a.tif", instances())])
    with pytest.raises(MaskValueError, match="need a class for the background beside 'cell'"):
        labels.write(tmp_path / "x", [("a.png", instances(classes=Classes.named("cell")))])
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def folder(tmp_path):
    put(tmp_path, [("a.png", instances(RING, INSIDE, class_ids=[2, 1]))])
    return tmp_path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image,label\na,1\n", "has no column called class"),
        ("image,label,class\na,1,celll\n", r"line 2: there is no class 'celll' in dataset.json. Did you mean 'cell'"),
        ("image,label,class\na,0,cell\n", "line 2: the label '0' is no whole number above 0"),
        ("image,label,class\na,1,cell\na,1,cell\n", "line 3: the object 1 of 'a' stands there twice"),
        ("image,label,class,score\na,1,cell,nan\n", "line 2: the score 'nan' is no number"),
        ("image,label,class,score,crowd\na,1,cell,1,yes\n", "line 2: the crowd mark is 'yes'"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_its_line(folder, text, words):
    (folder / "objects.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        labels.read(folder)


def test_objects_that_only_the_image_or_only_the_table_has_are_named(folder):
    for text, words in (
        ("a,1,cell\n", r"a.png: 1 objects are in the image but not in the table \(objects.csv\): 2"),
        ("a,1,cell\na,2,cell\na,7,cell\n", r"1 objects are in the table but not in the image \(objects.csv\): 7"),
    ):
        (folder / "objects.csv").write_text(f"image,label,class\n{text}")
        with pytest.raises(MaskValueError, match=words):
            labels.read(folder).images[0].load(SIZE_HW)
    (folder / "objects.csv").write_text("image,label,class\na,1,cell\na,2,cell\nb,1,cell\n")
    found = labels.read(folder)
    assert found.images[0].load(SIZE_HW).class_ids.tolist() == [1, 1]
    note = only_note(found, "image-not-found")
    assert (note.what, note.left_out) == ("there is no label image 'b'; its 1 objects are left out", True)
    (folder / "objects.csv").unlink()
    with pytest.raises(DataError, match=r"objects.csv: cannot be read"):
        labels.read(folder)


def test_label_images_of_another_size_or_damaged_are_named(folder):
    with pytest.raises(MaskValueError, match=r"a.png: the label image has 8 x 6 pixels, but the image 9 x 6"):
        labels.read(folder).images[0].load((6, 9))
    (folder / "b.png").write_bytes(b"")
    assert only_note(labels.read(folder), "unreadable-mask").where == "b"
    (folder / "a.tif").write_bytes((folder / "a.png").read_bytes())
    with pytest.raises(DataError, match="are label images of one name"):
        labels.read(folder)


def test_what_lies_beside_label_images_is_passed_over(folder):
    """masks/ beside images/, and what `predict` lays beside its masks."""
    for name in ("overlays/a.png", "probabilities/a.tif", ".hidden.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")
    (folder / "predictions.jsonl").write_text("")
    assert [image.name for image in labels.read(folder).images] == ["a"]
    (folder / "masks").mkdir()
    (folder / "a.png").rename(folder / "masks" / "a.png")
    (folder / "images").mkdir()
    (folder / "images" / "a.png").write_bytes(b"")
    assert [image.name for image in labels.read(folder).images] == ["a"]


def test_folders_whose_masks_hold_classes_or_say_nothing_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"there is no dataset.json .* --kind instances"):
        labels.read(tmp_path)
    native.write_native(tmp_path, MaskCoding("class-ids", ((0, 0), (1, 1)), (), CLASSES))
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"the masks hold classes \(class-ids\), not objects"):
        labels.read(tmp_path)
    assert labels.find(tmp_path) == ()
    write_json(tmp_path / "dataset.json", {"format": "maskwright-dataset", "version": 99})
    assert labels.find(tmp_path) == ()
