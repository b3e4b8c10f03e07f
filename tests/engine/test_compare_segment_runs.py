"""Runs of panoptic maps, compared by what their folders hold."""

import numpy as np
import pytest

from maskwright.base.errors import DataError
from maskwright.base.files import write_json
from maskwright.engine.compare_runs import compare_runs, needs_rescoring
from maskwright.masks.classes import Classes
from maskwright.masks.types import LabelMap, Panoptic, Segment
from maskwright.metrics import semantic
from maskwright.metrics.panoptic import scores, tally
from maskwright.report.comparison_page import render

STREET = Classes.named("road", "sky", "car", "bus", "tram", things=["car", "bus", "tram"])


def street(width=8, car="car"):
    ids = np.ones((20, 40), np.int32)
    ids[:6] = 2
    ids[10:16, 4 : 4 + width] = 3
    segments = [Segment(1, 0), Segment(2, 1), Segment(3, STREET.names.index(car))]
    return Panoptic(ids, tuple(segments if width else segments[:2]), STREET)


def write_run(folder, found):
    write_json(folder / "plan.json", {"background": None, "decisions": []})
    write_json(folder / "split.json", {"method": "images", "statement": "", "parts": {"train": []}})
    write_json(folder / "data.json", {})
    write_json(folder / "scores.json", {"part": "test", "reading": None, **found.to_json()})
    (folder / "journal.jsonl").write_text("")
    return folder


def run(folder, *predictions):
    tallies = [tally(street(), prediction) for prediction in predictions]
    return write_run(folder, scores([str(i) for i in range(len(tallies))], tallies, STREET))


def test_the_difference_of_two_runs_by_hand(tmp_path):
    """The first misses the car in one of two images, where the second has 6 of its 8 columns in both."""
    first = run(tmp_path / "a", street(), street(0))
    second = run(tmp_path / "b", street(6), street(6))
    comparison = compare_runs([first, second])
    assert (comparison.metric, comparison.subject) == ("PQ", "all classes")
    one, other = comparison.by_class()["car"]
    assert (one.value, other.value) == pytest.approx((1 / 1.5, 0.75))
    assert set(comparison.by_class()) == {"thing classes", "stuff classes", "road", "sky", "car"}
    assert set(comparison.by_metric()) == {"SQ", "RQ"}
    assert not needs_rescoring(first)
    page = render(comparison)
    for words in ("mean PQ of all classes", "stuff classes", "By class", "By score"):
        assert words in page


def test_values_and_intervals_are_those_of_the_scores(tmp_path):
    predictions = [street(8), street(7), street(0), street(6, "bus"), street(5)]
    folder = run(tmp_path / "a", *predictions)
    comparison = compare_runs([folder, run(tmp_path / "b", *predictions)])
    expected = scores([str(i) for i in range(5)], [tally(street(), each) for each in predictions], STREET)
    for row in comparison.runs[0].scores:
        alone = expected.row(row.metric, row.subject)
        assert (row.value, row.low, row.high) == pytest.approx((alone.value, alone.low, alone.high)), (row.metric, row.subject)
        assert row.difference == 0


def test_segments_and_pixels_are_not_compared(tmp_path):
    drawn = LabelMap(np.zeros((4, 4), np.uint16), STREET)
    pixels = semantic.score([semantic.table_of(drawn, drawn, id="0")], ["0"], STREET, background=None)
    with pytest.raises(DataError, match="pixels were scored, of b segments"):
        compare_runs([write_run(tmp_path / "a", pixels), run(tmp_path / "b", street())])
