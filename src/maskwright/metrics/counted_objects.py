"""Which objects of one image a score counts: what lies on ignored pixels or in a crowd is neither hit nor error."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int64

from maskwright.base.errors import MaskValueError
from maskwright.masks.overlap import ObjectOverlaps, object_overlaps
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, Segmentation


@dataclass(frozen=True, eq=False)
class CountedObjects:
    """The objects of one image as scores see them: without what lies outside the image or on its ignored pixels.

    `aside` marks the true objects that count in nothing: crowds, and objects of which more than half was ignored. A prediction
    in `on_ignored` has more than half of its pixels on ignored pixels; one in `excused`, on ignored pixels and objects aside of
    its class together. An excused prediction that matches no object that counts is not spurious (the rule of arXiv:1801.00868).
    """

    ground_truth: Instances
    prediction: Instances
    aside: Bool[np.ndarray, " n"]
    on_ignored: Bool[np.ndarray, " m"]
    excused: Bool[np.ndarray, " m"]
    overlaps: ObjectOverlaps  # of objects of one class


def counted_objects(ground_truth: Instances, prediction: Instances) -> CountedObjects:
    """Set aside what does not count; the ground truth says which pixels are ignored.

    Raises `MaskValueError` when the two differ in size or classes.
    """
    check_alike(ground_truth, prediction)
    true, true_hidden = _visible(ground_truth, ground_truth.ignored)
    predicted, hidden = _visible(prediction, ground_truth.ignored)
    overlaps = object_overlaps(true.regions, predicted.regions, kinds=(true.class_ids, predicted.class_ids))
    aside = true.is_crowd | (true_hidden > overlaps.true_areas)
    of_aside = aside[overlaps.true]
    in_aside = np.bincount(overlaps.predicted[of_aside], overlaps.pixels[of_aside], len(predicted)).astype(np.int64)
    excused = 2 * (hidden + in_aside) > hidden + overlaps.predicted_areas
    return CountedObjects(true, predicted, aside, hidden > overlaps.predicted_areas, excused, overlaps)


def check_alike(ground_truth: Segmentation, prediction: Segmentation) -> None:
    """Raises `MaskValueError` when two segmentations differ in size or classes."""
    if ground_truth.size_hw != prediction.size_hw:
        (height, width), (predicted_height, predicted_width) = ground_truth.size_hw, prediction.size_hw
        raise MaskValueError(
            f"The ground truth is {width} x {height} pixels, the prediction {predicted_width} x {predicted_height} (width x "
            f"height). They must be of one size; a mask is never resized for a score. Predict in the pixel grid of the image."
        )
    if ground_truth.classes.names != prediction.classes.names:
        raise MaskValueError(
            f"The ground truth has the classes {', '.join(ground_truth.classes.names)}, the prediction "
            f"{', '.join(prediction.classes.names)}. Give both the same classes in the same order."
        )


def _visible(instances: Instances, ignored: Bool[np.ndarray, "h w"] | None) -> tuple[Instances, Int64[np.ndarray, " n"]]:
    """The objects without ignored pixels and what lies outside the image; and how many pixels of each were ignored."""
    height, width = instances.size_hw
    regions, hidden = [], np.zeros(len(instances), np.int64)
    for place, region in enumerate(instances.regions):
        x0, y0, x1, y1 = region.box_xyxy
        left, top = max(x0, 0), max(y0, 0)
        right, bottom = max(min(x1, width), left), max(min(y1, height), top)
        if (left, top, right, bottom) != region.box_xyxy:
            region = Region((left, top, right, bottom), region.pixels[top - y0 : bottom - y0, left - x0 : right - x0])
        if ignored is not None:
            seen = Region(region.box_xyxy, region.pixels & ~ignored[top:bottom, left:right])
            hidden[place] = region.area - seen.area
            region = seen
        regions.append(region)
    return replace(instances, regions=tuple(regions), ignored=None), hidden
