"""Which pictures are shown, and where."""

import math
from dataclasses import replace

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.report.content import Picture
from maskwright.report.gallery import MOST_BEST, MOST_WORST, galleries, place
from maskwright.report.pictures import LONGEST, panels


def values(report):
    return tuple(entry["score"] for entry in report.scores.per_image)


def test_the_worst_come_first_then_the_best(make_report):
    report = make_report(ids=tuple("abcdefgh"))
    chosen = {entry["id"] for entry in (*report.scores.per_image[:2], *report.scores.per_image[-2:])}
    report = replace(report, pictures=tuple(picture for picture in report.pictures if picture.id in chosen))
    worst, best = galleries(report, values(report))
    assert [exhibit.place for exhibit in worst.exhibits] == ["worst of 8", "2nd worst of 8"]
    assert [exhibit.place for exhibit in best.exhibits] == ["best of 8", "2nd best of 8"]
    assert worst.exhibits[0].picture.score <= worst.exhibits[1].picture.score


def test_when_every_image_is_there_they_stand_in_one_row(make_report):
    report = make_report()
    (gallery,) = galleries(report, values(report))
    scores = [exhibit.picture.score for exhibit in gallery.exhibits]
    assert scores == sorted(scores)
    assert len(scores) == 3


def test_too_many_leave_the_worst_and_the_best(make_report):
    report = make_report(ids=tuple(map(str, range(30))))
    shown = galleries(report, values(report))
    assert sum(len(gallery.exhibits) for gallery in shown) == MOST_WORST + MOST_BEST
    assert {shown[0].exhibits[0].place, shown[1].exhibits[0].place} == {"worst of 30", "best of 30"}


@pytest.mark.parametrize(
    ("from_worst", "images", "words"),
    [(1, 1, ""), (1, 2, "worst of 2"), (2, 2, "best of 2"), (3, 9, "3rd worst of 9"), (12, 50, "12th worst of 50"),
     (30, 50, "21st best of 50"), (5, 9, "5th best of 9")],
)  # fmt: skip
def test_places(from_worst, images, words):
    assert place(from_worst, images) == words


def test_images_without_a_score_have_a_place_of_their_own(make_report):
    report = make_report()
    report = replace(report, pictures=(replace(report.pictures[0], score=math.nan), *report.pictures[1:]))
    shown = galleries(report, values(report))
    assert shown[-1].title == "Images in which nothing can be measured"
    assert [len(gallery.exhibits) for gallery in shown][-1] == 1


def test_no_pictures_no_gallery(make_report):
    report = make_report(pictures=())
    assert galleries(report, values(report)) == ()


def test_panels_show_image_ground_truth_prediction_and_errors():
    """Objects are painted, the error map follows their classes, and a large image is made smaller."""
    labels = np.zeros((700, 900), np.int32)
    labels[100:300, 100:300] = 1
    instances = instances_from_labels(labels, Classes.named("background", "cell"))
    picture = Picture(
        id="a", image=np.full((700, 900, 3), 90, np.uint8), ground_truth=instances, prediction=instances, score=1.0
    )
    shown = panels(picture, background=0, most_bytes=100_000)
    assert [panel.caption for panel in shown] == ["image", "ground truth", "prediction", "errors"]
    assert {panel.size_hw for panel in shown} == {(398, LONGEST)}
    assert len({panel.address for panel in shown}) == 3
    assert shown[1].address == shown[2].address
    assert not any(panel.is_pixelated for panel in shown)
