"""What a page says of objects, by hand: scores, curves, what there is to fix, every image."""

import math

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.types import Instances
from maskwright.metrics.instance import scores
from maskwright.metrics.instance_tally import tally
from maskwright.report.objects import objects

CELLS = Classes.named("background", "cell")
KINDS = Classes.named("background", "cell", "vessel")


def squares(*places, classes=CELLS, class_ids=None):
    """Squares of 6 pixels a side in a row of cells of 8; two halves of a square for a place and a half."""
    labels = np.zeros((8, 64), np.int32)
    for number, place in enumerate(places, 1):
        left = int(8 * place) + 1
        labels[1:7, left : left + 6] = number
    made = instances_from_labels(labels, classes)
    ids = np.ones(len(made), np.int64) if class_ids is None else np.array(class_ids, np.int64)
    return Instances(**{**vars(made), "class_ids": ids})


@pytest.fixture
def found():
    """One image of which two of three cells are found, one that is right, and one that is empty on both sides."""
    pairs = [(squares(0, 1, 2), squares(0, 1, 5)), (squares(3), squares(3)), (squares(), squares())]
    return scores("abc", [tally(*pair) for pair in pairs], CELLS)


def test_label_maps_have_no_objects(make_report):
    assert objects(make_report().scores) is None


def test_every_image_by_hand(found):
    shown = objects(found)
    assert shown.columns == ("missed", "spurious", "split", "merged", "inexact")
    worst, right, empty = shown.rows
    assert (worst.id, worst.score, worst.true, worst.predicted, worst.found) == ("a", 0.5, 3, 3, 2)
    assert worst.errors == (1, 1, 0, 0, 0)
    assert (right.id, right.found, sum(right.errors)) == ("b", 1, 0)
    assert (empty.id, empty.true, empty.predicted, empty.found) == ("c", 0, 0, 0)
    assert math.isnan(empty.score)


def test_what_is_most_to_do_comes_first_and_is_counted_in_images(found):
    first, second, *rest = objects(found).kinds
    assert {first.kind, second.kind} == {"missed", "spurious"}
    assert (first.count, first.images) == (1, 1)
    assert [row.count for row in rest] == [0, 0, 0]


def test_the_counts_in_words(found):
    assert objects(found).counts == "4 true objects, 4 predicted: as many."
    few = objects(scores("a", [tally(squares(0, 1, 2, 3), squares(0))], CELLS))
    assert few.counts == "4 true objects, 1 predicted: 75.0 % too few."
    many = objects(scores("a", [tally(squares(0), squares(0, 2))], CELLS))
    assert many.counts == "1 true object, 2 predicted: 100.0 % too many."


def test_f1_of_every_threshold_follows_from_the_average_precision(found):
    """Of 4 true and 4 predicted cells 3 are found: AP 3/5, F1 3/4, at any threshold."""
    shown = objects(found)
    assert "F1 falls from 0.750 to 0.750 and AP falls from 0.600 to 0.600" in shown.thresholds_in_words
    assert found.row("F1 at IoU 0.5", "cell").value == 0.75
    assert "<svg" in shown.thresholds
    assert "<svg" in shown.numbers


def test_nothing_to_draw_where_nothing_can_be_measured():
    shown = objects(scores("a", [tally(squares(), squares())], CELLS))
    assert (shown.thresholds, shown.numbers) == ("", "")
    assert shown.counts == "0 true objects, 0 predicted."


def test_several_classes_have_a_row_each_and_a_kind_of_error_more():
    """A vessel that is called a cell; cells are found."""
    truth = squares(0, 1, 2, classes=KINDS, class_ids=[1, 1, 2])
    wrong = squares(0, 1, 2, classes=KINDS, class_ids=[1, 1, 1])
    shown = objects(scores("ab", [tally(truth, wrong), tally(truth, truth)], KINDS))
    assert shown.subject == "all objects"
    assert shown.columns[-1] == "wrong class"
    assert [row.kind for row in shown.kinds if row.count] == ["wrong class"]
    assert [(row.name, row.true, row.predicted) for row in shown.classes] == [("vessel", 2, 1), ("cell", 4, 5)]
    assert {row.subject for row in shown.shown if row.metric.endswith("(COCO)")} == {"class mean"}
