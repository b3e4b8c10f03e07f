"""How large the objects of a data set are, and how close they lie: what touches, and what lies under others."""

from dataclasses import dataclass, field

import numpy as np

from maskwright.masks.convert import hidden_pixels, instances_to_labels
from maskwright.masks.types import Instances

SIDES = (10.0, 90.0)  # percentiles: how small and how large most objects are
EXTENT = 99.0  # percentile: nearly the largest


@dataclass
class Crowding:
    """Grows by the objects of one image at a time."""

    box_areas: list[int] = field(default_factory=list)
    longer_sides: list[int] = field(default_factory=list)
    pixels: int = 0
    hidden: int = 0  # pixels under other objects
    close: int = 0  # objects that touch or overlap another

    def add(self, instances: Instances) -> None:
        """Count the objects of an image."""
        boxes = [region.box_xyxy for region in instances.regions]
        self.box_areas += [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes]
        self.longer_sides += [max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in boxes]
        self.pixels += sum(region.area for region in instances.regions)
        self.hidden += hidden_pixels(instances)
        self.close += _close(instances)

    @property
    def extent(self) -> float | None:
        """The longer side of the box of nearly the largest object; None without objects."""
        return float(np.percentile(self.longer_sides, EXTENT)) if self.longer_sides else None

    @property
    def sides(self) -> tuple[float, float] | None:
        """How small and how large most objects are: sides of squares of their boxes' areas; None without objects."""
        if not self.box_areas:
            return None
        low, high = np.sqrt(np.percentile(self.box_areas, SIDES)).tolist()
        return low, high

    @property
    def overlap(self) -> float:
        """The share of the objects' pixels that lie under others."""
        return self.hidden / max(self.pixels, 1)

    @property
    def touching(self) -> float:
        """The share of the objects that touch or overlap another."""
        return self.close / max(len(self.box_areas), 1)


def _close(instances: Instances) -> int:
    """How many objects have a neighbour at an edge, or lie over or under another."""
    labels = instances_to_labels(instances)
    touching = np.zeros(len(instances) + 1, bool)
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        meet = (one != other) & (one > 0) & (other > 0)
        touching[one[meet]] = touching[other[meet]] = True
    shown = np.bincount(labels.ravel(), minlength=len(instances) + 1)[1:]
    areas = np.array([region.area for region in instances.regions], np.int64)
    return int(np.count_nonzero(touching[1:] | (shown < areas)))
