"""Objects as maps that a network can learn pixel by pixel, and objects found again in such maps.

Touching objects cannot be told apart by their class. Three maps can: what class a pixel has, whether it lies on an outline, and
how deep inside its object it lies, from 0 at the outline to 1 in the middle, whatever the object's size. Seeds grow from the
middles by a watershed (arXiv:1505.04597 weights the borders between cells; distances as in arXiv:1611.08303).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64, UInt16
from scipy import ndimage
from skimage.segmentation import watershed

from maskwright.base.errors import PlanError
from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_to_labels, to_label_map
from maskwright.masks.region import Region
from maskwright.masks.regions import boundaries, components
from maskwright.masks.types import Instances

DEPTH_STEPS = 1000  # of the depth layer, which is kept in whole numbers
DEEP_PX = 6.0  # as deep as any object is said to be: the middle of a large one looks alike everywhere, and so does its depth
SMOOTH_PX = 1.0  # sigma; what a network draws is ragged, and each ragged peak would be a seed
CLASS, OUTLINE, DEPTH = range(3)  # layers


@dataclass(frozen=True, eq=False)
class ObjectMaps:
    """What a network says of an image: probabilities of each class and of outlines, and depths from 0 to 1."""

    classes: Float32[np.ndarray, "k h w"]
    outline: Float32[np.ndarray, "h w"]
    depth: Float32[np.ndarray, "h w"]

    @cached_property
    def foreground(self) -> Float32[np.ndarray, "h w"]:
        """The probability of belonging to any object."""
        return np.asarray(self.classes[1:].sum(axis=0))

    @cached_property
    def middles(self) -> Float32[np.ndarray, "h w"]:
        """Depths, smoothed and none on outlines: where objects are grown from."""
        return np.asarray(ndimage.gaussian_filter(self.depth * (1 - self.outline), SMOOTH_PX, mode="nearest", truncate=3))


@dataclass(frozen=True, kw_only=True)
class Finding:
    """How objects are found in maps: where there is foreground, where a seed, and how small and doubtful an object may be."""

    foreground: float = 0.5  # the least probability that a pixel belongs to any object
    seed: float = 0.4  # the least depth of a seed
    smallest: int = 8  # pixels of an object
    sure: float = 0.0  # the least mean probability over an object's pixels that they belong to any

    def __post_init__(self) -> None:
        if not (0 < self.foreground < 1 and 0 < self.seed < 1 and self.smallest >= 1 and 0 <= self.sure < 1):
            raise PlanError(
                f"Objects are found with thresholds between 0 and 1 and from 1 pixel on, not with {self.foreground}, "
                f"{self.seed}, {self.sure} and {self.smallest}."
            )


def to_maps(instances: Instances) -> UInt16[np.ndarray, "3 h w"]:
    """The layers `CLASS` (0 is no object, `IGNORE` is left out), `OUTLINE` (0 or 1), `DEPTH` (in `DEPTH_STEPS`).

    Lost: what lies under another object. An object that the image cuts is taken to go on beyond its rim.
    """
    labels = instances_to_labels(instances)
    maps = np.zeros((3, *labels.shape), np.uint16)
    maps[CLASS] = to_label_map(instances).ids
    maps[OUTLINE] = boundaries(labels)
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        if place is not None:
            depth = _depth(labels[place] == number, place, labels.shape)
            maps[DEPTH][place] += np.rint(depth * DEPTH_STEPS).astype(np.uint16)  # 0 outside, where others lie
    return maps


def _depth(pixels: Bool[np.ndarray, "h w"], place: tuple[slice, ...], size_hw: tuple[int, int]) -> Float32[np.ndarray, "h w"]:
    """Distance from the outside, divided by the largest or by `DEEP_PX`; the rim of the image is no outside."""
    around = [(int(side.start > 0), int(side.stop < size)) for side, size in zip(place, size_hw, strict=True)]
    padded = np.pad(pixels, around)
    if padded.all():
        return np.ones(pixels.shape, np.float32)
    distances = ndimage.distance_transform_edt(padded)
    inside = tuple(slice(before, before + side) for (before, _), side in zip(around, pixels.shape, strict=True))
    return np.asarray(np.minimum(distances[inside] / min(distances.max(), DEEP_PX), 1), np.float32)


def find_objects(maps: ObjectMaps, finding: Finding) -> Int32[np.ndarray, "h w"]:
    """The number of the object at every pixel, from 1 on; 0 is none. Objects are connected.

    Seeds are the connected parts deeper than the threshold; parts of the foreground without a seed are objects as they are, so
    that small and thin ones are not lost.
    """
    return believable(grow(maps, finding), maps, finding)


def grow(maps: ObjectMaps, finding: Finding) -> Int32[np.ndarray, "h w"]:
    """The objects of `find_objects` with small and doubtful ones among them, in numbers that may have gaps."""
    return grown_in(maps.foreground >= finding.foreground, maps.middles, finding)


def grown_in(
    foreground: Bool[np.ndarray, "h w"], middles: Float32[np.ndarray, "h w"], finding: Finding
) -> Int32[np.ndarray, "h w"]:
    """As `grow`, in a foreground that is known. What one connected part of it becomes depends on no other part."""
    seeds, count = components(foreground & (middles >= finding.seed), connectivity=4)
    parts, several = components(foreground, connectivity=4)
    pairs = np.unique(parts[seeds > 0].astype(np.int64) * (count + 1) + seeds[seeds > 0])
    part, seed = np.divmod(pairs, count + 1)
    numbers = np.arange(count, count + several + 1, dtype=np.int32)  # of parts without a seed, above all seeds
    numbers[0], numbers[part] = 0, seed
    shared = np.bincount(part, minlength=several + 1) > 1
    labels = np.asarray(numbers[parts])
    if shared.any():  # only where several seeds meet in one part is there a border to find
        contested = shared[parts]
        grown = watershed(-middles, np.where(contested, seeds, 0), mask=contested)  # type: ignore[no-untyped-call]
        labels = np.where(contested, grown, labels).astype(np.int32)
    return labels


def believable(labels: Int32[np.ndarray, "h w"], maps: ObjectMaps, finding: Finding) -> Int32[np.ndarray, "h w"]:
    """The objects that are large and sure enough, numbered anew without gaps."""
    areas, (sums,) = _totals(labels, maps.foreground[None])
    kept = (areas >= finding.smallest) & (sums >= finding.sure * areas)
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return np.asarray(numbers[labels])


def instances_of(labels: Int32[np.ndarray, "h w"], maps: ObjectMaps, classes: Classes) -> Instances:
    """Objects of a label image with the class that their pixels give the largest probability, and that as their score."""
    areas, sums = (each[..., 1:] for each in _totals(labels, maps.classes[1:]))
    means = sums / np.maximum(areas, 1)
    regions = []
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        assert place is not None  # numbers have no gaps
        rows, columns = place
        regions.append(Region((columns.start, rows.start, columns.stop, rows.stop), labels[place] == number))
    return Instances(
        size_hw=(labels.shape[0], labels.shape[1]),
        regions=tuple(regions),
        class_ids=np.asarray(means.argmax(axis=0) + 1, np.int64),
        scores=np.asarray(means.max(axis=0), np.float64),
        is_crowd=np.zeros(len(areas), bool),
        classes=classes,
    )


def _totals(
    labels: Int32[np.ndarray, "h w"], layers: Float32[np.ndarray, "k h w"]
) -> tuple[Int64[np.ndarray, " n"], Float64[np.ndarray, "k n"]]:
    """How many pixels each object has, by its number, and the sum of each layer over them; of number 0, which is none, 0."""
    inside = labels > 0
    counted, numbers = labels[inside], int(labels.max(initial=0)) + 1
    sums = [np.bincount(counted, weights=layer[inside], minlength=numbers) for layer in layers]
    return np.bincount(counted, minlength=numbers), np.stack(sums).astype(np.float64)  # of no pixels bincount gives integers
