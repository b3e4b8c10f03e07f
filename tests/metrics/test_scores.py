"""Score rows, their way through JSON, and the bootstrap."""

import json
import math

import numpy as np
import pytest

from maskwright.metrics.scores import Score, Scores, bootstrap_weights, interval

NAN = float("nan")
ROW = Score(metric="dice", subject="cell/nucleus", value=0.8, low=0.7, high=0.9, baseline=0.0, rule="pooled", images=3)
SCORES = Scores(
    rows=(ROW, Score(metric="iou", subject="cell/nucleus", value=NAN, rule="pooled", images=3)),
    warnings=("few images",),
    class_names=("background", "cell/nucleus"),
    table=((5, 1, 0), (0, 3, 0)),
    per_image=({"id": "a", "score": None, "dice": {"cell/nucleus": 0.5}},),
    headline="dice/cell/nucleus",
    baseline="'background' everywhere",
)


def test_a_row_is_found_by_metric_and_subject_even_with_a_slash_in_its_name():
    assert SCORES.headline_row is ROW
    assert SCORES.row("dice", "cell/nucleus") is ROW
    with pytest.raises(KeyError, match="dice/nothing"):
        SCORES.row("dice", "nothing")


def test_scores_come_back_from_json_text():
    text = json.dumps(SCORES.to_json(), allow_nan=False)
    back = Scores.from_json(json.loads(text))
    assert math.isnan(back.rows[1].value)
    assert back.rows[0] == ROW
    assert back.to_json() == SCORES.to_json()
    assert (back.warnings, back.table, back.per_image) == (SCORES.warnings, SCORES.table, SCORES.per_image)
    assert (back.headline, back.baseline) == (SCORES.headline, SCORES.baseline)


def test_a_resample_draws_as_many_images_as_there_are():
    weights = bootstrap_weights(7, draws=50)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights >= 0).all()
    np.testing.assert_array_equal(weights, bootstrap_weights(7, draws=50))
    assert (weights != bootstrap_weights(7, draws=50, seed=1)).any()


def test_each_image_is_drawn_equally_often_on_average():
    np.testing.assert_allclose(bootstrap_weights(4, draws=4000).mean(axis=0), 1, atol=0.06)


def test_an_interval_leaves_out_one_draw_in_forty_on_each_side():
    assert interval(np.arange(1001, dtype=np.float64)) == (25, 975)


def test_draws_that_cannot_be_measured_are_left_out_of_an_interval():
    assert interval(np.array([NAN, 1.0, NAN, 1.0])) == (1, 1)
    assert all(math.isnan(bound) for bound in interval(np.array([NAN, NAN])))
