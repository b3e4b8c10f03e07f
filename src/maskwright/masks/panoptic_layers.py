"""A panoptic map as two layers of whole numbers that can be cropped and warped as a label map can: classes, and things."""

import numpy as np
from jaxtyping import UInt16

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE
from maskwright.masks.object_layers import MOST_OBJECTS
from maskwright.masks.regions import distinct
from maskwright.masks.types import Panoptic

CLASS, THING = range(2)  # layers: the class of every pixel, and the number of the thing there, 0 where there is none


def to_layers(panoptic: Panoptic) -> UInt16[np.ndarray, "2 h w"]:
    """The layers `CLASS` and `THING`. Void is `IGNORE` in the first, a crowd in both: its things are not known.

    Raises `MaskValueError` beyond `MOST_OBJECTS` things.
    """
    rows, count = [(IGNORE, 0)], 0  # of void, then of each segment by rising id
    for segment in sorted(panoptic.segments, key=lambda segment: segment.id):
        if segment.is_crowd:
            rows.append((IGNORE, IGNORE))
        elif panoptic.classes[segment.class_id].is_thing:
            count += 1
            rows.append((segment.class_id, count))
        else:
            rows.append((segment.class_id, 0))
    if count > MOST_OBJECTS:
        raise MaskValueError(f"The image holds {count} things; training takes up to {MOST_OBJECTS}. Cut the image into parts.")
    values, places = distinct(panoptic.segment_ids)
    known = np.array(rows, np.uint16).T if values.size and values[0] == 0 else np.array(rows[1:], np.uint16).reshape(-1, 2).T
    return np.asarray(known[:, places])
