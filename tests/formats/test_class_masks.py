"""Class masks: the class of every pixel as it was, and in words what of objects is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.base.errors import DataError, MaskValueError
from maskwright.formats import class_masks, native
from maskwright.masks.classes import IGNORE, Classes, ClassInfo
from maskwright.masks.coding import MaskCoding
from maskwright.masks.convert import to_label_map
from maskwright.masks.types import LabelMap, Panoptic, Segment
from some_objects import CLASSES, SQUARE, instances, mask

STREET = Classes((ClassInfo("sky", (70, 130, 180)), ClassInfo("car", (0, 0, 142), True)))


@given(arrays(np.uint16, (3, 4), elements=st.sampled_from([0, 1, IGNORE])))
def test_every_pixel_comes_back_as_it_was(tmp_path_factory, ids):
    folder = tmp_path_factory.mktemp("trip") / "out"
    assert class_masks.write(folder, [("some/a.jpg", LabelMap(ids, STREET))]) == ()
    read = class_masks.read(folder)
    assert read.classes == STREET  # colours and things too
    (image,) = read.images
    assert (image.name, image.size_hw) == ("some/a", (3, 4))
    np.testing.assert_array_equal(to_label_map(image.load((3, 4))).ids, ids)


def test_many_classes_take_sixteen_bits(tmp_path):
    classes = Classes.named(*(f"class {number}" for number in range(300)))
    ids = np.array([[0, 255, 299, IGNORE]], np.uint16)
    class_masks.write(tmp_path / "out", [("a", LabelMap(ids, classes))])
    assert native.read_native(tmp_path / "out").ignore == (IGNORE,)
    (image,) = class_masks.read(tmp_path / "out").images
    np.testing.assert_array_equal(to_label_map(image.load((1, 4))).ids, ids)


def test_what_of_objects_is_lost_is_told_by_class(tmp_path):
    segments = (Segment(1, 0), Segment(2, 1), Segment(3, 1))
    panoptic = Panoptic(np.array([[1, 2, 3, 0]], np.int32), segments, STREET)
    with pytest.raises(MaskValueError, match=r"class masks cannot hold .*: a: which object is which \(2 car\), with scores"):
        class_masks.write(tmp_path / "out", [("a", panoptic)])
    assert list(tmp_path.iterdir()) == []
    (loss,) = class_masks.write(tmp_path / "out", [("a", panoptic)], allow_loss=True)
    assert str(loss) == "a: which object is which (2 car), with scores and crowd marks"


def test_pixels_under_another_class_are_told_and_those_under_their_own_are_not():
    both = instances(SQUARE, mask((3, 1, 8, 4)), mask((1, 1, 2, 2)), class_ids=[1, 1, 2])
    losses = class_masks.losses_of("a", both)
    assert [loss.what for loss in losses] == [
        "which object is which (2 cell, 1 debris), with scores and crowd marks",
        "1 of 12 pixels of object 1 (cell) lie under other classes or ignored pixels",
    ]
    assert class_masks.label_map_of(both).ids[1].tolist() == [0, 2, 1, 1, 1, 1, 1, 1]
    assert class_masks.losses_of("a", instances()) == []


def test_other_masks_and_images_of_other_classes_are_refused(tmp_path):
    ids = np.zeros((2, 2), np.uint16)
    with pytest.raises(MaskValueError, match="b has other classes than the images before it"):
        class_masks.write(tmp_path / "out", [("a", LabelMap(ids, STREET)), ("b", LabelMap(ids, CLASSES))])
    native.write_native(tmp_path, MaskCoding("instances", ((0, 0),), (), CLASSES))
    with pytest.raises(DataError, match="the masks hold instances, not class ids"):
        class_masks.read(tmp_path)
