"""COCO files: read as pycocotools reads them, written so that nothing is lost, and every fault named by its annotation."""

import contextlib
import io
import json

import numpy as np
import pycocotools.mask as reference
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools.coco import COCO

from maskwright.base.errors import DataError, MaskValueError, MaskwrightError
from maskwright.formats import coco
from maskwright.formats.annotations import object_classes
from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools

SQUARE = [1, 1, 5, 1, 5, 4, 1, 4]
CLASSES = object_classes(["cell", "debris"])


def annotation(id=1, **fields):
    return {"id": id, "image_id": 7, "category_id": 3, "segmentation": [SQUARE], "bbox": [1, 1, 4, 3], "iscrowd": 0, **fields}


def described(*annotations, **fields):
    """An instances file of one image of 8 x 6 pixels."""
    images = [{"id": 7, "file_name": "a.png", "width": 8, "height": 6}]
    categories = [{"id": 9, "name": "debris"}, {"id": 3, "name": "cell"}]
    return {"images": images, "annotations": list(annotations), "categories": categories, **fields}


def read(tmp_path, value):
    path = tmp_path / "instances.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return coco.read(path)


def only_note(annotations):
    (note,) = annotations.notes
    return note


def instances(*masks, class_ids=None, scores=None, is_crowd=None, ignored=None, classes=CLASSES):
    count = len(masks)
    return Instances(
        size_hw=masks[0].shape if count else (6, 8),
        regions=tuple(map(Region.of_mask, masks)),
        class_ids=np.array(class_ids or [1] * count, np.int64),
        scores=np.array(scores or [1.0] * count),
        is_crowd=np.array(is_crowd or [False] * count, bool),
        classes=classes,
        ignored=ignored,
    )


def same(a, b):
    """Whether two `Instances` are equal to the pixel."""
    assert a.size_hw == b.size_hw
    assert a.class_ids.tolist() == b.class_ids.tolist()
    assert a.scores.tolist() == b.scores.tolist()
    assert a.is_crowd.tolist() == b.is_crowd.tolist()
    for one, other in zip(a.regions, b.regions, strict=True):
        np.testing.assert_array_equal(one.mask(a.size_hw), other.mask(a.size_hw))


def test_polygons_run_lengths_and_crowds_are_read(tmp_path):
    """A polygon; the same square as text and as counts, one a crowd. Categories become classes by rising id."""
    mask = np.zeros((6, 8), bool)
    mask[1:4, 1:5] = True
    packed = reference.encode(np.asfortranarray(mask.astype(np.uint8)))
    text = {"size": [6, 8], "counts": packed["counts"].decode()}
    counts = {"size": [6, 8], "counts": [7, 3, 3, 3, 3, 3, 3, 3, 20]}
    found = read(
        tmp_path,
        described(annotation(), annotation(2, segmentation=text, category_id=9), annotation(3, segmentation=counts, iscrowd=1)),
    )
    assert found.classes.names == ("background", "cell", "debris")
    assert [info.is_thing for info in found.classes] == [False, True, True]
    (image,) = found.images
    assert (image.name, image.size_hw, image.objects, image.where) == ("a.png", (6, 8), 3, "image 7")
    same(image.load((6, 8)), instances(mask, mask, mask, class_ids=[1, 2, 1], is_crowd=[False, False, True]))
    assert found.notes == ()
    assert "3 objects of 2 of 2 categories" in found.words[0]
    assert "1 are crowds" in found.words[1]


def test_an_image_without_annotations_is_an_image_without_objects(tmp_path):
    found = read(tmp_path, described())
    assert len(found.images[0].load((6, 8))) == 0
    assert "nothing to find" in found.words[2]


MASKS = st.lists(arrays(bool, (6, 8)), min_size=1, max_size=3)


@given(st.lists(MASKS, min_size=1, max_size=2))
def test_any_instances_come_back_and_pycocotools_reads_the_same(images):
    """Holes, several parts, single pixels, overlap, nothing at all: all of it is exact."""
    written = [(f"{place}.png", instances(*masks)) for place, masks in enumerate(images)]
    with contextlib.redirect_stdout(io.StringIO()), _folder() as folder:
        assert coco.write(folder / "x.json", written) == ()
        theirs, ours = COCO(str(folder / "x.json")), coco.read(folder / "x.json")
    for (name, expected), image in zip(written, ours.images, strict=True):
        assert image.name == name
        same(image.load((6, 8)), expected)
    every = [region for _, each in written for region in each.regions]
    for entry, region in zip(theirs.anns.values(), every, strict=True):
        np.testing.assert_array_equal(theirs.annToMask(entry), region.mask((6, 8)))
        assert entry["area"] == region.area


@contextlib.contextmanager
def _folder():
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def test_polygons_are_written_where_they_are_exact_else_run_lengths(tmp_path):
    solid, ring = np.zeros((6, 8), bool), np.ones((6, 8), bool)
    solid[1:4, 1:5] = True
    ring[2, 2] = False
    coco.write(tmp_path / "x.json", [("a.png", instances(solid, ring, solid, is_crowd=[False, False, True]))])
    first, holed, crowd = json.loads((tmp_path / "x.json").read_text())["annotations"]
    assert first["segmentation"] == [SQUARE]
    assert (first["bbox"], first["area"], first["iscrowd"]) == ([1, 1, 4, 3], 12, 0)
    assert holed["segmentation"]["size"] == crowd["segmentation"]["size"] == [6, 8]
    assert crowd["iscrowd"] == 1


def test_scores_and_classes_come_back(tmp_path):
    mask = np.ones((6, 8), bool)
    given = instances(mask, mask, class_ids=[2, 1], scores=[0.25, 1.0])
    coco.write(tmp_path / "x.json", [("a.png", given)])
    found = coco.read(tmp_path / "x.json")
    same(found.images[0].load((6, 8)), given)
    assert found.classes.names == CLASSES.names


def test_objects_of_class_0_are_written_too(tmp_path):
    """Classes without a background: the first is an object like the others."""
    classes = Classes.named("cat", "dog", things=["cat", "dog"])
    coco.write(tmp_path / "x.json", [("a.png", instances(np.ones((6, 8), bool), class_ids=[0], classes=classes))])
    assert coco.read(tmp_path / "x.json").classes.names == ("background", "cat", "dog")


def test_ignored_pixels_are_a_loss(tmp_path):
    given = instances(np.ones((6, 8), bool), ignored=np.eye(6, 8, dtype=bool))
    with pytest.raises(MaskValueError, match="6 ignored pixels"):
        coco.write(tmp_path / "x.json", [("a.png", given)])
    assert not (tmp_path / "x.json").exists()
    (loss,) = coco.write(tmp_path / "x.json", [("a.png", given)], allow_loss=True)
    assert (loss.image, loss.object) == ("a.png", None)


def test_images_of_different_classes_are_refused(tmp_path):
    mask = np.ones((6, 8), bool)
    other = instances(mask, classes=object_classes(["dog"]))
    with pytest.raises(MaskValueError, match=r"b.png has other classes"):
        coco.write(tmp_path / "x.json", [("a.png", instances(mask)), ("b.png", other)])


def test_results_are_those_that_pycocotools_loads(tmp_path):
    """Ids are those of the instances file, scores are kept, and the list is read again beside that file."""
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps(described(annotation())))
    mask = np.zeros((6, 8), bool)
    mask[0, ::2] = True
    given = instances(mask, class_ids=[2], scores=[0.125])
    coco.write_results(tmp_path / "results.json", [("a.png", given)], described_by=truth)
    with contextlib.redirect_stdout(io.StringIO()):
        (theirs,) = COCO(str(truth)).loadRes(str(tmp_path / "results.json")).anns.values()
    assert (theirs["image_id"], theirs["category_id"], theirs["score"], theirs["area"]) == (7, 9, 0.125, 4)
    assert theirs["bbox"].tolist() == [0, 0, 7, 1]
    same(coco.read(tmp_path / "results.json", described_by=truth).images[0].load((6, 8)), given)


def test_results_need_the_file_that_describes_them(tmp_path):
    with pytest.raises(DataError, match="list of results"):
        read(tmp_path, [annotation()])
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps(described()))
    mask = np.ones((6, 8), bool)
    with pytest.raises(DataError, match=r"no image called 'b.png'"):
        coco.write_results(tmp_path / "r.json", [("b.png", instances(mask))], described_by=truth)
    other = instances(mask, classes=object_classes(["dog"]))
    with pytest.raises(DataError, match="no categories called dog"):
        coco.write_results(tmp_path / "r.json", [("a.png", other)], described_by=truth)


RUNS = {"size": [6, 8], "counts": [48]}


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


def test_files_are_found_by_what_they_hold(tmp_path):
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "val.json").write_text(json.dumps(described()))
    (tmp_path / "splits.json").write_text('{"train": []}')
    (tmp_path / "panoptic.json").write_text(json.dumps(described({"segments_info": []})))
    assert coco.find(tmp_path) == (tmp_path / "annotations" / "val.json",)


@pytest.mark.parametrize("name", ["coco128_seg/annotations.json", "coco_panoptic_sample/panoptic_coco_detection_format.json"])
def test_real_files_fill_as_pycocotools_does(real_data, name):
    found = coco.read(real_data / name)
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = COCO(str(real_data / name))
    assert not any(note.left_out for note in found.notes)
    for id, image in list(zip(theirs.getImgIds(), found.images, strict=True))[::4]:
        loaded = image.load(image.size_hw)
        for entry, region in zip(theirs.imgToAnns[id], loaded.regions, strict=True):
            np.testing.assert_array_equal(theirs.annToMask(entry), region.mask(image.size_hw))
