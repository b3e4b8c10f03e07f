"""One kind of segmentation into another, and what is lost on the way."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int32, Integer
from scipy import ndimage

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.region import Region
from maskwright.masks.regions import components, distinct
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segment, Segmentation

DENSE = 1 << 20  # numbers of objects up to here are looked up in a list of so many; beyond, they are sorted


def to_label_map(segmentation: Segmentation) -> LabelMap:
    """The class of every pixel. Lost: which object a pixel belongs to, scores, and what lies under another object.

    Pixels of no object get class 0. Where objects overlap, crowds are painted first, then by rising score, so that the surest
    object lies on top; of equals, the later. Ignored pixels and the void of a panoptic map become `IGNORE`.
    """
    if isinstance(segmentation, LabelMap):
        return segmentation
    if isinstance(segmentation, Panoptic):
        values, places = distinct(segmentation.segment_ids)
        class_of = {segment.id: segment.class_id for segment in segmentation.segments} | {0: IGNORE}
        ids = np.array([class_of[value] for value in values.tolist()], np.uint16)
        return LabelMap(ids[places], segmentation.classes)
    ids = np.append(0, segmentation.class_ids).astype(np.uint16)[instances_to_labels(segmentation)]
    if segmentation.ignored is not None:
        ids[segmentation.ignored] = IGNORE
    return LabelMap(ids, segmentation.classes)


def to_instances(segmentation: Segmentation) -> Instances:
    """The objects of a segmentation; of a label map, each connected part of a class but class 0.

    Lost: touching objects of a label map are one; the stuff of a panoptic map. Ignored pixels stay ignored.
    """
    if isinstance(segmentation, Instances):
        return segmentation
    if isinstance(segmentation, Panoptic):
        return things_of(segmentation)
    regions: list[Region] = []
    class_ids: list[int] = []
    for class_id in np.unique(segmentation.ids).tolist():
        if class_id not in (0, IGNORE):
            parts = [region for _, region in _regions(components(segmentation.ids == class_id)[0])]
            regions += parts
            class_ids += [class_id] * len(parts)
    ignored = segmentation.ids == IGNORE
    return Instances(
        size_hw=segmentation.size_hw,
        regions=tuple(regions),
        class_ids=np.array(class_ids, np.int64),
        scores=np.ones(len(regions)),
        is_crowd=np.zeros(len(regions), bool),
        classes=segmentation.classes,
        ignored=ignored if ignored.any() else None,
    )


def instances_from_labels(labels: Integer[np.ndarray, "h w"], classes: Classes, class_id: int = 1) -> Instances:
    """Each value above 0 as one object of one class, by rising value. The parts of an object stay together.

    Raises `MaskValueError` on values below 0.
    """
    if labels.size and labels.min() < 0:
        raise MaskValueError(f"Object numbers are 0 (no object) and above, not {labels.min()}.")
    regions = tuple(region for _, region in _regions(labels))
    return Instances(
        size_hw=(labels.shape[0], labels.shape[1]),
        regions=regions,
        class_ids=np.full(len(regions), class_id, np.int64),
        scores=np.ones(len(regions)),
        is_crowd=np.zeros(len(regions), bool),
        classes=classes,
    )


def instances_to_labels(instances: Instances) -> Int32[np.ndarray, "h w"]:
    """The number of the object at every pixel: its place in `instances` plus one; 0 where there is none.

    Lost: classes, scores, crowd marks, ignored pixels, and what lies under another object (`hidden_pixels` counts it). Who is
    on top is decided as in `to_label_map`.
    """
    labels = np.zeros(instances.size_hw, np.int32)
    for i in np.lexsort((instances.scores, ~instances.is_crowd)).tolist():
        rows, columns, pixels = _inside(instances.regions[i], instances.size_hw)
        labels[rows, columns][pixels] = i + 1
    return labels


def hidden_pixels(instances: Instances) -> int:
    """How many pixels of objects `instances_to_labels` and `to_label_map` lose, since another object lies over them."""
    inside = (_inside(region, instances.size_hw)[2] for region in instances.regions)
    return sum(int(np.count_nonzero(pixels)) for pixels in inside) - int(np.count_nonzero(instances_to_labels(instances)))


def to_panoptic(label_map: LabelMap, instances: Instances | None = None) -> Panoptic:
    """Stuff from a label map, things from instances laid over it; each class of stuff is one segment.

    Pixels that the label map gives to a thing class but no object covers have no object to belong to: they become void, as
    ignored pixels do. Without instances, every class is taken for stuff. Raises `MaskValueError` when the two do not fit.
    """
    things = _no_instances(label_map) if instances is None else instances
    if things.size_hw != label_map.size_hw or things.classes != label_map.classes:
        raise MaskValueError("Label map and instances must have one size and the same classes to become one panoptic map.")
    objects = instances_to_labels(things)
    segment_ids = np.zeros(label_map.size_hw, np.int32)
    segments: list[Segment] = []
    for class_id in np.unique(label_map.ids[objects == 0]).tolist():
        if class_id != IGNORE and (instances is None or not label_map.classes[class_id].is_thing):
            segments.append(Segment(len(segments) + 1, class_id))
            segment_ids[(label_map.ids == class_id) & (objects == 0)] = len(segments)
    for number in np.unique(objects[objects > 0]).tolist():
        i = number - 1
        segments.append(Segment(len(segments) + 1, int(things.class_ids[i]), float(things.scores[i]), bool(things.is_crowd[i])))
        segment_ids[objects == number] = len(segments)
    if things.ignored is not None:
        segment_ids[things.ignored] = 0
        drawn = set(np.unique(segment_ids).tolist())
        segments = [segment for segment in segments if segment.id in drawn]
    return Panoptic(segment_ids, tuple(segments), label_map.classes)


def panoptic_of(segmentation: Segmentation) -> Panoptic:
    """The segment of every pixel, of any kind of segmentation.

    Of instances, every object is a segment, what no object covers is one of class 0 (void, where that is a class of things),
    and ignored pixels are void; lost is what lies under other objects. Of a label map, each class of stuff is a segment and
    each connected part of a class of things is one, so that things that touch are one. A panoptic map is given back as it is.
    """
    if isinstance(segmentation, Panoptic):
        return segmentation
    if isinstance(segmentation, Instances):
        return panoptic_from_labels(instances_to_labels(segmentation), segmentation)
    segment_ids = np.zeros(segmentation.size_hw, np.int32)
    segments: list[Segment] = []
    for class_id in np.unique(segmentation.ids[segmentation.ids != IGNORE]).tolist():
        pixels = segmentation.ids == class_id
        parts, count = components(pixels) if segmentation.classes[class_id].is_thing else (pixels.astype(np.int32), 1)
        segment_ids[pixels] = parts[pixels] + len(segments)
        segments += [Segment(len(segments) + number, class_id) for number in range(1, count + 1)]
    return Panoptic(segment_ids, tuple(segments), segmentation.classes)


def panoptic_from_labels(labels: Int32[np.ndarray, "h w"], instances: Instances) -> Panoptic:
    """Objects as such labels show them, which hold the place of an object plus one, as `instances_to_labels` gives them.

    What no object covers, what is ignored and what is lost: as in `panoptic_of`.
    """
    ground = 0 if instances.classes[0].is_thing else 1  # segments before the first object
    segment_ids = labels + np.int32(ground)
    if instances.ignored is not None:
        segment_ids[instances.ignored] = 0
    is_seen = np.bincount(segment_ids.ravel(), minlength=len(instances) + 1 + ground) > 0
    segments = [Segment(1, 0)] if ground and is_seen[1] else []
    for place in np.flatnonzero(is_seen[1 + ground :]).tolist():
        score, is_crowd = float(instances.scores[place]), bool(instances.is_crowd[place])
        segments.append(Segment(place + 1 + ground, int(instances.class_ids[place]), score, is_crowd))
    return Panoptic(segment_ids, tuple(segments), instances.classes)


def things_of(panoptic: Panoptic) -> Instances:
    """The segments of thing classes as instances; void is ignored. Lost: the stuff."""
    return _as_instances(panoptic, [one for one in panoptic.segments if panoptic.classes[one.class_id].is_thing])


def segments_of(panoptic: Panoptic) -> Instances:
    """All segments as instances, those of stuff too; void is ignored. Lost: the ids."""
    return _as_instances(panoptic, panoptic.segments)


def _as_instances(panoptic: Panoptic, chosen: Sequence[Segment]) -> Instances:
    regions = dict(_regions(panoptic.segment_ids))
    void = panoptic.segment_ids == 0
    return Instances(
        size_hw=panoptic.size_hw,
        regions=tuple(regions[segment.id] for segment in chosen),
        class_ids=np.array([segment.class_id for segment in chosen], np.int64),
        scores=np.array([segment.score for segment in chosen], np.float64),
        is_crowd=np.array([segment.is_crowd for segment in chosen], bool),
        classes=panoptic.classes,
        ignored=void if void.any() else None,
    )


def _regions(labels: Integer[np.ndarray, "h w"]) -> list[tuple[int, Region]]:
    """Each value but 0 with its region, by rising value; the values may be as sparse as panoptic ids are."""
    if labels.size and 0 <= labels.min() and labels.max() <= DENSE:  # no sorting of all pixels
        found = enumerate(ndimage.find_objects(labels.astype(np.int32, copy=False)), 1)
        return [
            (value, Region((box[1].start, box[0].start, box[1].stop, box[0].stop), labels[box] == value))
            for value, box in found
            if box is not None
        ]
    values, places = distinct(labels)
    boxes = zip(values.tolist(), ndimage.find_objects(places + 1), strict=True)
    return [
        (value, Region((columns.start, rows.start, columns.stop, rows.stop), labels[rows, columns] == value))
        for value, (rows, columns) in boxes
        if value != 0
    ]


def _inside(region: Region, size_hw: tuple[int, int]) -> tuple[slice, slice, Bool[np.ndarray, "h w"]]:
    """The part of a region that lies on an image of this size: its rows, its columns, and its pixels there."""
    x0, y0, x1, y1 = region.box_xyxy
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, size_hw[1]), min(y1, size_hw[0])
    if left >= right or top >= bottom:
        return slice(0, 0), slice(0, 0), np.zeros((0, 0), bool)
    return slice(top, bottom), slice(left, right), region.pixels[top - y0 : bottom - y0, left - x0 : right - x0]


def _no_instances(label_map: LabelMap) -> Instances:
    return instances_from_labels(np.zeros(label_map.size_hw, np.int32), label_map.classes)
