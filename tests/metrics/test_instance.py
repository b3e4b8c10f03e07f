"""Scores of objects over images: by hand, with their rules, intervals, warnings and per-image values."""

import json
import math

import numpy as np
import pytest

from maskwright.base.errors import DataError
from maskwright.masks.classes import Classes
from maskwright.metrics.instance import scores
from maskwright.metrics.instance_tally import tally
from maskwright.metrics.scores import Scores

CELLS = Classes.named("background", "cell")
TISSUE = ("background", "cell", "vessel")
AP50 = "AP50 (StarDist)"


@pytest.fixture
def two_images(boxes) -> Scores:
    """3/4 of the one cell of the first; of the second's two one whole and one missed, with one spurious."""
    first = tally(boxes((0, 0, 4, 4)), boxes((0, 0, 4, 3), scores=[0.6]))
    second = tally(boxes((0, 0, 4, 4), (9, 9, 12, 12)), boxes((0, 0, 4, 4), (15, 0, 18, 2), scores=[0.9, 0.7]))
    return scores(["first", "second"], [first, second], CELLS)


def value(found: Scores, metric: str, subject: str = "cell") -> float:
    return found.row(metric, subject).value


def test_pooled_by_hand(two_images):
    """2 hits with 1.75 of IoU, 1 spurious, 1 missed."""
    assert value(two_images, AP50) == 2 / 4
    assert value(two_images, "AP80 (StarDist)") == 1 / 5
    assert value(two_images, "F1 at IoU 0.5") == pytest.approx(4 / 6)
    assert value(two_images, "precision at IoU 0.5") == value(two_images, "recall at IoU 0.5") == pytest.approx(2 / 3)
    assert value(two_images, "mean matched IoU") == value(two_images, "SQ") == pytest.approx(1.75 / 2)
    assert value(two_images, "mean true IoU") == pytest.approx(1.75 / 3)
    assert value(two_images, "PQ") == value(two_images, "PQ (StarDist)") == pytest.approx(1.75 / 3)
    assert value(two_images, "RQ") == pytest.approx(4 / 6)
    assert value(two_images, "AJI") == pytest.approx((12 + 16) / (16 + 16 + 9 + 6))


def test_cocos_by_hand(two_images):
    """By falling score: hit (0.9), spurious (0.7), hit (0.6; up to IoU 0.75), of 3 objects."""
    assert value(two_images, "AP50 (COCO)") == pytest.approx((34 + 33 * 2 / 3) / 101)
    assert value(two_images, "AP (COCO)") == pytest.approx((6 * (34 + 33 * 2 / 3) + 4 * 34) / 1010)
    assert value(two_images, "AR100 (COCO)") == pytest.approx((6 * 2 / 3 + 4 * 1 / 3) / 10)
    assert value(two_images, "AP small (COCO)") == value(two_images, "AP (COCO)")
    assert math.isnan(value(two_images, "AR large (COCO)"))


def test_per_image_by_hand(two_images):
    assert value(two_images, f"{AP50} per image") == pytest.approx((1 + 1 / 3) / 2)
    assert value(two_images, "AJI per image") == pytest.approx((12 / 16 + 16 / 31) / 2)
    worst, best = two_images.per_image
    assert (worst["id"], worst["score"], best["id"], best["score"]) == ("second", pytest.approx(1 / 3), "first", 1)
    assert worst[AP50] == {"cell": pytest.approx(1 / 3)}
    assert worst["true objects"] == worst["predicted objects"] == {"cell": 2}
    assert {kind: number for kind, number in worst["errors"].items() if number} == {"missed": 1, "spurious": 1}
    assert worst["objects"] == [
        {"kind": "missed", "true": (1,), "predicted": ()},
        {"kind": "spurious", "true": (), "predicted": (1,)},
    ]
    assert worst["matched"] == {"cell": {"hits": 1, "spurious": 1, "missed": 1, "iou_sum": 1}}


def test_counts_and_their_errors_by_hand(boxes):
    """3 for 1, 0 for 2, 1 for 0: too many and too few do not cancel."""
    cells = (0, 0, 4, 4), (6, 0, 10, 4), (12, 0, 16, 4)
    found = [tally(boxes(*cells[:true]), boxes(*cells[:predicted])) for true, predicted in ((1, 3), (2, 0), (0, 1))]
    result = scores("abc", found, CELLS)
    assert (value(result, "true objects"), value(result, "predicted objects")) == (3, 4)
    assert value(result, "count error") == (2 + 2 + 1) / 3
    assert value(result, "relative count error") == (2 / 1 + 2 / 2) / 2
    assert result.row("relative count error", "cell").images == 2
    assert math.isnan(result.row("true objects", "cell").low)


def test_one_class_is_its_own_headline_and_several_are_averaged(boxes, two_images):
    assert two_images.headline == f"{AP50}/cell"
    truth = boxes((0, 0, 4, 4), (6, 0, 10, 4), (12, 0, 16, 4), (0, 10, 4, 14), of=[1, 1, 1, 2], names=TISSUE)
    prediction = boxes((0, 0, 4, 4), (6, 0, 10, 4), (12, 0, 16, 4), of=[1, 1, 1], names=TISSUE)
    result = scores(["a"], [tally(truth, prediction)], Classes.named(*TISSUE))
    assert result.headline == f"{AP50}/class mean"
    assert value(result, AP50, "class mean") == (1 + 0) / 2 == result.per_image[0]["score"]
    assert value(result, AP50, "all objects") == 3 / 4
    assert value(result, "AP (COCO)", "class mean") == pytest.approx(0.5)
    assert value(result, "PQ", "class mean") == 0.5
    assert not any(row.subject == "all objects" for row in result.rows if "(COCO)" in row.metric)


def test_an_image_names_only_the_classes_in_it(boxes):
    truth, prediction = boxes((0, 0, 4, 4), of=[2], names=TISSUE), boxes(names=TISSUE)
    (entry,) = scores(["a"], [tally(truth, prediction)], Classes.named(*TISSUE)).per_image
    assert entry[AP50] == {"vessel": 0, "all objects": 0}
    assert entry["true objects"] == {"vessel": 1, "all objects": 1}
    assert set(entry["matched"]) == {"vessel", "all objects"}


def test_what_is_not_measurable_leaves_the_mean(boxes):
    names = (*TISSUE, "nerve")
    cell = boxes((0, 0, 4, 4), names=names)
    result = scores(["a"], [tally(cell, cell)], Classes.named(*names))
    assert value(result, AP50, "class mean") == 1
    assert math.isnan(value(result, AP50, "nerve"))
    assert any("no prediction, so not measurable here: 'vessel', 'nerve'." in warning for warning in result.warnings)


def test_the_background_is_a_class_of_objects_only_where_an_object_says_so(boxes):
    names = ("cat", "dog")  # of two classes the first is taken for the background
    cat = boxes((0, 0, 4, 4), of=[0], names=names)
    result = scores(["a"], [tally(cat, cat)], Classes.named(*names))
    assert value(result, AP50, "cat") == 1
    assert value(scores(["a"], [tally(boxes(), boxes((0, 0, 4, 4)))], CELLS), AP50) == 0


def test_intervals_come_from_resampling_the_images(two_images, boxes):
    row = two_images.headline_row
    assert row.low == pytest.approx(1 / 3)
    assert row.high == 1
    ranked = two_images.row("AP (COCO)", "cell")
    assert (ranked.low, ranked.high) == pytest.approx((ranked.value, 0.6))  # both images together; the first alone
    assert math.isnan(two_images.row("AP small (COCO)", "cell").low)
    alone = scores(["a"], [tally(boxes((0, 0, 4, 4)), boxes((0, 0, 4, 4)))], CELLS)
    assert all(math.isnan(row.low) for row in alone.rows)


def test_without_draws_there_are_no_intervals(boxes):
    cell = boxes((0, 0, 4, 4))
    found = scores("ab", [tally(cell, cell)] * 2, CELLS, draws=0)
    assert all(math.isnan(row.low) for row in found.rows)
    assert found.headline_row.value == 1


def test_every_row_states_its_rule(two_images):
    rules = {row.metric: row.rule for row in two_images.rows}
    assert all(rule.endswith("Crowds and ignored pixels out.") and rule[0].isupper() for rule in rules.values())
    assert "at least 0.75" in rules["AP75 (StarDist)"]
    assert "above 0.5" in rules["PQ"]
    assert "at least 0.5" in rules["PQ (StarDist)"]
    assert "from the surest prediction of" in rules["AR1 (COCO)"]
    assert "32 x 32 to 96 x 96" in rules["AP medium (COCO)"]
    assert rules[f"{AP50} per image"].startswith("Each image by itself")
    assert len(set(rules.values())) == len(rules)


def test_the_least_score_is_in_the_rules_that_it_concerns(boxes):
    cell = boxes((0, 0, 4, 4))
    result = scores(["a"], [tally(cell, cell, min_score=0.3)], CELLS)
    assert "below 0.3 out" in result.headline_row.rule
    assert "below 0.3" not in result.row("AP (COCO)", "cell").rule


def test_details_are_marked_and_many_classes_show_their_headline_only(two_images, boxes):
    assert not two_images.headline_row.detail
    assert two_images.row("AP55 (StarDist)", "cell").detail
    assert two_images.row("AR small (COCO)", "cell").detail
    assert not two_images.row("PQ", "cell").detail
    names = ("background", *"abcde")
    result = scores(["x"], [tally(boxes((0, 0, 4, 4), names=names), boxes(names=names))], Classes.named(*names))
    assert result.row("PQ", "a").detail
    assert not result.row(AP50, "a").detail
    assert not result.row("PQ", "class mean").detail


def test_an_image_without_objects_comes_last_and_counts_in_no_mean_of_images(boxes):
    empty, missed = tally(boxes(), boxes()), tally(boxes((0, 0, 4, 4)), boxes())
    result = scores(["empty", "missed"], [empty, missed], CELLS)
    assert [entry["id"] for entry in result.per_image] == ["missed", "empty"]
    assert result.per_image[1]["score"] is None
    assert value(result, f"{AP50} per image") == 0
    assert result.row(f"{AP50} per image", "cell").images == 1


def test_no_object_at_all_measures_nothing_and_says_so(boxes):
    result = scores(["a", "b"], [tally(boxes(), boxes())] * 2, CELLS)
    assert math.isnan(result.headline_row.value)
    assert math.isnan(result.headline_row.low)
    assert value(result, "true objects") == 0
    assert "There is no true object" in result.warnings[0]


def test_warnings(boxes, two_images):
    assert any("Only 2 images" in warning for warning in two_images.warnings)
    cell = boxes((0, 0, 4, 4))
    many = tally(cell, boxes(*[(0, 0, 4, 4)] * 101))
    found = scores("abcdef", [tally(cell, cell)] * 5 + [many], CELLS).warnings
    assert any("1 of 6 images hold more than 100 predictions" in warning for warning in found)
    assert any("All predictions have one score" in warning for warning in found)
    assert scores("abcde", [tally(cell, boxes((0, 0, 4, 4), scores=[i / 9])) for i in range(5)], CELLS).warnings == ()
    never = scores("abcde", [tally(cell, boxes())] * 5, CELLS).warnings
    assert never == ("Never predicted, though in the ground truth: 'cell'.",)


def test_scores_come_back_from_json(two_images):
    again = Scores.from_json(json.loads(json.dumps(two_images.to_json())))
    assert again.headline_row.value == two_images.headline_row.value
    assert json.dumps(again.to_json()) == json.dumps(two_images.to_json())


def test_rows_of_older_files_have_no_details(two_images):
    value = json.loads(json.dumps(two_images.to_json()))
    for row in value["rows"]:
        del row["detail"]
    assert not any(row.detail for row in Scores.from_json(value).rows)


def test_what_cannot_be_scored_is_refused(boxes):
    with pytest.raises(DataError, match="no image to score"):
        scores([], [], CELLS)
    cell = boxes((0, 0, 4, 4))
    with pytest.raises(DataError, match="different values of min_score"):
        scores("ab", [tally(cell, cell), tally(cell, cell, min_score=0.5)], CELLS)


def test_pooled_scores_are_those_of_one_image_that_holds_all(boxes):
    """Images side by side make one: nothing but the means over images may change."""
    rng = np.random.default_rng(0)
    size, drawn = 20, []
    for _ in range(4):
        x0, y0 = rng.integers(0, 14, (2, 6))
        drawn.append([(int(x), int(y), int(x) + 5, int(y) + 5) for x, y in zip(x0, y0, strict=True)])
    apart = [tally(boxes(*image[:3]), boxes(*image[2:])) for image in drawn]
    moved = [[(x0 + i * size, y0, x1 + i * size, y1) for x0, y0, x1, y1 in image] for i, image in enumerate(drawn)]
    truth = boxes(*(box for image in moved for box in image[:3]), size_hw=(size, 4 * size))
    prediction = boxes(*(box for image in moved for box in image[2:]), size_hw=(size, 4 * size))
    split, whole = scores("abcd", apart, CELLS), scores("a", [tally(truth, prediction)], CELLS)
    for metric in (AP50, "AP75 (StarDist)", "PQ", "AJI", "AR100 (COCO)", "true objects", "predicted objects"):
        assert value(split, metric) == pytest.approx(value(whole, metric)), metric
