"""The page of panoptic maps: the headline of all, things and stuff, classes, pictures with errors, every image."""

import re

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.types import Panoptic, Segment
from maskwright.metrics.panoptic import scores, tally
from maskwright.metrics.scores import Scores
from maskwright.report.content import Picture, ReportContent
from maskwright.report.page import render
from maskwright.report.segments import segments
from maskwright.report.terminal import score_table

CLASSES = Classes.named("road", "sky", "car", "bus", "tram", things=["car", "bus", "tram"])


def street(car, width=8):
    ids = np.ones((20, 40), np.int32)
    ids[:6], ids[10:16, 4 : 4 + width] = 2, 3
    return Panoptic(ids, (Segment(1, 0), Segment(2, 1), Segment(3, CLASSES.names.index(car))), CLASSES)


@pytest.fixture
def scored():
    pairs = {"a<b": (street("car"), street("car", 6)), "c": (street("car"), street("bus"))}
    made = scores(list(pairs), [tally(*pair) for pair in pairs.values()], CLASSES, draws=20)
    value = {entry["id"]: entry["score"] for entry in made.per_image}
    image = np.random.default_rng(0).integers(0, 256, (20, 40, 3)).astype(np.uint8)
    shown = tuple(
        Picture(id=id, image=image, ground_truth=truth, prediction=seen, score=value[id]) for id, (truth, seen) in pairs.items()
    )
    return ReportContent(title="Street", scores=made, background=None, part="test", pictures=shown)


def test_the_view_of_the_page(scored):
    view = segments(scored.scores)
    assert [row[0].subject for row in view.shown] == ["all classes", "thing classes", "stuff classes"]
    assert [score.metric for score in view.shown[0]] == ["PQ", "SQ", "RQ", "iou"]
    assert [(row.name, row.is_thing, row.numbers) for row in view.classes[:2]] == [
        ("bus", True, (0, 1, 0)),
        ("car", True, (1, 0, 1)),
    ]
    assert view.absent == ("tram",)
    assert [(row.id, row.numbers, row.misnamed) for row in view.rows] == [("c", (2, 1, 1), 1), ("a<b", (3, 0, 0), 0)]


def test_scores_that_come_back_from_a_file_give_the_same_page(scored):
    again = Scores.from_json(scored.scores.to_json())
    assert segments(again).classes == segments(scored.scores).classes


def test_the_page_shows_all_things_and_stuff_pictures_with_counts_and_every_image(scored):
    page = render(scored)
    text = re.sub(r"<[^>]+>", " ", page)
    for words in (
        "the mean PQ of all classes (how well segments",
        "thing classes",
        "stuff classes",
        "1 wrong class",
        "In no image",
        "tram",
    ):
        assert words in text
    assert page.count('<div class="panels objects">') == 2
    assert page.count("data:image/") == 8
    assert "a&lt;b" in page
    assert "a<b" not in page
    assert render(scored) == page


def test_the_terminal_shows_means_first_and_classes_that_occur(scored, capsys):
    from rich.console import Console

    Console(width=100).print(score_table(scored.scores))
    lines = capsys.readouterr().out.splitlines()
    assert "all classes" in lines[3]
    assert not any("tram" in line for line in lines)


def test_scores_of_pixels_have_no_segments(make_report):
    assert segments(make_report().scores) is None
