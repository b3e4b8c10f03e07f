"""Objects for the tests of annotation formats, and whether two images have the same."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.formats.annotations import object_classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

SIZE_HW = (6, 8)
CLASSES = object_classes(["cell", "debris"])

MASKS = st.lists(arrays(bool, SIZE_HW), max_size=3)  # holes, several parts, single pixels, overlap, nothing at all


def mask(*boxes_xyxy):
    """The union of boxes on an image of 8 x 6 pixels; a box that is written after None is taken out."""
    drawn, value = np.zeros(SIZE_HW, bool), True
    for box in boxes_xyxy:
        if box is None:
            value = False
            continue
        x0, y0, x1, y1 = box
        drawn[y0:y1, x0:x1] = value
    return drawn


SQUARE = mask((1, 1, 5, 4))
RING = mask((0, 0, 8, 6), None, (2, 2, 4, 4))
TWO_PARTS = mask((0, 0, 2, 2), (5, 3, 8, 6))


def instances(*masks, class_ids=None, scores=None, is_crowd=None, ignored=None, classes=CLASSES):
    count = len(masks)
    return Instances(
        size_hw=SIZE_HW,
        regions=tuple(map(Region.of_mask, masks)),
        class_ids=np.array([1] * count if class_ids is None else class_ids, np.int64),
        scores=np.array([1.0] * count if scores is None else scores, np.float64),
        is_crowd=np.array([False] * count if is_crowd is None else is_crowd, bool),
        classes=classes,
        ignored=ignored,
    )


def assert_same(found, expected):
    """Equal to the pixel, but for colours of classes."""
    assert found.size_hw == expected.size_hw
    assert found.classes.names == expected.classes.names
    assert found.class_ids.tolist() == expected.class_ids.tolist()
    assert found.scores.tolist() == expected.scores.tolist()
    assert found.is_crowd.tolist() == expected.is_crowd.tolist()
    for one, other in zip(found.regions, expected.regions, strict=True):
        np.testing.assert_array_equal(one.mask(found.size_hw), other.mask(found.size_hw))
    for one, other in ((found.ignored, expected.ignored),):
        blank = np.zeros(found.size_hw, bool)
        np.testing.assert_array_equal(blank if one is None else one, blank if other is None else other)


def without_empty(given):
    """The objects that have pixels."""
    kept = [place for place, region in enumerate(given.regions) if region.area]
    return Instances(
        size_hw=given.size_hw,
        regions=tuple(given.regions[place] for place in kept),
        class_ids=given.class_ids[kept],
        scores=given.scores[kept],
        is_crowd=given.is_crowd[kept],
        classes=given.classes,
        ignored=given.ignored,
    )


def only_note(annotations, code):
    (note,) = (note for note in annotations.notes if note.code == code)
    assert note.what
    return note
