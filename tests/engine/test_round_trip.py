"""What came back of objects: equal ones are found whatever their order, the others by overlap; nothing is lost in silence."""

import numpy as np

from maskwright.engine.round_trip import compare
from maskwright.formats.annotations import Loss, object_classes
from some_objects import RING, SIZE_HW, SQUARE, TWO_PARTS, instances, mask


def test_objects_in_another_order_with_other_class_ids_are_equal():
    after = instances(TWO_PARTS, SQUARE, class_ids=[1, 2], classes=object_classes(["debris", "cell"]))
    trip = compare("a.png", instances(SQUARE, TWO_PARTS, class_ids=[1, 2]), after, [])
    assert (trip.objects, trip.exact, trip.losses, trip.untold) == (2, 2, (), 0)


def test_of_equal_masks_the_one_that_is_like_it_in_everything_comes_first():
    before = instances(SQUARE, SQUARE, scores=[0.5, 0.7])
    assert compare("a.png", before, instances(SQUARE, SQUARE, scores=[0.7, 0.5]), []).losses == ()
    trip = compare("a.png", before, instances(SQUARE, SQUARE, scores=[0.7, 0.6], class_ids=[1, 2], is_crowd=[False, True]), [])
    (loss,) = trip.losses
    assert (loss.object, loss.iou, trip.exact, trip.untold) == (0, 1.0, 2, 1)
    assert loss.what == (
        "its class 'cell' came back as 'debris'; its score 0.5 came back as 0.6; its crowd mark came back changed"
    )


def test_changed_and_missing_objects_have_the_iou_of_what_is_left():
    """A square that lost a column of four, and a ring that is gone; another object is new."""
    trip = compare("a.png", instances(SQUARE, RING), instances(mask((1, 1, 4, 4)), mask((7, 0, 8, 1)), class_ids=[1, 1]), [])
    square, ring = trip.losses
    assert (square.object, square.iou) == (0, 0.75)
    assert (ring.object, round(ring.iou, 3)) == (1, round(1 / 44, 3))  # the new one lies on it: it is all that is left
    assert (trip.exact, trip.untold) == (0, 2)
    gone = compare("a.png", instances(SQUARE), instances(), [])
    assert (gone.losses[0].what, gone.losses[0].iou) == ("it did not come back", 0.0)
    more = compare("a.png", instances(), instances(SQUARE), [])
    assert (more.losses[0].what, more.untold) == ("1 objects came back that were not there", 1)


def test_losses_that_were_announced_keep_their_words_and_the_lower_iou():
    told = [Loss("a.png", 0, "its hole is filled", 0.9), Loss("a.png", 0, "its score 0.5"), Loss("a.png", None, "ignored")]
    trip = compare("a.png", instances(SQUARE), instances(SQUARE), told)
    assert trip.losses == (Loss("a.png", 0, "its hole is filled; its score 0.5", 0.9), Loss("a.png", None, "ignored"))
    assert (trip.exact, trip.untold) == (1, 0)
    assert compare("a.png", instances(SQUARE), instances(mask((1, 1, 4, 4))), told).losses[0].iou == 0.75


def test_of_equal_objects_the_one_that_was_left_out_is_the_one_that_is_missing():
    told = [Loss("a.png", 0, "it lies under the other", 0.0)]
    trip = compare("a.png", instances(SQUARE, SQUARE), instances(SQUARE), told)
    assert (trip.losses, trip.exact, trip.untold) == (tuple(told), 1, 0)


def test_ignored_pixels_that_come_back_otherwise_are_told():
    trip = compare("a.png", instances(ignored=mask((0, 0, 2, 1))), instances(), [])
    assert trip.losses[0].what.startswith("2 pixels came back ignored that were not")
    assert compare("a.png", instances(ignored=np.zeros(SIZE_HW, bool)), instances(), []).losses == ()


def test_empty_objects_are_equal():
    empty = instances(np.zeros(SIZE_HW, bool))
    assert compare("a.png", empty, empty, []).exact == 1
