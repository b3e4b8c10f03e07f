"""The robot that clicks: RITM's rule to the pixel, and what an object costs it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from maskwright.base.errors import DataError
from maskwright.base.rng import stream
from maskwright.metrics.clicks import Click, Clicker, Course, click_scores, click_through, counted_iou


def drawn(*rows):
    """A mask of text: '#' is the object, '?' is ignored."""
    truth = np.array([[letter == "#" for letter in row] for row in rows])
    ignored = np.array([[letter == "?" for letter in row] for row in rows])
    return truth, ignored


BOX = np.zeros((12, 16), bool)
BOX[3:10, 4:13] = True
HOLE = BOX.copy()
HOLE[5:8, 7:10] = False
RIM = np.zeros((12, 16), bool)
RIM[:5, :6] = True
POINT = np.zeros((12, 16), bool)
POINT[7, 3] = True
PARTS = BOX & (np.arange(16) % 6 != 0)
LINE = np.zeros((12, 16), bool)
LINE[6] = True
NOTHING, EVERYTHING = np.zeros((12, 16), bool), np.ones((12, 16), bool)
STRIPE = np.zeros((12, 16), bool)
STRIPE[:, 5:9] = True
MOVED = np.roll(BOX, 2, axis=1)


def as_ritm_has_it(truth, prediction, ignored, clicked, transform):
    """isegm/inference/clicker.py, written down plainly: truth is 1, 0 or -1 for ignored."""
    ground = np.where(ignored, -1, truth.astype(int))
    counts = ground != -1
    missed = np.logical_and(np.logical_and(ground == 1, np.logical_not(prediction)), counts)
    spurious = np.logical_and(np.logical_and(ground == 0, prediction), counts)
    missed, spurious = np.pad(missed, 1, "constant"), np.pad(spurious, 1, "constant")
    missed_depth = transform(missed)[1:-1, 1:-1] * ~clicked
    spurious_depth = transform(spurious)[1:-1, 1:-1] * ~clicked
    positive = missed_depth.max() > spurious_depth.max()
    depth = missed_depth if positive else spurious_depth
    ys, xs = np.where(depth == depth.max())
    return Click(int(xs[0]), int(ys[0]), bool(positive))


def by_opencv(mask):
    cv2 = pytest.importorskip("cv2", reason="agreement with RITM's own distance transform needs opencv-python-headless")
    return cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 0)


CASES = {
    "an object not found yet": (BOX, NOTHING),
    "an object with a hole": (HOLE, NOTHING),
    "an object at the corner, whose rim counts as an edge": (RIM, NOTHING),
    "one pixel": (POINT, NOTHING),
    "parts": (PARTS, NOTHING),
    "a line one pixel wide, all as deep": (LINE, NOTHING),
    "the whole image": (EVERYTHING, NOTHING),
    "too much": (POINT, EVERYTHING),
    "all but the object": (BOX, ~BOX),
    "moved, so that missed and spurious are as deep": (BOX, MOVED),
    "moved the other way": (MOVED, BOX),
    "the hole filled": (HOLE, BOX),
    "a stripe for a box": (BOX, STRIPE),
    "a box for a stripe": (STRIPE, BOX),
    "nothing wrong": (BOX, BOX),
    "a pixel for a line": (LINE, POINT),
    "a line for the corner": (RIM, LINE),
    "parts for the whole": (EVERYTHING, PARTS),
    "a ring for parts": (PARTS, HOLE),
    "a box for everything": (EVERYTHING, BOX),
}


@pytest.mark.parametrize("with_ignored", [False, True], ids=["all counts", "a part ignored"])
@pytest.mark.parametrize("transform", [ndimage.distance_transform_edt, by_opencv], ids=["scipy as f-BRS", "opencv as RITM"])
@pytest.mark.parametrize(("truth", "prediction"), CASES.values(), ids=CASES.keys())
def test_every_click_is_that_of_ritm(truth, prediction, transform, with_ignored):
    """Six clicks against the same prediction, so that clicked pixels are avoided as there."""
    ignored = np.zeros(truth.shape, bool)
    if with_ignored:
        ignored[4:7, 3:9] = True
    clicker, clicked = Clicker(truth, ignored), np.zeros(truth.shape, bool)
    for _ in range(6):
        expected = as_ritm_has_it(truth, prediction, ignored, clicked, transform)
        assert clicker.next(prediction) == expected
        clicked[expected.y, expected.x] = True


GOLDEN = {
    "an object not found yet": [(7, 6, True), (8, 6, True), (9, 6, True)],
    "an object at the corner, whose rim counts as an edge": [(2, 2, True), (3, 2, True), (1, 1, True)],
    "moved, so that missed and spurious are as deep": [(13, 3, False), (14, 3, False), (13, 4, False)],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_clicks_counted_by_hand(name):
    truth, prediction = CASES[name]
    clicker = Clicker(truth)
    assert [(click.x, click.y, click.positive) for click in (clicker.next(prediction) for _ in range(3))] == GOLDEN[name]


@given(arrays(bool, (9, 11)), arrays(bool, (9, 11)), arrays(bool, (9, 11)))
def test_any_masks_are_clicked_as_by_ritm(truth, prediction, ignored):
    clicker, clicked = Clicker(truth, ignored), np.zeros(truth.shape, bool)
    for _ in range(2):
        expected = as_ritm_has_it(truth, prediction, ignored, clicked, ndimage.distance_transform_edt)
        assert clicker.next(prediction) == expected
        clicked[expected.y, expected.x] = True


def test_a_person_clicks_in_the_inner_half_and_not_always_the_same():
    clicks = [Clicker(BOX, rng=stream(seed, "person")).next(NOTHING) for seed in range(20)]
    depth = ndimage.distance_transform_edt(np.pad(BOX, 1))[1:-1, 1:-1]
    assert all(depth[click.y, click.x] > depth.max() / 2 for click in clicks)
    assert len({(click.x, click.y) for click in clicks}) > 3
    assert clicks == [Clicker(BOX, rng=stream(seed, "person")).next(NOTHING) for seed in range(20)]


TRUTHS = arrays(bool, (6, 7)).filter(np.any)


@given(TRUTHS)
def test_who_knows_the_object_needs_one_click(truth):
    (noc85, _, noc90, failures, *_) = click_scores([click_through(lambda clicks: truth, truth)])
    assert (noc85.value, noc90.value, failures.value) == (1, 1, 0)


@given(TRUTHS)
def test_who_answers_nothing_fails_on_every_object(truth):
    course = click_through(lambda clicks: np.zeros(truth.shape, bool), truth)
    scores = {score.metric: score.value for score in click_scores([course])}
    assert (scores["NoC85"], scores["NoC90"], scores["failures90"], scores["IoU@5"], scores["area"]) == (20, 20, 1, 0, 0)


def test_every_object_is_clicked_five_times_and_only_the_unsolved_twenty_times():
    assert len(click_through(lambda clicks: BOX, BOX).ious) == 5
    assert len(click_through(lambda clicks: BOX if len(clicks) > 6 else NOTHING, BOX).ious) == 7
    assert len(click_through(lambda clicks: HOLE, BOX).ious) == 20


def test_scores_counted_by_hand():
    courses = [Course("a", (0.5, 0.86, 0.9, 0.9, 0.95)), Course("b", (0.85,) * 20)]
    scores = {score.metric: score for score in click_scores(courses)}
    assert scores["NoC85"].value == (2 + 1) / 2
    assert scores["NoC90"].value == (3 + 20) / 2
    assert scores["failures90"].value == 0.5
    assert scores["failures85"].value == 0
    assert scores["IoU@1"].value == pytest.approx((0.5 + 0.85) / 2)
    assert scores["area"].value == pytest.approx(((0.5 + 0.86 + 0.9 + 0.9 + 16 * 0.95) / 20 + 0.85) / 2)
    assert scores["NoC90"].low <= scores["NoC90"].value <= scores["NoC90"].high
    assert "counts 20" in scores["NoC90"].rule


def test_an_object_solved_at_the_last_click_is_no_failure():
    (course,) = [Course("a", (0.0,) * 19 + (0.95,))]
    scores = {score.metric: score.value for score in click_scores([course])}
    assert (scores["NoC90"], scores["failures90"]) == (20, 0)


def test_ignored_pixels_count_in_no_iou():
    truth, ignored = drawn("##?.", "##?.")
    assert counted_iou(truth, truth | ignored, ignored) == 1
    assert counted_iou(truth, truth | ignored) == 4 / 6
    assert counted_iou(NOTHING, NOTHING) == 1


@pytest.mark.parametrize("truth", [NOTHING, BOX])
def test_an_object_without_pixels_that_count_is_refused(truth):
    with pytest.raises(DataError, match=r"cells\.png: an object without a pixel that counts"):
        click_through(lambda clicks: BOX, truth, truth, image="cells.png")


def test_no_course_is_no_score():
    with pytest.raises(DataError, match="No object was clicked on"):
        click_scores([])
