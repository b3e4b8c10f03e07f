"""The three kinds of segmentation: every pixel a class, every object a mask, or both at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64, UInt16

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.region import Region


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Semantic: the class id of every pixel, or `IGNORE`. Raises `MaskValueError` on an id that is no class."""

    ids: UInt16[np.ndarray, "h w"]
    classes: Classes

    def __post_init__(self) -> None:
        if self.ids.dtype != np.uint16 or self.ids.ndim != 2:
            raise MaskValueError(f"A label map is a 2D uint16 array, not {self.ids.dtype} of shape {self.ids.shape}.")
        known = self.ids < len(self.classes)
        if not known.all():
            unknown = sorted(set(np.unique(self.ids[~known]).tolist()) - {IGNORE})
            if unknown:
                raise MaskValueError(
                    f"The label map holds the ids {unknown[:8]}, but there are {len(self.classes)} classes "
                    f"(0 to {len(self.classes) - 1}; {IGNORE} is ignored)."
                )
        self.ids.setflags(write=False)

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.ids.shape


@dataclass(frozen=True, eq=False)
class Instances:
    """Instance: objects that may overlap, each with a class, a score (1 for ground truth) and the crowd mark of COCO.

    Pixels under `ignored` count in no score and no loss; None ignores nothing.
    """

    size_hw: tuple[int, int]
    regions: tuple[Region, ...]
    class_ids: Int64[np.ndarray, " n"]
    scores: Float64[np.ndarray, " n"]
    is_crowd: Bool[np.ndarray, " n"]
    classes: Classes
    ignored: Bool[np.ndarray, "h w"] | None = None

    def __post_init__(self) -> None:
        for name, array in (("class_ids", self.class_ids), ("scores", self.scores), ("is_crowd", self.is_crowd)):
            if array.shape != (len(self.regions),):
                raise MaskValueError(f"{len(self.regions)} regions need as many {name}, not {array.shape}.")
            array.setflags(write=False)
        if len(self.class_ids) and not (0 <= self.class_ids.min() and self.class_ids.max() < len(self.classes)):
            raise MaskValueError(f"Class ids of instances must lie in 0 to {len(self.classes) - 1}.")
        if self.ignored is not None:
            if self.ignored.shape != self.size_hw:
                raise MaskValueError(f"The ignored pixels have the size {self.ignored.shape}, not {self.size_hw}.")
            self.ignored.setflags(write=False)

    def __len__(self) -> int:
        return len(self.regions)

    def take(self, places: Sequence[int]) -> "Instances":
        """The objects at these places alone, in this order."""
        chosen = np.array(places, np.int64)
        return replace(
            self,
            regions=tuple(self.regions[place] for place in places),
            class_ids=self.class_ids[chosen],
            scores=self.scores[chosen],
            is_crowd=self.is_crowd[chosen],
        )


@dataclass(frozen=True)
class Segment:
    """One region of a panoptic map: COCO's `segments_info` row."""

    id: int
    class_id: int
    score: float = 1.0
    is_crowd: bool = False


@dataclass(frozen=True, eq=False)
class Panoptic:
    """Panoptic: the segment of every pixel, 0 is void. The map and the segment list name the same ids."""

    segment_ids: Int32[np.ndarray, "h w"]
    segments: tuple[Segment, ...]
    classes: Classes

    def __post_init__(self) -> None:
        if self.segment_ids.dtype != np.int32 or self.segment_ids.ndim != 2:
            raise MaskValueError(f"A panoptic map is a 2D int32 array, not {self.segment_ids.dtype}.")
        listed, drawn = {segment.id for segment in self.segments}, set(np.unique(self.segment_ids).tolist()) - {0}
        if len(listed) != len(self.segments) or 0 in listed:
            raise MaskValueError("Segment ids must be unique and not 0 (void).")
        if listed != drawn:
            raise MaskValueError(
                f"Segments without pixels: {sorted(listed - drawn)[:8]}; "
                f"pixels without a segment: {sorted(drawn - listed)[:8]}."
            )
        if any(not 0 <= segment.class_id < len(self.classes) for segment in self.segments):
            raise MaskValueError(f"Class ids of segments must lie in 0 to {len(self.classes) - 1}.")
        self.segment_ids.setflags(write=False)

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.segment_ids.shape


Segmentation = LabelMap | Instances | Panoptic
