"""The three kinds of segmentation refuse what they cannot mean."""

import numpy as np
import pytest

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segment

CLASSES = Classes.named("background", "cell", things=["cell"])
DOT = Region((0, 0, 1, 1), np.ones((1, 1), bool))


def instances(**changes: object) -> Instances:
    one = {
        "size_hw": (2, 3),
        "regions": (DOT,),
        "class_ids": np.array([1]),
        "scores": np.array([1.0]),
        "is_crowd": np.array([False]),
        "classes": CLASSES,
    }
    return Instances(**(one | changes))


def test_a_label_map_holds_class_ids_and_ignore():
    label_map = LabelMap(np.array([[0, 1, IGNORE]], np.uint16), CLASSES)
    assert label_map.size_hw == (1, 3)
    with pytest.raises(ValueError, match="read-only"):
        label_map.ids[0, 0] = 1


def test_unknown_ids_of_a_label_map_are_named():
    with pytest.raises(MaskValueError, match=r"holds the ids \[2, 255\], but there are 2 classes \(0 to 1; 65535 is ignored\)"):
        LabelMap(np.array([[0, 255, IGNORE, 2]], np.uint16), CLASSES)


@pytest.mark.parametrize("ids", [np.zeros((2, 3), np.uint8), np.zeros((2, 3), np.int64), np.zeros((2, 3, 1), np.uint16)])
def test_a_label_map_is_of_16_bits_and_two_axes(ids):
    with pytest.raises(MaskValueError, match="2D uint16 array"):
        LabelMap(ids, CLASSES)


def test_instances_know_how_many_they_are():
    assert len(instances()) == 1
    assert len(instances(regions=(), class_ids=np.zeros(0, np.int64), scores=np.zeros(0), is_crowd=np.zeros(0, bool))) == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scores": np.array([1.0, 0.5])}, "1 regions need as many scores"),
        ({"class_ids": np.array([2])}, "0 to 1"),
        ({"class_ids": np.array([-1])}, "0 to 1"),
        ({"ignored": np.zeros((3, 2), bool)}, "ignored pixels have the size"),
    ],
)
def test_contradictory_instances_are_refused(changes, said):
    with pytest.raises(MaskValueError, match=said):
        instances(**changes)


def test_a_panoptic_map_and_its_segments_name_the_same_ids():
    panoptic = Panoptic(np.array([[0, 7, 9]], np.int32), (Segment(9, 0), Segment(7, 1)), CLASSES)
    assert panoptic.size_hw == (1, 3)


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        ((Segment(7, 1),), r"pixels without a segment: \[9\]"),
        ((Segment(7, 1), Segment(9, 0), Segment(3, 0)), r"Segments without pixels: \[3\]"),
        ((Segment(7, 1), Segment(7, 0)), "unique"),
        ((Segment(0, 1), Segment(7, 1), Segment(9, 1)), "not 0"),
        ((Segment(7, 2), Segment(9, 0)), "0 to 1"),
    ],
)
def test_contradictory_panoptic_maps_are_refused(segments, said):
    with pytest.raises(MaskValueError, match=said):
        Panoptic(np.array([[0, 7, 9]], np.int32), segments, CLASSES)


def test_a_panoptic_map_is_of_32_bits():
    with pytest.raises(MaskValueError, match="2D int32 array"):
        Panoptic(np.zeros((1, 1), np.int64), (), CLASSES)


def test_some_of_the_objects_in_another_order():
    dots = tuple(Region((x, 0, x + 1, 1), np.ones((1, 1), bool)) for x in range(3))
    three = instances(
        regions=dots, class_ids=np.array([1, 0, 1]), scores=np.array([0.1, 0.2, 0.3]), is_crowd=np.array([True, False, False])
    )
    taken = three.take([2, 0])
    assert taken.regions == (dots[2], dots[0])
    assert taken.class_ids.tolist() == [1, 1]
    assert taken.scores.tolist() == [0.3, 0.1]
    assert taken.is_crowd.tolist() == [False, True]
    assert taken.size_hw == three.size_hw
    assert len(three.take([])) == 0
