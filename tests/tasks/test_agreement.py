"""The agreement that thresholds are settled by, on objects whose overlap is plain."""

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.tasks.agreement import agreement, compared

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
