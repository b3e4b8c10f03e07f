"""Scores under their rule, confusions, images: by hand."""

import math
from dataclasses import replace

from maskwright.metrics.scores import Score, Scores
from maskwright.report import tables


def row(metric: str, subject: str, rule: str = "r") -> Score:
    return Score(metric=metric, subject=subject, value=0.5, rule=rule, images=2)


SCORES = Scores(
    rows=(row("pixel accuracy", "all classes"), row("dice", "a"), row("dice", "b"), row("dice", "all classes", "mean of r")),
    warnings=(),
    class_names=("background", "a", "b"),
    table=((90, 10, 0, 0), (0, 0, 0, 0), (1, 2, 5, 2)),
    per_image=(
        {"id": "x", "score": 0.2, "dice": {"background": 0.9, "a": None, "b": 0.2}},
        {"id": "y", "score": None, "dice": {"background": 1.0, "a": None, "b": None}},
    ),
    headline="dice/all classes",
)


def test_the_headline_comes_first_and_rules_stay_beside_numbers():
    first, second = tables.score_groups(SCORES)
    assert (first.metric, second.metric) == ("dice", "pixel accuracy")
    assert [score.subject for score in first.rows] == ["a", "b", "all classes"]
    assert first.rule == "r"
    assert first.rows[2].rule == "mean of r"


def test_confusion_by_hand():
    """Shares of the true class; the class without pixels has none; what was not predicted has a column of its own."""
    confusion = tables.confusion(SCORES)
    assert confusion.columns == ("background", "a", "b", "not predicted")
    assert [[cell.share for cell in line.cells] for line in confusion.rows] == [
        [0.9, 0.1, 0, 0],
        [0, 0, 0, 0],
        [0.1, 0.2, 0.5, 0.2],
    ]
    assert [line.pixels for line in confusion.rows] == [100, 0, 10]
    assert [(cell.true, cell.predicted) for cell in confusion.worst] == [
        ("b", "a"), ("b", "not predicted"), ("background", "a"), ("b", "background"),
    ]  # fmt: skip


def test_a_class_called_not_predicted_is_no_hit():
    named = replace(SCORES, class_names=("background", "a", "not predicted"))
    assert not tables.confusion(named).rows[2].cells[3].hit


def test_confusion_without_a_missing_prediction_or_without_pixels():
    whole = replace(SCORES, table=((9, 1, 0, 0), (0, 3, 0, 0), (0, 0, 5, 0)))
    assert tables.confusion(whole).columns == ("background", "a", "b")
    assert tables.confusion(replace(SCORES, table=((0, 0, 0, 0),) * 3)) is None
    assert tables.confusion(replace(SCORES, table=())) is None


def test_too_many_classes_leave_the_largest_confusions():
    names = tuple(f"class {place}" for place in range(40))
    lines = tuple(tuple(3 if place in (line, 0) else 0 for place in range(41)) for line in range(40))
    confusion = tables.confusion(replace(SCORES, class_names=names, table=lines))
    assert confusion.rows == ()
    assert len(confusion.worst) == tables.MOST_CONFUSIONS
    assert {cell.share for cell in confusion.worst} == {0.5}


def test_images_by_hand():
    images = tables.images(SCORES, 0)
    assert images.columns == ("all classes", "a", "b")
    assert images.rows[0].id == "x"
    assert images.rows[0].values[0] == images.rows[0].values[2] == 0.2
    assert math.isnan(images.rows[0].values[1])
    assert math.isnan(images.all_values[1])
    assert tables.images(SCORES, None).columns == ("all classes", "background", "a", "b")


def test_a_thousand_images_are_not_all_listed():
    entries = tuple({"id": str(place), "score": place / 1000, "dice": {}} for place in range(1000))
    images = tables.images(replace(SCORES, per_image=entries), 0)
    assert len(images.rows) == tables.MOST_IMAGES
    assert len(images.all_values) == 1000
