"""Scores of objects on the terminal and on the page: no baseline to show, details on demand, their own words."""

import io
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from rich.console import Console

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.metrics.instance import scores
from maskwright.metrics.instance_tally import tally
from maskwright.metrics.scores import Scores
from maskwright.report import words
from maskwright.report.content import Picture
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


def picture(id, labels, found, classes=CELLS, score=0.5):
    image = np.random.default_rng(0).integers(0, 255, (*labels.shape, 3)).astype(np.uint8)
    return Picture(
        id=id,
        image=image,
        ground_truth=instances_from_labels(labels, classes),
        prediction=instances_from_labels(found, classes),
        score=score,
    )


def test_the_page_says_what_there_is_to_fix_and_shows_it(cells, make_report):
    labels = np.zeros((40, 60), np.int32)
    labels[5:15, 5:15], labels[20:30, 30:40] = 1, 2
    page = render(make_report(ids=("a", "b", "c"), scores=cells, pictures=(picture("a", labels, np.where(labels == 1, 1, 0)),)))
    text = page.split("</style>")[1]
    for said in (
        "How well objects are found", "3 true objects, 2 predicted: 33.3 % too few.", "What there is to fix",
        "a true object without a prediction: draw it", "ground truth: 2", "prediction: 1", "1 missed", "1 found",
        "What is right and what to fix in a: 1 found, 1 missed",
    ):  # fmt: skip
        assert said in text, said
    assert text.count("<img") == 4
    assert set(re.findall(r'href="#([a-z]+)"', text)) <= set(re.findall(r' id="([a-z-]+)"', text))


def test_many_objects_under_long_names_stay_below_five_megabytes(make_report):
    """Twelve images of noise with 120 objects each, and class names that markup and length make hard."""
    classes = Classes.named("background", "<b>cell</b> " * 40, "vessel")
    labels = np.kron(np.arange(1, 121).reshape(8, 15), np.ones((20, 20), int)).astype(np.int32)
    labels[::20], labels[:, ::20] = 0, 0
    one = picture("0", labels, np.roll(labels, 3), classes)
    ids = tuple(map(str, range(12)))
    tallied = tally(one.ground_truth, one.prediction)
    made = scores(ids, [tallied] * 12, classes, draws=20)
    page = render(make_report(ids=ids, scores=made, pictures=tuple(replace(one, id=id) for id in ids)))
    assert len(page.encode()) < 5_000_000
    assert "<b>cell" not in page
    assert max(len(unescape(name)) for name in re.findall(r"<bdi[^>]*>(.*?)</bdi>", page)) <= 60


def test_label_maps_keep_their_baseline(make_report):
    assert ">baseline</th>" in render(make_report())


def test_headlines_of_several_classes_in_words():
    found = of_images(TISSUE)
    assert words.measure(found.headline_row.metric, found.headline_row.subject) == "mean AP50 (StarDist) of the classes"
    assert words.measure("PQ", "all objects") == "PQ of all objects"
