"""Pictures side by side: which views, which titles, where what stands."""

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.draw import overlay
from maskwright.masks.draw_sheet import GAP, LINE, seen_as, sheet, views_of
from maskwright.masks.types import LabelMap, Panoptic, Segment

STREET = Classes.named("road", "sky", "car", things=["car"])
IMAGE = np.full((40, 60, 3), 100, np.uint8)
IDS = np.ones((40, 60), np.int32)
IDS[:10], IDS[20:30, 5:15], IDS[20:30, 30:40], IDS[38:] = 2, 3, 4, 0
PANOPTIC = Panoptic(IDS, (Segment(1, 0), Segment(2, 1), Segment(3, 2), Segment(4, 2)), STREET)


def test_a_panoptic_map_is_all_three_kinds_and_the_others_are_what_they_are():
    assert views_of(PANOPTIC) == ("image", "semantic", "instance", "panoptic")
    assert views_of(LabelMap(np.zeros((2, 2), np.uint16), STREET)) == ("image", "semantic")
    assert views_of(instances_from_labels(np.zeros((2, 2), np.int32), STREET)) == ("image", "instance")


@pytest.mark.parametrize(
    ("view", "title"),
    [
        ("image", "image"),
        ("semantic", "semantic: 3 classes"),
        ("instance", "instance: 2 objects"),
        ("panoptic", "panoptic: 4 segments"),
    ],
)
def test_titles_count_what_is_seen(view, title):
    assert seen_as(PANOPTIC, view)[1] == title


def test_one_is_not_many():
    one = instances_from_labels(np.array([[0, 1]]), Classes.named("background", "cell", things=["cell"]))
    assert seen_as(one, "instance")[1] == "instance: 1 object"


def test_pictures_stand_in_a_row_under_their_titles_enlarged_by_a_whole_factor():
    made = sheet(IMAGE, PANOPTIC, ["image", "panoptic"], size=130)
    top, wide, high = LINE + GAP // 2, 120, 80
    assert made.shape[1] == 2 * wide + 3 * GAP
    assert (made[top : top + high, GAP : GAP + wide] == 100).all()
    right = made[top : top + high, 2 * GAP + wide : 2 * GAP + 2 * wide]
    np.testing.assert_array_equal(right, overlay(IMAGE, PANOPTIC, alpha=0.5).repeat(2, axis=0).repeat(2, axis=1))
    assert (made[: LINE // 2] < 128).any()  # letters
    legend = made[top + high + GAP :].reshape(-1, 3)
    for info in STREET[1:]:
        assert (legend == info.color).all(axis=1).any()


def test_objects_alone_have_no_legend_and_many_classes_take_several_lines():
    assert len(sheet(IMAGE, PANOPTIC, ["instance"], size=60)) == LINE + 2 * GAP + len(IMAGE)
    names = [f"a class with a name of some length {i}" for i in range(60)]
    ids = np.arange(2400, dtype=np.uint16).reshape(40, 60) % 60
    tall = sheet(IMAGE, LabelMap(ids, Classes.named(*names)), ["semantic"], size=300)
    assert len(tall) == LINE + 2 * GAP + 200 + 41 * LINE  # 40 names, and how many more


def test_large_images_are_made_smaller():
    large = np.full((400, 1200, 3), 9, np.uint8)
    made = sheet(large, LabelMap(np.zeros((400, 1200), np.uint16), STREET), size=300)
    assert made.shape[1] == 2 * 300 + 3 * GAP
