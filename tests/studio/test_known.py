"""What was decided is not proposed again: objects, and what was rejected."""

import numpy as np
import pytest

from maskwright.base.errors import MaskValueError
from maskwright.studio import proposals
from maskwright.studio.known import Known, known_on
from maskwright.studio.objects import Mask
from maskwright.studio.proposals import Decision, Proposed
from some_edits import SIZE_HW, draw, mask, mask_of


def test_objects_and_what_was_rejected_are_known_and_what_is_open_is_not(store):
    draw(store, 1, 0, "a", (0, 0, 4, 4))
    first, _ = proposals.add(store.database, 1, [Proposed(1, mask((8, 0, 12, 4)), 0.5), Proposed(1, mask((8, 8, 12, 12)), 0.5)])
    decision = Decision(edit_id="d", base_revision=1, reject=(first,))
    proposals.decide(store.database, 1, decision)
    known = known_on(store.database, 1, SIZE_HW)
    assert known.holds(mask((0, 0, 4, 4)))
    assert known.holds(mask((2, 0, 6, 4)))  # half of it
    assert not known.holds(mask((3, 0, 7, 4)))
    assert known.holds(mask((8, 0, 12, 4)))
    assert not known.holds(mask((8, 8, 12, 12)))
    with pytest.raises(MaskValueError):
        known.holds(Mask((0, 0, 99, 99), "0"))


def test_the_answer_is_that_of_comparing_every_pixel():
    rng = np.random.default_rng(0)
    drawn = [rng.random(SIZE_HW) < share for share in (0.1, 0.3, 0.6, 0.02, 0.5, 0.5)]
    known = Known([mask_of(one) for one in drawn[:3]], SIZE_HW)
    for one in drawn:
        expected = any((one & other).sum() >= 0.5 * one.sum() for other in drawn[:3])
        assert known.holds(mask_of(one)) == expected
