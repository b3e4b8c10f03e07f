"""A journal as curves."""

import math

from hypothesis import given
from hypothesis import strategies as st

from maskwright.report.curves import curves, smoothed


def test_of_a_step_written_twice_the_later_counts():
    """A run killed after its checkpoint repeats the steps from there."""
    told = curves([
        {"event": "start", "step": 0, "steps": 3, "seconds": 0.1},
        {"event": "step", "step": 1, "loss": 3.0},
        {"event": "step", "step": 2, "loss": 9.0},
        {"event": "start", "step": 1, "steps": 3},
        {"event": "step", "step": 2, "loss": 2.0},
        {"event": "step", "step": 3, "loss": 1.0, "seconds": 7.5},
    ])  # fmt: skip
    assert told.loss == [(1, 3.0), (2, 2.0), (3, 1.0)]
    assert (told.resumed, told.planned, told.seconds) == (1, 3, 7.5)


def test_validations_and_notes():
    told = curves([
        {"event": "validation", "step": 5, "score": None, "metric": "dice/foreground mean", "classes": {"a": 0.1}},
        {"event": "validation", "step": 10, "score": 0.4, "metric": "dice/foreground mean",
         "classes": {"a": 0.3, "b": 0.5, "foreground mean": 0.4, "all classes": 0.6}},
        {"event": "validation", "step": 15, "score": 0.4, "metric": "dice/foreground mean", "classes": {"b": math.nan}},
        {"event": "note", "message": "no step of its own"},
    ])  # fmt: skip
    assert told.validation == [(10, 0.4), (15, 0.4)]
    assert told.best == (10, 0.4)
    assert told.classes == {"a": [(5, 0.1), (10, 0.3)], "b": [(10, 0.5)]}
    assert told.measure == "mean Dice of the foreground classes"
    assert told.notes == ((15, "no step of its own"),)


def test_an_empty_journal_tells_nothing():
    told = curves([])
    assert (told.loss, told.validation, told.notes, told.resumed) == ([], [], (), 0)
    assert math.isnan(told.seconds)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=80), st.integers(1, 20))
def test_smoothing_keeps_order_and_range(values, most):
    points = [(float(step), value) for step, value in enumerate(values)]
    light = smoothed(points, most)
    assert len(light) <= most
    assert [step for step, _ in light] == sorted(step for step, _ in light)
    assert all(min(values) - 1e-9 <= value <= max(values) + 1e-9 for _, value in light)
    assert smoothed(points, len(points)) == points
