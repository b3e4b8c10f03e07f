"""Every fault of a COCO file is named by its annotation; what can be used is read, and the rest refused in words."""

import json

import pycocotools.mask as reference
import pytest

from maskwright.base.errors import DataError, MaskValueError, MaskwrightError
from maskwright.formats import coco
from some_coco import SQUARE, annotation, described, read

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools

RUNS = {"size": [6, 8], "counts": [48]}


def only_note(annotations):
    (note,) = annotations.notes
    return note


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"segmentation": [[1, 1, 5, 1]]}, "few-points", "2 points"),
        ({"segmentation": [[1, 1, 5, 1, 5]]}, "wrong-polygon", "5 numbers"),
        ({"segmentation": [[1, 1, 5, 1, 5, None]]}, "wrong-polygon", "something else than numbers"),
        ({"segmentation": [[1, 1, 5, 1, 5, float("nan")]]}, "wrong-polygon", "something else than numbers"),
        ({"segmentation": [[1, 1, 5, 1, 5, 1e12]]}, "wrong-polygon", "farther"),
        ({"segmentation": []}, "no-mask", "only a box"),
        ({"segmentation": None}, "no-mask", "only a box"),
        ({"segmentation": {"size": [6, 8]}}, "wrong-rle", "lack size or counts"),
        ({"segmentation": {"size": [6, 8], "counts": [40]}}, "wrong-rle", "add up to 40"),
        ({"segmentation": {"size": [6, 8], "counts": "P"}}, "wrong-rle", "damaged"),
        ({"segmentation": {"size": [6, 8], "counts": ["x"]}}, "wrong-rle", "whole numbers"),
        ({"segmentation": {"size": [5, 8], "counts": [40]}}, "wrong-rle", "for 8 x 5 pixels, its image has 8 x 6"),
        ({"category_id": 4}, "unknown-category", "its category_id 4 is no category"),
        ({"category_id": None}, "unknown-category", "no category_id"),
        ({"image_id": 8}, "unknown-image", "its image_id 8 is no image"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_named(tmp_path, fields, code, words):
    """The annotation's id, what is wrong, what to do; the others are read."""
    found = read(tmp_path, described(annotation(11), annotation(12, **fields)))
    noted = [note for note in found.notes if note.code == code]
    assert len(noted) == 1
    assert noted[0].where == "annotation 12"
    assert words in noted[0].what
    assert noted[0].remedy
    assert any(note.left_out for note in found.notes)
    assert len(found.images[0].load((6, 8))) == 1


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"segmentation": [[0, 0, 4, 4, 4, 0, 0, 4]]}, "self-crossing", "crosses itself"),
        ({"segmentation": [[1, 1, 20, 1, 20, 4, 1, 4]]}, "outside", "x 1 to 20, y 1 to 4, on 8 x 6"),
        ({"segmentation": [[21, 1, 25, 1, 25, 4, 21, 4]]}, "no-pixel", "outside the image"),
        ({"segmentation": [[1, 1, 5, 1, 3, 1]]}, "no-pixel", "covers no pixel"),
        ({"segmentation": RUNS}, "no-pixel", "covers no pixel"),
        ({"segmentation": [SQUARE, [1, 1, 2, 2]]}, "few-points", "polygon 2 of 2"),
        ({"bbox": [1, 1, 0, 3]}, "empty-box", "no area"),
        ({"bbox": [1, 1, float("nan"), 3]}, "wrong-box", "not four numbers"),
        ({"bbox": [1, 1]}, "wrong-box", "not four numbers"),
        ({"score": "high"}, "wrong-score", "1 is taken"),
    ],
)
def test_what_is_doubtful_is_kept_and_named(tmp_path, fields, code, words):
    found = read(tmp_path, described(annotation(12, **fields)))
    note = only_note(found)
    assert (note.code, note.where, note.left_out) == (code, "annotation 12", False)
    assert words in note.what
    assert note.remedy
    assert len(found.images[0].load((6, 8))) == 1


def test_a_sliver_that_reaches_far_but_meets_no_pixel_centre_is_named(tmp_path):
    found = read(tmp_path, described(annotation(12, segmentation=[[0, 3.55, 8, 3.55, 8, 3.75, 0, 3.75]])))
    expected = reference.decode(reference.frPyObjects([[0, 3.55, 8, 3.55, 8, 3.75, 0, 3.75]], 6, 8)).sum()
    assert expected == found.images[0].load((6, 8)).regions[0].area == 0
    assert only_note(found).code == "no-pixel"


def test_ids_that_are_missing_or_repeated_are_named(tmp_path):
    nameless = {key: value for key, value in annotation().items() if key != "id"}
    found = read(tmp_path, described(annotation(5), annotation(5), {**nameless, "category_id": 1}, "nonsense"))
    assert [note.where for note in found.notes] == [
        "annotation 5 (number 1)", "annotation 5 (number 2)", "annotation number 3 (it has no id)",
        "annotation number 4 (it has no id)",
    ]  # fmt: skip
    assert [note.left_out for note in found.notes] == [False, False, True, True]
    assert found.images[0].objects == 2


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ({"categories": [{"id": 3, "name": "cell"}, {"id": 3, "name": "debris"}]}, "category id 3 is both 'cell' and 'debris'"),
        ({"categories": [{"name": "cell"}]}, "needs an id and a name"),
        ({"categories": [{"id": 3, "name": " "}]}, "needs an id and a name"),
        ({"images": [{"id": 7, "file_name": "a.png"}, {"id": 7, "file_name": "b.png"}]}, "image id 7 is both"),
        ({"images": [{"id": 7}]}, "needs an id and a file_name"),
        ({"images": None}, "no list of images"),
    ],
)
def test_lists_that_contradict_themselves_are_refused(tmp_path, lists, words):
    with pytest.raises(DataError, match=words):
        read(tmp_path, described(annotation(), **lists))


def test_entries_listed_twice_alike_and_categories_of_one_name_are_noted(tmp_path):
    cell, again = {"id": 3, "name": "cell"}, {"id": 5, "name": "cell"}
    image = {"id": 7, "file_name": "a.png", "width": 8, "height": 6}
    found = read(
        tmp_path, described(annotation(), annotation(2, category_id=5), images=[image] * 2, categories=[cell, cell, again])
    )
    assert [(note.code, note.where) for note in found.notes] == [
        ("repeated-entry", "category 3"), ("repeated-category", "category 5"), ("repeated-entry", "image 7"),
    ]  # fmt: skip
    assert found.images[0].load((6, 8)).class_ids.tolist() == [1, 1]


def test_an_image_of_another_size_than_annotated_is_refused(tmp_path):
    found = read(tmp_path, described(annotation()))
    with pytest.raises(MaskValueError, match=r"'a.png' are for 8 x 6 pixels, but the image has 6 x 8"):
        found.images[0].load((8, 6))
    unsized = described(annotation(segmentation=RUNS), images=[{"id": 7, "file_name": "a.png"}])
    with pytest.raises(MaskValueError, match=r"'a.png' does not fit its image"):
        read(tmp_path, unsized).images[0].load((6, 9))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '"x"', '{"images": [], "annotations": []}', "\ufeff{}"])
def test_what_is_no_coco_file_is_an_error_in_words(tmp_path, text):
    with pytest.raises(MaskwrightError, match="instances"):
        read(tmp_path, text)


def test_a_file_beyond_the_bound_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps(described(annotation())))
    with pytest.raises(DataError, match="Split it"):
        coco.read(path, max_bytes=100)


def test_ids_beyond_16_and_32_bits_stay_apart(tmp_path):
    """Nothing here is numbered in the bits of a label image, so that 65,536 objects are no limit."""
    ids = (65_535, 65_536, 131_071, 2**40)
    found = read(tmp_path, described(*(annotation(id, bbox=[1, 1, 0, 0]) for id in ids)))
    assert [note.where for note in found.notes] == [f"annotation {id}" for id in ids]
    assert len(found.images[0].load((6, 8))) == 4
