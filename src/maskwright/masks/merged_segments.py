"""Things and stuff that were found apart brought together: every pixel in one segment or void (arXiv:1901.02446, section 3)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt16

from maskwright.base.errors import PlanError
from maskwright.masks.classes import IGNORE
from maskwright.masks.types import Instances, Panoptic, Segment


@dataclass(frozen=True, kw_only=True)
class Merging:
    """What becomes a segment: how sure a thing must be, how much of it surer ones may have, how little stuff there may be."""

    least_score: float = 0.5
    most_taken: float = 0.5  # of a thing's pixels; with more of them in surer things it is one of these again
    least_stuff: float = 0.002  # of the image's pixels, for each class of stuff

    def __post_init__(self) -> None:
        if not (0 <= self.least_score <= 1 and 0 <= self.most_taken <= 1 and 0 <= self.least_stuff < 1):
            raise PlanError(
                "Segments are merged with a score and an overlap from 0 to 1 and a share of stuff from 0 to below 1, not with "
                f"{self.least_score}, {self.most_taken} and {self.least_stuff}."
            )


def merge_segments(things: Instances, stuff: UInt16[np.ndarray, "h w"], merging: Merging) -> Panoptic:
    """Things by falling score, each with the pixels that are left of it; then the stuff on the pixels that no thing has.

    `stuff` holds class ids, and `IGNORE` where no stuff was seen: what no thing has there is void, as are classes of stuff with
    too few pixels.
    """
    segment_ids = np.zeros(things.size_hw, np.int32)
    segments: list[Segment] = []
    for i in np.argsort(-things.scores, kind="stable").tolist():
        if things.scores[i] < merging.least_score:
            break
        region = things.regions[i]
        x0, y0, x1, y1 = region.box_xyxy
        under = segment_ids[y0:y1, x0:x1]
        free = region.pixels & (under == 0)
        left = int(np.count_nonzero(free))
        if left and region.area - left <= merging.most_taken * region.area:
            segments.append(Segment(len(segments) + 1, int(things.class_ids[i]), float(things.scores[i])))
            under[free] = len(segments)
    untaken = np.where(segment_ids == 0, stuff, IGNORE)
    areas = np.bincount(untaken.ravel(), minlength=IGNORE + 1)[:IGNORE]
    least = max(1.0, merging.least_stuff * untaken.size)
    for class_id in np.flatnonzero(areas >= least).tolist():
        segments.append(Segment(len(segments) + 1, class_id))
        segment_ids[untaken == class_id] = len(segments)
    return Panoptic(segment_ids, tuple(segments), things.classes)
