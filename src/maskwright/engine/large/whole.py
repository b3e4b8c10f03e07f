"""A plane that is predicted whole, since objects are found in it one by one: what is found in the form of one strip."""

import numpy as np

from maskwright.base.errors import PlanError
from maskwright.engine.large.plane import Plane
from maskwright.engine.predict import Predictor
from maskwright.formats.large_image import LARGE_PIXELS
from maskwright.masks.convert import instances_to_labels
from maskwright.masks.object_stream import Carry, Found
from maskwright.masks.types import Instances


def found_whole(predictor: Predictor, plane: Plane) -> Found:
    """All rows of the plane. Raises `PlanError` where it is too large for that, or where its segments are no objects."""
    height, width = plane.image.size_hw
    if predictor.plan.task != "instance":
        raise PlanError(
            "stacks and images that are read part by part are predicted into classes or objects, and this run finds things and "
            "stuff at once. Save every plane as a file of its own, or train with --task semantic or instance."
        )
    if height * width > LARGE_PIXELS:
        raise PlanError(
            f"the image has {width} x {height} pixels, and a run that finds objects one by one needs it whole. Cut it into "
            "smaller ones, or train with --model unet."
        )
    instances = predictor(plane.pixels((0, 0, width, height)))
    assert isinstance(instances, Instances)  # what such runs find
    labels = instances_to_labels(instances)
    areas = np.bincount(labels.ravel(), minlength=len(instances) + 1)[1:]
    objects = np.zeros((len(instances), 1 + len(predictor.plan.classes)))
    objects[:, 0], objects[:, 1] = np.arange(1, len(instances) + 1), areas
    objects[np.arange(len(instances)), 1 + instances.class_ids] = instances.scores * areas  # each surely of its class
    end = Carry(height, np.zeros((0, width), np.int32), np.zeros(width, np.int32), (), len(instances) + 1)
    return Found(0, labels, objects[areas > 0], end)
