"""Runs that find objects, compared by what their folders hold."""

import numpy as np
import pytest

from maskwright.base.errors import DataError
from maskwright.base.files import read_json, write_json
from maskwright.engine.compare_runs import compare_runs, needs_rescoring
from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.metrics import semantic
from maskwright.metrics.instance import AP50, scores
from maskwright.metrics.instance_tally import tally
from maskwright.report.comparison_page import render

CELLS = Classes.named("background", "cell")
KINDS = Classes.named("background", "cell", "vessel")


def image(true: int, found: int, spurious: int = 0, classes: Classes = CELLS, class_id: int = 1):
    """The tally of an image with so many true objects, so many of them found, and so many spurious ones."""
    labels, said = np.zeros((8, 200), np.int32), np.zeros((8, 200), np.int32)
    for number in range(true):
        labels[1:7, 8 * number + 1 : 8 * number + 7] = number + 1
    said[labels <= found] = labels[labels <= found]
    for number in range(spurious):
        said[1:7, 8 * (true + number) + 1 : 8 * (true + number) + 7] = true + number + 1
    return tally(*(instances_from_labels(each, classes, class_id) for each in (labels, said)))


@pytest.fixture
def make_run(tmp_path):
    """`make_run("a", {"x": image(...)})`: a run folder as far as a comparison reads it."""

    def make(name, tallies, classes=CELLS):
        found = scores(list(tallies), list(tallies.values()), classes, draws=20)
        return write_run(tmp_path / name, found)

    return make


def write_run(folder, found):
    write_json(folder / "plan.json", {"background": 0, "decisions": []})
    write_json(folder / "split.json", {"method": "images", "statement": "", "parts": {"train": []}})
    write_json(folder / "data.json", {})
    write_json(folder / "scores.json", {"part": "test", "reading": None, **found.to_json()})
    (folder / "journal.jsonl").write_text("")
    return folder


def test_the_difference_of_two_runs_by_hand(make_run):
    """Found: first 2 of 4 and 1 of 2 with 1 spurious, second 3 of 4 and 2 of 2. AP50 3/7 and 5/6; F1 6/10 and 10/11."""
    first = make_run("a", {"x": image(4, 2), "y": image(2, 1, 1)})
    second = make_run("b", {"x": image(4, 3), "y": image(2, 2)})
    comparison = compare_runs([first, second])
    assert (comparison.metric, comparison.subject) == (AP50, "cell")
    row = comparison.headline(comparison.runs[1])
    assert row.value == pytest.approx(5 / 6)
    assert row.difference == pytest.approx(5 / 6 - 3 / 7)
    f1 = comparison.runs[1].row("F1 at IoU 0.5", "cell")
    assert f1.difference == pytest.approx(10 / 11 - 6 / 10)
    assert comparison.runs[0].row("precision at IoU 0.5", "cell").value == pytest.approx(3 / 4)
    assert {image.id: image.values for image in comparison.images} == {
        "x": pytest.approx([2 / 4, 3 / 4]),
        "y": pytest.approx([1 / 3, 1]),
    }
    assert comparison.by_class() == {}
    assert set(comparison.by_metric()) >= {"F1 at IoU 0.5", "PQ (StarDist)", "mean matched IoU"}
    assert "By score" in render(comparison)
    assert "By class" not in render(comparison)


def test_values_and_intervals_are_those_of_the_scores(make_run):
    """A comparison shows for each run what scoring it alone shows, of several classes, too."""
    rng = np.random.default_rng(0)
    tallies = {
        str(n): image(6, *rng.integers(0, 6, 2).tolist(), classes=KINDS, class_id=int(rng.integers(1, 3))) for n in range(9)
    }
    folder = make_run("a", tallies, KINDS)
    comparison = compare_runs([folder, make_run("b", tallies, KINDS)])
    expected = scores(list(tallies), list(tallies.values()), KINDS)
    assert comparison.subject == "class mean"
    assert set(comparison.by_class()) == {"cell", "vessel", "all objects"}
    for row in comparison.runs[0].scores:
        alone = expected.row(row.metric, row.subject)
        values = (alone.value, alone.low, alone.high)
        assert (row.value, row.low, row.high) == pytest.approx(values, nan_ok=True), (row.metric, row.subject)
        assert row.difference == 0


def test_images_with_other_true_objects_are_left_out(make_run):
    first = make_run("a", {"x": image(4, 2), "y": image(2, 1)})
    second = make_run("b", {"x": image(4, 3), "y": image(3, 1)})
    comparison = compare_runs([first, second])
    assert [image.id for image in comparison.images] == ["x"]
    with pytest.raises(DataError, match=r"In y, it counts 2 objects in a and 3 in c.*--ignore"):
        compare_runs([make_run("a", {"y": image(2, 1)}), make_run("c", {"y": image(3, 1)})])


def test_objects_are_not_compared_with_pixels(make_run, tmp_path):
    found = semantic.score([np.array([[5, 1, 0], [1, 3, 0]])], ["x"], CELLS)
    pixels = write_run(tmp_path / "pixels", found)
    with pytest.raises(DataError, match=r"of pixels pixels were scored, of a objects.*--task semantic, instance or panoptic"):
        compare_runs([pixels, make_run("a", {"x": image(4, 2)})])


def test_scores_that_lack_the_matches_have_to_be_made_again(make_run):
    folder = make_run("a", {"x": image(4, 2)})
    assert not needs_rescoring(folder)
    value = read_json(folder / "scores.json")
    for entry in value["per_image"]:
        del entry["matched"]
    write_json(folder / "scores.json", value)
    assert needs_rescoring(folder)


def test_images_without_objects_count_for_nothing(make_run):
    tallies = {"x": image(4, 2), "y": image(2, 1), "empty": image(0, 0)}
    comparison = compare_runs([make_run("a", tallies), make_run("b", tallies)])
    assert comparison.headline(comparison.runs[1]).value == 0.5
    empty = next(image for image in comparison.images if image.id == "empty")
    assert np.isnan(empty.values).all()
