"""What a detector finds in a tile, drawn on its pixels."""

import numpy as np

from maskwright.masks.classes import Classes
from maskwright.masks.types import Instances
from maskwright.models.paste import paste
from maskwright.models.roi_heads import Detections


def drawn(found: Detections, size_hw: tuple[int, int], classes: Classes) -> Instances:
    """Masks on the pixels of a tile; what has none there is no object."""
    boxes, masks = found.boxes_xyxy.float().cpu().numpy(), found.masks.float().cpu().numpy()
    regions = [paste(mask, box, size_hw) for mask, box in zip(masks, boxes, strict=True)]
    shown = np.array([region.area > 0 for region in regions], bool)
    return Instances(
        size_hw=size_hw,
        regions=tuple(region for region in regions if region.area),
        class_ids=found.class_ids.cpu().numpy()[shown],
        scores=found.scores.double().cpu().numpy()[shown],
        is_crowd=np.zeros(int(shown.sum()), bool),
        classes=classes,
    )
