"""Scores of objects on the terminal and on the page: no baseline to show, details on demand, their own words."""

import io

import numpy as np
import pytest
from rich.console import Console

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.metrics.instance import scores
from maskwright.metrics.instance_tally import tally
from maskwright.metrics.scores import Scores
from maskwright.report import words
from maskwright.report.page import render
from maskwright.report.terminal import score_table

CELLS = Classes.named("background", "cell")
TISSUE = Classes.named("background", "cell", "vessel")


def of_images(classes: Classes) -> Scores:
    """Three images of one object, of which two are found."""
    labels = np.zeros((8, 8), np.int32)
    truth = instances_from_labels(np.pad(labels[:4, :4] + 1, 2), classes)
    empty = instances_from_labels(labels, classes)
    return scores("abc", [tally(truth, truth), tally(truth, truth), tally(truth, empty)], classes)


@pytest.fixture
def cells() -> Scores:
    return of_images(CELLS)


def shown(found: Scores, **options: bool) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(score_table(found, **options))
    return console.file.getvalue()


def test_the_terminal_has_no_column_for_a_baseline_that_there_is_not(cells):
    text = shown(cells)
    assert "baseline" not in text.lower()
    assert "AP50 (StarDist)" in text
    assert "0.667" in text


def test_details_and_means_over_images_are_shown_on_demand(cells):
    for name in ("AP55 (StarDist)", "AP small (COCO)", "PQ per image"):
        assert name not in shown(cells)
        assert name in shown(cells, per_image=True)


def test_the_page_shows_them_without_a_baseline(cells, make_report):
    page = render(make_report(ids=("a", "b", "c"), scores=cells, pictures=()))
    assert "On 3 held-out test images, the AP50 (StarDist) of &#39;cell&#39; (objects that were found" in page
    assert "n/a: no true object of this kind and size in any image." in page
    assert "baseline" not in page.split("</style>")[1]
    assert "What was taken for what" not in page


def test_label_maps_keep_their_baseline(make_report):
    assert ">baseline</th>" in render(make_report())


def test_headlines_of_several_classes_in_words():
    found = of_images(TISSUE)
    assert words.measure(found.headline_row.metric, found.headline_row.subject) == "mean AP50 (StarDist) of the classes"
    assert words.measure("PQ", "all objects") == "PQ of all objects"
