"""Instances as one label image for files that can hold no overlap and no class."""

from pathlib import Path

import numpy as np
from jaxtyping import Int32

from maskwright.base.errors import MaskValueError
from maskwright.masks.convert import hidden_pixels, instances_to_labels
from maskwright.masks.types import Instances


def instance_labels(instances: Instances, path: Path, *, allow_loss: bool) -> tuple[Int32[np.ndarray, "h w"], tuple[str, ...]]:
    """Labels 1 to n, and in words what they cannot hold. Raises `MaskValueError` where that is something, unless allowed."""
    labels = instances_to_labels(instances)
    lost = []
    hidden = hidden_pixels(instances)
    if hidden:
        lost.append(f"{hidden} pixels where objects overlap")
    names = [instances.classes[class_id].name for class_id in np.unique(instances.class_ids).tolist()]
    if len(names) > 1:
        lost.append(f"the classes of the objects ({', '.join(names)})")
    if lost and not allow_loss:
        raise MaskValueError(
            f"{path}: a label image would lose {' and '.join(lost)}. Write a format that holds them (COCO), or allow the loss."
        )
    return labels, tuple(lost)
