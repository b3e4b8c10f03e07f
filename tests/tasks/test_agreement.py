"""The agreement that thresholds are settled by, on objects whose overlap is plain."""

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.merged_segments import Merging
from maskwright.tasks.agreement import agreement, compared, one_after_another

CELLS = Classes.named("background", "cell")


def squares(*widths: int):
    """Objects of one row and so many pixels, one below the other, apart."""
    labels = np.zeros((2 * len(widths) + 1, 20), np.int32)
    for number, width in enumerate(widths, 1):
        labels[2 * number - 1, :width] = number
    return instances_from_labels(labels, CELLS)


def test_it_is_the_mean_over_the_thresholds_of_all_objects_together():
    """An IoU of 12/20 is a hit at 0.5, 0.55 and 0.6, of six thresholds; at the others it is a miss and a spurious object."""
    half = compared(squares(20, 20), squares(20, 12))
    assert agreement([half]) == pytest.approx((3 * 1 + 3 / 3) / 6)
    whole = compared(squares(20, 20), squares(20, 20))
    assert agreement([half, whole]) == pytest.approx((3 * 1 + 3 * 3 / 5) / 6)


def test_where_there_is_no_object_it_is_0():
    assert agreement([compared(squares(), squares())]) == 0


def test_thresholds_settle_one_after_another_and_stay_where_nothing_is_better():
    asked = []

    def quality(confidence):
        asked.append((confidence.least_score, confidence.most_taken))
        return -abs(confidence.least_score - 0.3) + (confidence.most_taken == 0.7)

    tried = {"least_score": (0.1, 0.3, 0.5), "most_taken": (0.5, 0.7), "least_stuff": (0.0, 0.1)}
    best = one_after_another(Merging(), tried, quality)
    assert best == Merging(least_score=0.3, most_taken=0.7)
    assert asked == [(0.5, 0.5), (0.1, 0.5), (0.3, 0.5), (0.3, 0.7), (0.3, 0.7), (0.3, 0.7)]  # the last two with other stuff
