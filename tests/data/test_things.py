"""What finding objects sees of data that know stuff too: things behind a background, numbered anew, and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from maskwright.data.dataset import DataSet, read
from maskwright.data.fingerprint import fingerprint
from maskwright.data.labels import Labels
from maskwright.data.split import split
from maskwright.data.things import needs_things, thing_classes, things_alone
from maskwright.formats import coco_panoptic
from maskwright.masks.classes import IGNORE, Classes, ClassInfo
from maskwright.masks.convert import instances_to_labels, panoptic_of, to_label_map
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segment

STREET = Classes.named("person", "sky", "car", "road", things=["person", "car"])


@pytest.fixture
def street(tmp_path):
    """Six images of 20 x 30 pixels: sky above road, a person of 8 pixels, two cars of 6, and a corner left open."""
    items = []
    (tmp_path / "images").mkdir()
    for number in range(6):
        ids = np.full((20, 30), 1, np.int32)
        ids[10:] = 2
        ids[8:12, 4:6], ids[12:14, 10:13], ids[12:14, 13:16], ids[19, 28:] = 3, 4, 5, 0
        segments = (Segment(1, 1), Segment(2, 3), Segment(3, 0), Segment(4, 2), Segment(5, 2))
        items.append((f"{number}.png", Panoptic(ids, segments, STREET)))
        pixels = np.random.default_rng(number).integers(0, 255, (20, 30), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{number}.png")
    coco_panoptic.write(tmp_path / "panoptic.json", items)
    return read(tmp_path)


def test_all_classes_for_maps_and_things_alone_for_objects(street):
    assert street.classes.names == ("person", "sky", "car", "road")
    assert isinstance(street[0].segmentation, Panoptic)
    assert street.for_task("semantic") is street
    assert street.for_task("panoptic") is street
    objects = street.for_task("instance")
    assert objects.classes.names == ("background", "person", "car")
    assert [info.is_thing for info in objects.classes] == [False, True, True]
    assert objects.classes[2].color == STREET[2].color
    assert isinstance(objects.labels, Labels)
    assert objects.for_task("instance") is objects
    found = objects[0].segmentation
    assert isinstance(found, Instances)
    assert found.class_ids.tolist() == [1, 2, 2]
    assert [region.area for region in found.regions] == [8, 6, 6]
    assert found.ignored.sum() == 2
    assert to_label_map(found).ids[0].tolist() == [0] * 30  # the sky is background


def test_parts_of_a_split_are_seen_as_the_task_does(street):
    parts = split(street, fraction=0.34)
    assert {part.classes.names for part in parts.for_task("instance").parts.values()} == {("background", "person", "car")}
    assert parts.for_task("instance").to_json() == parts.to_json()


def test_a_block_of_a_panoptic_image_has_the_segments_that_reach_into_it(street):
    cut = street.with_records([replace(street.records[0], window_xyxy=(0, 0, 12, 13))])
    found = cut[0].segmentation
    assert [segment.id for segment in found.segments] == [1, 2, 3, 4]
    assert found.size_hw == (13, 12)


def test_the_fingerprint_counts_things_as_objects_and_stuff_as_areas(street):
    made = fingerprint(street)
    assert made.class_pixels == (48, 6 * (300 - 4), 72, 6 * (300 - 4 - 12 - 2))
    assert made.ignored_pixels == 12
    assert made.object_sizes == ((8, 8, 8), (296, 296, 296), (6, 6, 6), (282, 282, 282))
    assert (made.objects_per_image, made.most_objects, made.extent) == (3, 3, 4)
    assert made.touching == pytest.approx(2 / 3)
    of_objects = fingerprint(street.for_task("instance"))
    assert of_objects.object_sizes == (None, (8, 8, 8), (6, 6, 6))
    assert (of_objects.objects_per_image, of_objects.touching) == (3, pytest.approx(2 / 3))


def test_data_of_objects_of_stuff_or_without_things_stay_as_they_are():
    assert not needs_things(Classes.named("background", "cell", things=["cell"]))
    assert not needs_things(Classes.named("sky", "road", "tree"))
    assert needs_things(Classes.named("cell", "nucleus", "debris", things=["cell", "nucleus", "debris"]))
    assert needs_things(Classes.named("background", "cell", "vessel", things=["cell"]))
    bare = DataSet(Path("nowhere"), (), None)
    assert bare.for_task("instance") is bare


def test_a_thing_that_is_called_background_keeps_its_name():
    classes = thing_classes(Classes((ClassInfo("background", (1, 1, 1), True), ClassInfo("sky", (2, 2, 2)))))
    assert classes.names == ("void", "background")


def test_of_class_masks_each_part_of_a_thing_is_an_object():
    ids = np.array([[0, 1, 0, 2, 2, 3, 2, IGNORE]], np.uint16)
    found = things_alone(LabelMap(ids, STREET), thing_classes(STREET))
    assert found.class_ids.tolist() == [1, 1, 2, 2]
    assert found.ignored[0].tolist() == [False] * 7 + [True]


@given(arrays(np.int32, (4, 5), elements=st.integers(0, 4)), st.data())
def test_things_are_the_same_whatever_they_are_taken_from(ids, data):
    present = sorted(set(np.unique(ids).tolist()) - {0})
    panoptic = Panoptic(ids, tuple(Segment(id, data.draw(st.integers(0, 3))) for id in present), STREET)
    classes = thing_classes(STREET)
    found = things_alone(panoptic, classes)
    again = things_alone(panoptic_of(found), classes)
    np.testing.assert_array_equal(instances_to_labels(again), instances_to_labels(found))
    assert again.class_ids.tolist() == found.class_ids.tolist()
    assert [classes[one].name for one in found.class_ids.tolist()] == [
        STREET[one.class_id].name for one in panoptic.segments if STREET[one.class_id].is_thing
    ]
