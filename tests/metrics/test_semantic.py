"""Scores of label maps: by hand, against naive loops, and what they warn of."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.base.errors import DataError, MaskValueError
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.types import LabelMap
from maskwright.metrics.scores import Scores, bootstrap_weights, interval
from maskwright.metrics.semantic import headline_of, score, table_of

CELLS = Classes.named("background", "cell")
TISSUE = Classes.named("background", "cell", "vessel")
STREET = Classes.named("sky", "road", "car")

# Two images of ten pixels. Cell: 2 of 4 found and 1 spurious in the first; missed, 1 pixel, in the second.
FIRST, SECOND = np.array([[5, 1, 0], [2, 2, 0]]), np.array([[9, 0, 0], [1, 0, 0]])


def scored(*tables, classes: Classes = CELLS, **options) -> Scores:
    return score([np.asarray(table) for table in tables], [f"image {i}" for i in range(len(tables))], classes, **options)


def value(scores: Scores, metric: str, subject: str) -> float:
    return scores.row(metric, subject).value


def test_pooled_scores_by_hand():
    scores = scored(FIRST, SECOND)
    assert value(scores, "pixel accuracy", "all classes") == 16 / 20
    assert value(scores, "dice", "cell") == 2 * 2 / (5 + 3)
    assert value(scores, "iou", "cell") == 2 / 6
    assert value(scores, "iou", "all classes") == pytest.approx((14 / 18 + 2 / 6) / 2)


def test_scores_per_image_by_hand():
    scores = scored(FIRST, SECOND)
    assert value(scores, "dice per image", "cell") == pytest.approx((4 / 7 + 0) / 2)
    assert value(scores, "iou per image", "cell") == pytest.approx((2 / 5 + 0) / 2)
    assert value(scores, "pixel accuracy per image", "all classes") == pytest.approx((0.7 + 0.9) / 2)


def test_an_image_without_the_class_in_both_is_left_out_and_in_one_alone_counts_0():
    empty, spurious = [[10, 0, 0], [0, 0, 0]], [[8, 2, 0], [0, 0, 0]]
    scores = scored(FIRST, empty)
    assert value(scores, "dice per image", "cell") == pytest.approx(4 / 7)
    assert scores.row("dice per image", "cell").images == 1
    scores = scored(FIRST, spurious)
    assert value(scores, "dice per image", "cell") == pytest.approx(4 / 7 / 2)
    assert scores.row("dice per image", "cell").images == 2


def test_the_baseline_of_every_row_is_background_everywhere():
    scores = scored(FIRST, SECOND)
    baselines = {(row.metric, row.subject): row.baseline for row in scores.rows}
    assert baselines["pixel accuracy", "all classes"] == 15 / 20
    assert baselines["dice", "cell"] == baselines["iou per image", "cell"] == 0
    assert baselines["iou", "background"] == 15 / 20
    assert baselines["iou", "all classes"] == 15 / 20 / 2
    assert not any(math.isnan(baseline) for baseline in baselines.values())
    assert scores.baseline == "'background' everywhere"


def test_without_a_background_the_baseline_is_the_most_frequent_class():
    scores = scored([[2, 0, 0, 0], [0, 6, 0, 0], [0, 1, 1, 0]], classes=STREET, background=None)
    assert scores.row("pixel accuracy", "all classes").baseline == 0.6
    assert scores.baseline == "'road' everywhere, the most frequent class"


def test_the_foreground_mean_leaves_the_background_out_and_no_class_that_can_be_measured():
    table = [[4, 0, 0, 0], [1, 3, 0, 0], [0, 0, 2, 0]]
    scores = scored(table, classes=TISSUE)
    assert value(scores, "dice", "foreground mean") == pytest.approx((6 / 7 + 1) / 2)
    assert value(scores, "dice", "all classes") == pytest.approx((8 / 9 + 6 / 7 + 1) / 3)
    absent = scored([[4, 0, 0, 0], [1, 3, 0, 0], [0, 0, 0, 0]], classes=TISSUE)
    assert math.isnan(value(absent, "dice", "vessel"))
    assert value(absent, "dice", "foreground mean") == pytest.approx(6 / 7)


def test_one_foreground_class_has_no_mean_that_repeats_it():
    assert "foreground mean" not in {row.subject for row in scored(FIRST).rows}


@pytest.mark.parametrize(
    ("classes", "background", "headline"),
    [
        (CELLS, 0, "dice/cell"),
        (TISSUE, 0, "dice/foreground mean"),
        (STREET, None, "iou/all classes"),
        (Classes.named("everything"), 0, "iou/all classes"),
        (Classes.named("a", "b", "rest"), 2, "dice/foreground mean"),
    ],
)
def test_the_headline_follows_from_the_classes(classes, background, headline):
    assert headline_of(classes, background) == headline
    size = len(classes)
    scores = scored(np.ones((size, size + 1), np.int64), classes=classes, background=background)
    assert scores.headline_row.value > 0


@pytest.mark.parametrize(
    ("names", "background"),
    [
        (("background", "a", "b"), 0),
        (("Unlabelled", "a", "b"), 0),
        (("cell interior", "membrane"), 0),
        (("sky", "building", "pole"), None),
        (("everything",), None),
    ],
)
def test_the_background_is_what_is_named_so_or_the_first_of_two(names, background):
    assert Classes.named(*names).background == background


def test_every_row_states_its_rule():
    """Pooled or per image, background in or out, what empty counts, and that ignored pixels are out."""
    scores = scored(np.ones((3, 4), int), np.ones((3, 4), int), classes=TISSUE)
    for row in scores.rows:
        per_image, mean = row.metric.endswith("per image"), row.subject in ("all classes", "foreground mean")
        assert ("each image by itself, then the mean over images" in row.rule.lower()) == per_image
        assert ("the pixels of all images counted together" in row.rule.lower()) == (not per_image)
        assert "ignored pixels out" in row.rule.lower()
        if not row.metric.startswith("pixel accuracy"):
            assert ("The mean over the classes" in row.rule) == mean
            assert ("in neither is left out" if per_image else "in neither is not measurable") in row.rule
    assert "Background in" in scores.row("pixel accuracy", "all classes").rule
    assert "(background in;" in scores.row("iou", "all classes").rule
    assert "('background' out;" in scores.row("dice", "foreground mean").rule
    real = scored(np.ones((3, 4), int), classes=STREET, background=None)
    assert "(every one real;" in real.row("iou", "all classes").rule


def test_ignored_pixels_count_nowhere_and_unpredicted_ones_as_wrong():
    truth = LabelMap(np.array([[0, 1, 1, IGNORE]], np.uint16), CELLS)
    prediction = LabelMap(np.array([[0, 1, IGNORE, 1]], np.uint16), CELLS)
    scores = scored(table_of(truth, prediction, id="a"))
    assert value(scores, "pixel accuracy", "all classes") == pytest.approx(2 / 3)
    assert value(scores, "iou", "cell") == 0.5


def test_ignore_is_no_way_to_skip_the_background():
    """Elsewhere `ignore_index=0` drops every false positive too: IoU 1.0 where it is 0.0625 (facts of the field, section 3)."""
    truth, prediction = np.zeros((16, 16), np.uint16), np.ones((16, 16), np.uint16)
    truth[:4, :4] = 1
    scores = scored(table_of(LabelMap(truth, CELLS), LabelMap(prediction, CELLS), id="a"))
    assert value(scores, "iou", "cell") == 0.0625


def test_a_mask_of_0_and_255_is_no_label_map_and_never_scores_1():
    """Elsewhere labels out of range are left out in silence, and all background scores 1.0 (facts of the field, section 3)."""
    with pytest.raises(MaskValueError, match=r"holds the ids \[255\]"):
        LabelMap(np.array([[0, 255]], np.uint16), CELLS)


def test_other_classes_in_the_prediction_are_refused_by_name():
    truth = LabelMap(np.zeros((1, 2), np.uint16), CELLS)
    with pytest.raises(
        MaskValueError, match=r"slide 7: the ground truth has the classes background, cell, the prediction cell"
    ):
        table_of(truth, LabelMap(np.zeros((1, 2), np.uint16), Classes.named("cell", "background")), id="slide 7")


def test_another_size_of_the_prediction_is_refused_with_the_image_named():
    truth = LabelMap(np.zeros((1, 2), np.uint16), CELLS)
    with pytest.raises(MaskValueError, match="slide 7: The ground truth is 2 x 1 pixels, the prediction 1 x 2"):
        table_of(truth, LabelMap(np.zeros((2, 1), np.uint16), CELLS), id="slide 7")


def test_nothing_to_score_is_an_error():
    with pytest.raises(DataError, match="no image to score"):
        scored()


def test_images_are_listed_worst_first_and_those_that_cannot_be_measured_last():
    empty, perfect = [[10, 0, 0], [0, 0, 0]], [[5, 0, 0], [0, 5, 0]]
    scores = scored(perfect, empty, FIRST, SECOND)
    assert [image["id"] for image in scores.per_image] == ["image 3", "image 2", "image 0", "image 1"]
    assert [image["score"] for image in scores.per_image] == [0, pytest.approx(4 / 7), 1, None]
    assert scores.per_image[1]["iou"] == {"background": pytest.approx(5 / 8), "cell": pytest.approx(2 / 5)}
    assert scores.per_image[1]["pixel accuracy"] == pytest.approx(0.7)
    Scores.from_json(scores.to_json())


def test_the_pooled_table_is_kept():
    assert scored(FIRST, SECOND).table == ((14, 1, 0), (3, 2, 0))


# Warnings


def warned(scores: Scores, words: str) -> bool:
    return any(words in warning for warning in scores.warnings)


def test_the_accuracy_trap_is_named():
    """As in a log of accuracy 99.96 and building IoU 0 (facts of the field, section 3)."""
    scores = scored([[9996, 0, 0], [4, 0, 0]])
    assert value(scores, "pixel accuracy", "all classes") == 0.9996
    assert warned(scores, "Pixel accuracy misleads here: it is 1.000, but the Dice of 'cell' is 0.000")
    assert warned(scores, "Calling every pixel 'background' would have the accuracy 1.000")


def test_the_trap_is_named_where_all_background_is_nearly_as_accurate():
    assert warned(scored([[970, 0, 0], [0, 30, 0]]), "misleads") is False  # 1.00 is well above 0.97
    assert warned(scored([[985, 0, 0], [5, 10, 0]]), "which says little")


def test_there_is_no_trap_where_accuracy_and_dice_are_both_good():
    scores = scored(*[[[50, 1, 0], [1, 48, 0]]] * 6)
    assert scores.warnings == ()


def test_classes_that_are_missing_are_named():
    nowhere = scored([[4, 0, 0, 0], [1, 3, 0, 0], [0, 0, 0, 0]], classes=TISSUE)
    assert warned(nowhere, "'vessel' is in no ground truth and no prediction: it is not measurable")
    spurious = scored([[4, 0, 2, 0], [1, 3, 0, 0], [0, 0, 0, 0]], classes=TISSUE)
    assert warned(spurious, "'vessel' is in no ground truth, yet 2 pixels were predicted as it")
    missed = scored([[4, 0, 0, 0], [1, 3, 0, 0], [5, 0, 0, 0]], classes=TISSUE)
    assert warned(missed, "'vessel' was never predicted, though 5 pixels")


@pytest.mark.parametrize(("images", "words"), [(1, "Only one image"), (2, "Only 2 images"), (4, "Only 4 images"), (5, None)])
def test_few_images_are_named(images, words):
    few = [warning for warning in scored(*[FIRST] * images).warnings if "Only" in warning]
    assert (words is None) == (few == [])
    assert words is None or few[0].startswith(words)


def test_one_image_has_no_interval():
    assert all(math.isnan(row.low) and math.isnan(row.high) for row in scored(FIRST).rows)


def test_a_ground_truth_that_is_all_ignored_measures_nothing_and_says_so():
    scores = scored(np.zeros((2, 3), int), np.zeros((2, 3), int))
    assert all(math.isnan(row.value) for row in scores.rows)
    assert scores.warnings == ("Every pixel of the ground truth is ignored: nothing can be measured.",)


# Properties


tables_of_images = st.integers(1, 4).flatmap(
    lambda k: st.lists(arrays(np.int64, (k, k + 1), elements=st.integers(0, 9)), min_size=1, max_size=5)
)


@settings(max_examples=25)
@given(tables_of_images)
def test_every_value_lies_between_0_and_1_and_a_perfect_prediction_scores_1(tables):
    classes = Classes.named(*"abcd"[: len(tables[0])])
    for row in scored(*tables, classes=classes, draws=20).rows:
        for number in (row.value, row.low, row.high, row.baseline):
            assert math.isnan(number) or 0 <= number <= 1
    perfect = [np.pad(np.diag(table.sum(axis=1)), ((0, 0), (0, 1))) for table in tables]
    for row in scored(*perfect, classes=classes, draws=20).rows:
        assert math.isnan(row.value) or row.value == pytest.approx(1)


@settings(max_examples=8)
@given(tables_of_images)
def test_resamples_equal_scoring_the_drawn_images_again(tables):
    """The vectorised bootstrap is the naive one: draw images, score them, take percentiles."""
    classes = Classes.named(*"abcd"[: len(tables[0])])
    tables = [*tables, tables[0] + 1]  # two at least, or there is no interval
    scores = scored(*tables, classes=classes, draws=12, seed=3)
    drawn = []
    for weights in bootstrap_weights(len(tables), draws=12, seed=3).astype(int):
        again = [table for table, times in zip(tables, weights, strict=True) for _ in range(times)]
        drawn.append({(row.metric, row.subject): row.value for row in scored(*again, classes=classes, draws=1).rows})
    for row in scores.rows:
        low, high = interval(np.array([values[row.metric, row.subject] for values in drawn]))
        np.testing.assert_allclose([row.low, row.high], [low, high])


def test_the_interval_holds_the_value_of_the_population_nineteen_times_in_twenty():
    rng = np.random.default_rng(0)
    inside = 0
    for trial in range(60):
        hits = rng.integers(20, 60, 40)
        tables = [np.array([[100, 0, 0], [60 - hit, hit, 0]]) for hit in hits]
        row = scored(*tables, draws=300, seed=trial).row("pixel accuracy per image", "all classes")
        inside += row.low <= (100 + 39.5) / 160 <= row.high
    assert inside >= 51  # 57 are expected; fewer than 51 happen once in a hundred times by chance
