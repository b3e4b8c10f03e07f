"""Click to mask without weights: right on what is plain, and a defined answer to whatever is asked."""

import numpy as np
import pytest

from maskwright.assist.assistant import Assistant, Session
from maskwright.assist.classical import Classical
from maskwright.assist.tools import TOOLS
from maskwright.masks.region import Region
from maskwright.metrics.clicks import counted_iou

NO_CLICKS = np.zeros((0, 2), np.int64), np.zeros(0, bool)


def clicks(*xy, negative=()):
    points = np.array([*xy, *negative], np.int64).reshape(-1, 2)
    return points, np.array([True] * len(xy) + [False] * len(negative), bool)


def test_it_is_an_assistant(scene):
    assert isinstance(Classical(), Assistant)
    assert isinstance(Classical().open(scene[0]), Session)


@pytest.mark.parametrize("name", [*TOOLS, "all"])
def test_one_click_finds_a_plain_disc(name, scene):
    image, disc = scene
    assistant = Classical(name, TOOLS if name == "all" else {name: TOOLS[name]})
    (first, *_) = assistant.open(image).mask(*clicks((50, 40)))
    assert counted_iou(disc, first.region.mask(disc.shape)) > 0.9
    assert 0 <= first.score <= 1


def test_candidates_are_best_first_and_unlike(scene):
    found = Classical().open(scene[0]).mask(*clicks((50, 40)))
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    masks = [each.region.mask(scene[1].shape) for each in found]
    assert all(counted_iou(a, b) < 0.95 for i, a in enumerate(masks) for b in masks[:i])


def test_the_same_question_has_the_same_answer(scene):
    image, disc = scene
    asked = clicks((50, 40), negative=[(90, 70)])
    one, two = (Classical().open(image).mask(*asked, previous=np.roll(disc, 3, axis=1)) for _ in range(2))
    assert [(each.region.box_xyxy, each.score) for each in one] == [(each.region.box_xyxy, each.score) for each in two]


def test_a_box_alone_finds_what_is_in_it(scene):
    image, disc = scene
    (first, *_) = Classical().open(image).mask(*NO_CLICKS, box_xyxy=(28, 18, 72, 62))
    assert counted_iou(disc, first.region.mask(disc.shape)) > 0.9


def test_a_click_beside_the_outline_moves_the_outline(scene):
    image, disc = scene
    previous = (np.indices(disc.shape)[0] - 40) ** 2 + (np.indices(disc.shape)[1] - 50) ** 2 <= 16**2
    (first, *_) = Classical().open(image).mask(*clicks((50, 40), (33, 40)), previous=previous)
    assert first.name == "outline"
    assert counted_iou(disc, first.region.mask(disc.shape)) > counted_iou(disc, previous) + 0.05
    assert first.region.mask(disc.shape)[40, 33]


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1, 1), np.uint8),
        np.zeros((1, 40, 3), np.uint8),
        np.zeros((40, 1, 3), np.uint16),
        np.full((30, 30, 3), 77, np.uint8),
        np.random.default_rng(0).integers(0, 60000, (32, 40, 7)).astype(np.uint16),
        np.random.default_rng(0).random((32, 40, 2)).astype(np.float32),
        np.full((20, 20, 1), np.nan, np.float32),
    ],
    ids=["1x1", "one row", "one column, 16 bits", "one colour", "7 channels of 16 bits", "2 float channels", "no number"],
)
@pytest.mark.parametrize(
    "asked",
    [
        clicks((0, 0)),
        clicks((-5, 3)),
        clicks((10**6, 10**6)),
        clicks(negative=[(0, 0)]),
        clicks((0, 0), negative=[(0, 0)]),
        NO_CLICKS,
    ],
    ids=["a click", "left of the image", "far away", "only a negative one", "both on one pixel", "none"],
)
@pytest.mark.parametrize("box", [None, (-10, -10, 5, 5), (0, 0, 10**6, 10**6), (50, 50, 60, 60)])
def test_whatever_is_asked_has_an_answer_inside_the_image(image, asked, box):
    session = Classical().open(image)
    height, width = image.shape[:2]
    for previous in (None, np.zeros((height, width), bool), np.ones((height, width), bool)):
        for each in session.mask(*asked, box_xyxy=box, previous=previous):
            x0, y0, x1, y1 = each.region.box_xyxy
            assert 0 <= x0 <= x1 <= width
            assert 0 <= y0 <= y1 <= height
            assert each.region.area
            assert 0 <= each.score <= 1
    session.propose()


def test_ten_thousand_clicks_are_no_trouble(scene):
    image, disc = scene
    rng = np.random.default_rng(0)
    points = np.stack([rng.integers(0, 120, 10_000), rng.integers(0, 90, 10_000)], axis=1)
    found = Classical().open(image).mask(points, disc[points[:, 1], points[:, 0]], previous=disc)
    assert counted_iou(disc, found[0].region.mask(disc.shape)) > 0.9


def test_nothing_says_where_the_object_is():
    assert Classical().open(np.zeros((20, 20, 3), np.uint8)).mask(*clicks(negative=[(3, 3)])) == []


def test_masks_that_were_accepted_tell_how_large_an_object_is(cells):
    image, _ = cells
    assistant = Classical()
    disc = np.zeros(image.shape[:2], bool)
    disc[12:29, 12:29] = True
    assistant.learn(image, [Region.of_mask(disc)] * 3)
    assert assistant.habit.length == pytest.approx(17, abs=0.5)
    (first, *_) = assistant.open(image).mask(*clicks((110, 30)))
    assert first.region.area == pytest.approx(np.pi * 8.5**2, rel=0.2)


def test_bright_objects_are_proposed_each_once(cells):
    image, count = cells
    found = Classical().open(image).propose()
    assert len(found) == count
    assert {each.name for each in found} == {"classical"}


@pytest.mark.parametrize("image", [np.full((40, 40, 3), 9, np.uint8), np.zeros((1, 1, 1), np.uint8)])
def test_where_nothing_stands_out_nothing_is_proposed(image):
    assert Classical().open(image).propose() == []


def test_parts_of_very_unlike_sizes_are_no_objects_of_one_kind():
    image = np.zeros((160, 160, 3), np.uint8)
    rows, columns = np.ogrid[:160, :160]
    image[(rows - 50) ** 2 + (columns - 80) ** 2 < 45**2] = 200
    for x in range(10, 150, 14):
        image[120:127, x : x + 7] = 200
    assert Classical().open(image).propose() == []
