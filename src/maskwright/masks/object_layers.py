"""Objects as layers of whole numbers that can be cropped and warped as a label map can, and objects found again in them.

The first layer holds the class of every pixel, as a label map does. Then come pairs of layers, the class and the number of the
object at a pixel. Objects that overlap lie in different pairs, so that nothing is hidden.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Int64, UInt16
from scipy import ndimage

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE
from maskwright.masks.convert import to_label_map
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

MOST_OBJECTS = IGNORE - 1  # numbers of objects, of which none may mean "left out"


def to_layers(instances: Instances) -> UInt16[np.ndarray, "layers h w"]:
    """The class map with `IGNORE` on crowds and ignored pixels, then a pair of layers for each depth of overlap.

    An object goes into the first pair where all its pixels are free. Raises `MaskValueError` beyond
    `MOST_OBJECTS` objects, and where one has class 0.
    """
    if len(instances) > MOST_OBJECTS:
        raise MaskValueError(
            f"The image holds {len(instances)} objects; training takes up to {MOST_OBJECTS}. Cut the image into parts."
        )
    if (instances.class_ids == 0).any():
        raise MaskValueError(
            "An object has class 0, which means no object to a network that finds objects. Let the first class be the "
            "background: --class-names background,..."
        )
    ignored = np.zeros(instances.size_hw, bool) if instances.ignored is None else instances.ignored.copy()
    for place in np.flatnonzero(instances.is_crowd).tolist():
        ignored |= instances.regions[place].mask(instances.size_hw)
    objects = ~instances.is_crowd
    shown = [region for region, is_object in zip(instances.regions, objects, strict=True) if is_object]
    for region in shown if instances.is_crowd.any() else ():  # what is drawn apart in a crowd is known
        ignored &= ~region.mask(instances.size_hw)
    if instances.ignored is not None:
        ignored |= instances.ignored
    pairs: list[UInt16[np.ndarray, "2 h w"]] = []
    height, width = instances.size_hw
    for place in np.flatnonzero(objects).tolist():
        inside = instances.regions[place].window((0, 0, width, height))
        x0, y0, x1, y1 = inside.box_xyxy
        pixels = inside.pixels & ~ignored[y0:y1, x0:x1]
        pair = next((pair for pair in pairs if not (pair[1, y0:y1, x0:x1][pixels]).any()), None)
        if pair is None:
            pair = np.zeros((2, height, width), np.uint16)
            pairs.append(pair)
        pair[0, y0:y1, x0:x1][pixels] = instances.class_ids[place]
        pair[1, y0:y1, x0:x1][pixels] = place + 1
    classes = to_label_map(replace(instances, ignored=ignored)).ids
    return np.concatenate([classes[None], *pairs])


def objects_in(layers: Int64[np.ndarray, "layers h w"]) -> Iterator[tuple[int, Region]]:
    """Class and pixels of each object in (a part of) such layers; numbers below 1 are no object."""
    for classes, numbers in zip(layers[1::2], layers[2::2], strict=True):
        numbers = np.maximum(numbers, 0)
        for number, place in enumerate(ndimage.find_objects(numbers), 1):
            if place is not None:
                rows, columns = place
                pixels: Bool[np.ndarray, "h w"] = numbers[place] == number
                class_id = int(classes[place][pixels][0])
                yield class_id, Region((columns.start, rows.start, columns.stop, rows.stop), pixels)
