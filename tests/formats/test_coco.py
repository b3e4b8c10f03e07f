"""COCO files: read as pycocotools reads them, and written so that nothing is lost."""

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

from maskwright.base.errors import DataError, MaskValueError
from maskwright.formats import coco
from maskwright.formats.annotations import object_classes
from maskwright.masks.classes import Classes
from some_coco import SQUARE, annotation, described, read
from some_objects import CLASSES, instances

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools


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
