"""Things as maps of their centres and of the way there from every pixel, and segments found again in such maps.

Each pixel of a thing says where the centre of its thing lies; pixels that point at one centre are one thing (Panoptic-DeepLab,
arXiv:1911.10194). Stuff is what the classes say.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from scipy import ndimage
from scipy.spatial import cKDTree

from maskwright.base.errors import PlanError
from maskwright.masks.classes import Classes
from maskwright.masks.types import Panoptic, Segment

EXTRA_OUTPUTS = 3  # beside the classes: how near the middle of a thing is, and the way there, down and right
OFFSET_PX = 32.0  # pixels that an offset of 1 stands for, so that outputs of a network are neither large nor small
FAR_PX = 1e6  # farther away nothing can be
SMOOTH_PX = 1.0  # sigma; on the flat top of a coarsely rounded map every pixel would be a centre


@dataclass(frozen=True, eq=False)
class CenterMaps:
    """What a network says of an image: probabilities of each class, nearness to centres, and offsets to them in pixels."""

    classes: Float32[np.ndarray, "k h w"]
    heat: Float32[np.ndarray, "h w"]
    offsets_yx: Float32[np.ndarray, "2 h w"]

    @classmethod
    def of_outputs(cls, outputs: Float32[np.ndarray, "k3 h w"]) -> "CenterMaps":
        """The maps from probabilities and the `EXTRA_OUTPUTS`, the nearness smoothed a little."""
        heat = ndimage.gaussian_filter(outputs[-3], SMOOTH_PX, mode="nearest", truncate=3)
        return cls(outputs[:-EXTRA_OUTPUTS], heat, outputs[-2:] * np.float32(OFFSET_PX))


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """How segments are found in maps: what is a centre, and how small a thing and a class of stuff may be."""

    center: float = 0.1  # the least nearness of a centre
    apart: int = 7  # pixels a side of the window in which a centre is the only one
    smallest: int = 8  # pixels of a thing
    least_stuff: float = 0.002  # of the image's pixels, for each class of stuff

    def __post_init__(self) -> None:
        if not (0 < self.center < 1 and self.apart >= 1 and self.smallest >= 1 and 0 <= self.least_stuff < 1):
            raise PlanError(
                "Segments are found with a nearness between 0 and 1, a window and a thing from 1 pixel on and a share of stuff "
                f"from 0 to below 1, not with {self.center}, {self.apart}, {self.smallest} and {self.least_stuff}."
            )


def find_segments(maps: CenterMaps, grouping: Grouping, classes: Classes) -> Panoptic:
    """Every pixel in one segment or void: stuff as the classes say, and pixels of things by the centre that they point at.

    A thing has the class that most of its pixels have. Its score is the nearness at its centre times the mean probability of
    that class. Void are pixels of things where there is no centre, things and stuff that are too small.
    """
    ids = maps.classes.argmax(axis=0)
    is_thing = np.array([info.is_thing for info in classes], bool)
    pixels = is_thing[ids]
    segment_ids = np.zeros(ids.shape, np.int32)
    segments: list[Segment] = []
    areas = np.bincount(ids[~pixels], minlength=len(classes))
    least = max(1.0, grouping.least_stuff * ids.size)
    numbers = np.zeros(len(classes), np.int32)
    for class_id in np.flatnonzero(~is_thing & (areas >= least)).tolist():
        segments.append(Segment(len(segments) + 1, class_id))
        numbers[class_id] = len(segments)
    segment_ids[...] = numbers[ids]
    centers = find_centers(maps.heat, grouping)
    if len(centers) and pixels.any():
        nearest = _nearest(centers, maps.offsets_yx, pixels)
        chosen, areas = np.unique(nearest, return_counts=True)
        votes = np.bincount(nearest * len(classes) + ids[pixels], minlength=len(centers) * len(classes))
        class_ids = votes.reshape(len(centers), len(classes)).argmax(axis=1)
        likely = maps.classes[class_ids[nearest], *np.nonzero(pixels)]
        means = np.bincount(nearest, weights=likely, minlength=len(centers))
        of_center = np.zeros(len(centers), np.int32)
        for center, area in zip(chosen.tolist(), areas.tolist(), strict=True):
            if area >= grouping.smallest:
                y, x = centers[center]
                score = float(np.clip(maps.heat[y, x], 0, 1) * means[center] / area)
                segments.append(Segment(len(segments) + 1, int(class_ids[center]), score))
                of_center[center] = len(segments)
        segment_ids[pixels] = of_center[nearest]
    return Panoptic(segment_ids, tuple(segments), classes)


def find_centers(heat: Float32[np.ndarray, "h w"], grouping: Grouping) -> Int64[np.ndarray, "n 2"]:
    """Row and column of each place that is near enough to a centre and the nearest in its window, the surest first."""
    highest = ndimage.maximum_filter(heat, grouping.apart, mode="nearest")
    found = np.argwhere((heat == highest) & (heat >= grouping.center))
    found = found[np.argsort(-heat[found[:, 0], found[:, 1]], kind="stable")]
    alike = cKDTree(found).query_pairs(grouping.apart // 2, p=np.inf, output_type="ndarray") if len(found) else found
    return np.delete(found, np.unique(alike[:, 1]), axis=0)  # of those in one window, which are equal, the first


def _nearest(
    centers: Int64[np.ndarray, "n 2"], offsets_yx: Float32[np.ndarray, "2 h w"], pixels: Bool[np.ndarray, "h w"]
) -> Int64[np.ndarray, " m"]:
    """The number of the centre nearest to where each of the pixels points."""
    pointed: Float64[np.ndarray, "m 2"] = np.argwhere(pixels) + offsets_yx[:, pixels].T
    within = np.clip(np.nan_to_num(pointed), -FAR_PX, FAR_PX)  # distances that have squares
    return np.asarray(cKDTree(centers).query(within)[1], np.int64)
