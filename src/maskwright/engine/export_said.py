"""What an exported file says of an image, as the run's task takes it, and how far two answers agree."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.masks.convert import to_instances
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segmentation
from maskwright.metrics.instance_tally import match_counts
from maskwright.metrics.matching import MatchCounts
from maskwright.metrics.panoptic import tally
from maskwright.plan.objective import detects
from maskwright.plan.plan import Plan
from maskwright.tasks.panoptic_fpn import Found


def said(outputs: Sequence[Any], size_hw: tuple[int, int], plan: Plan) -> Any:
    """Maps, objects, or things and stuff, from the outputs in the order in which the file gives them."""
    if not detects(plan):
        return outputs[1]
    _, scores, class_ids, masks, *stuff = outputs
    things = Instances(
        size_hw=size_hw,
        regions=tuple(Region.of_mask(mask.astype(bool)) for mask in masks),
        class_ids=np.asarray(class_ids, np.int64),
        scores=np.asarray(scores, np.float64),
        is_crowd=np.zeros(len(scores), bool),
        classes=plan.classes,
    )
    return Found(things, stuff[0]) if stuff else things


def agreement(pairs: Sequence[tuple[Segmentation, Segmentation]]) -> tuple[float, str]:
    """How far pairs of segmentations agree, all together, from 0 to 1, and what that counts. Nothing and nothing agree."""
    if all(isinstance(each, LabelMap) for pair in pairs for each in pair):
        same = [first.ids == second.ids for first, second in pairs]  # type: ignore[union-attr]
        return float(np.concatenate([each.ravel() for each in same]).mean()), "pixels"
    counts = MatchCounts.pooled([_counts(*pair) for pair in pairs])
    total = MatchCounts(*(np.array([part.sum()]) for part in vars(counts).values()))
    quality = float(total.panoptic_quality[0])
    return 1.0 if np.isnan(quality) else quality, "panoptic quality"


def _counts(first: Segmentation, second: Segmentation) -> MatchCounts:
    if isinstance(first, Panoptic) and isinstance(second, Panoptic):
        return tally(first, second).counts
    return match_counts(to_instances(first), to_instances(second), (0.5,))
