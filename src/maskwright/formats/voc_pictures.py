"""Pascal VOC's two pictures of an image, of object numbers and of classes, read as objects and written."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int32, Int64

from maskwright.base.errors import MaskValueError
from maskwright.formats import stored
from maskwright.formats.annotations import object_classes
from maskwright.formats.mask_values import mask_values
from maskwright.formats.palette import write_palette
from maskwright.formats.voc_tables import BACKGROUND, BORDER, LABELMAP, NAMES, color, palette, read_labelmap
from maskwright.masks.classes import Classes
from maskwright.masks.coding import number_of, unpacked
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

OBJECTS, CLASSES = "SegmentationObject", "SegmentationClass"
SHOWN = 5


@dataclass(frozen=True, eq=False)
class Table:
    """What numbers and colours of a picture mean. by_color: whether the colours of a palette count, and not its numbers."""

    of_number: dict[int, int]
    of_color: dict[int, int]
    by_color: bool = False


# Pictures of objects: every number is one, whichever way it is coded.
OBJECT_NUMBERS = Table(
    {number: number for number in range(BORDER + 1)}, {number_of(color(number)): number for number in range(BORDER + 1)}
)


def read_table(labelmap: Path) -> tuple[Classes, Table]:
    """The classes of labelmap.txt, or the 20 of VOC where there is no such file, and what stands for their ids.

    What is ignored has the id `BORDER`. Raises `DataError` as `read_labelmap` does.
    """
    is_own = labelmap.is_file()
    rows = read_labelmap(labelmap) if is_own else [(name, None) for name in (BACKGROUND, *NAMES)]
    if not any(name.lower() == BACKGROUND for name, _ in rows):
        rows.insert(0, (BACKGROUND, None))
    of_number, of_color = {BORDER: BORDER}, {number_of(color(BORDER)): BORDER}
    names: list[str] = []
    for number, (name, rgb) in enumerate(rows):
        own = rgb or color(number)
        class_id = BORDER if own == color(BORDER) else 0
        if not class_id and name.lower() != BACKGROUND:
            names.append(name)
            class_id = len(names)
        of_number[number] = of_color[number_of(own)] = class_id
    return object_classes(names), Table(of_number, of_color, by_color=is_own)


def read_pictures(objects: Path, classes: Path, known: Classes, table: Table, max_pixels: int) -> Instances:
    """The objects of two pictures of one size. Raises `MaskValueError` on values that are no class, on objects of several
    classes, and on pixels with a class but without an object."""
    numbers, ids = _numbers(objects, OBJECT_NUMBERS, max_pixels), _numbers(classes, table, max_pixels)
    ignored = (numbers == BORDER) | ((ids == BORDER) & (numbers == 0))
    numbers = np.where(numbers == BORDER, 0, numbers)
    alone = (numbers == 0) & (ids != 0) & ~ignored
    if alone.any():
        names = ", ".join(known[id].name for id in np.unique(ids[alone]).tolist())
        raise MaskValueError(
            f"{classes}: {np.count_nonzero(alone)} pixels have a class ({names}) but belong to no object in {objects.name} of "
            f"{OBJECTS}/. Give them to an object, or make them background or {BORDER}."
        )
    found = instances_from_labels(numbers, known)
    class_ids = [_class_of(region, ids, objects, known) for region in found.regions]
    return Instances(
        size_hw=found.size_hw,
        regions=found.regions,
        class_ids=np.array(class_ids, np.int64),
        scores=found.scores,
        is_crowd=found.is_crowd,
        classes=known,
        ignored=ignored if ignored.any() else None,
    )


def _numbers(path: Path, table: Table, max_pixels: int) -> Int64[np.ndarray, "h w"]:
    """What the table says of every pixel. Raises `MaskValueError` that names the values that are not in it."""
    raw = mask_values(*stored.read_pixels(path, max_pixels), path)
    values, known, colors = raw.numbers(), table.of_number, raw.palette
    if raw.is_color:
        known = table.of_color
    elif table.by_color and colors is not None:
        known = {number: table.of_color[one] for number, one in enumerate(map(number_of, colors)) if one in table.of_color}
    if raw.is_color:
        present, places = np.unique(values, return_inverse=True)
    else:
        present, places = np.arange(int(values.max(initial=0)) + 1), values.ravel()
    counts = np.bincount(places.ravel(), minlength=len(present)).tolist()
    wrong = [(value, counts[at]) for at, value in enumerate(present.tolist()) if counts[at] and value not in known]
    if wrong:
        listed = ", ".join(f"{unpacked(value) if raw.is_color else value} in {count} pixels" for value, count in wrong[:SHOWN])
        raise MaskValueError(
            f"{path}: holds values that are no class: {listed}. Known are {len(known)}. Name the classes in {LABELMAP}, a line "
            f"NAME:RED,GREEN,BLUE:: each, or correct the picture."
        )
    meant = np.array([known.get(value, 0) for value in present.tolist()], np.int64)
    return meant[places].reshape(values.shape)


def _class_of(region: Region, ids: Int64[np.ndarray, "h w"], objects: Path, known: Classes) -> int:
    """The one class that an object's pixels have; `BORDER` among them says nothing."""
    x0, y0, x1, y1 = region.box_xyxy
    values, counts = np.unique(ids[y0:y1, x0:x1][region.pixels], return_counts=True)
    seen = {value: count for value, count in zip(values.tolist(), counts.tolist(), strict=True) if value != BORDER}
    if len(seen) == 1 and 0 not in seen:
        return int(next(iter(seen)))
    listed = ", ".join(f"{known[value].name} in {count} pixels" for value, count in seen.items()) or "none at all"
    raise MaskValueError(
        f"{objects}: the object in the box x {x0} to {x1}, y {y0} to {y1} must have one class in {CLASSES}/, but there is "
        f"{listed}. Correct one of both pictures."
    )


def write_pictures(folder: Path, id: str, name: str, instances: Instances, labels: Int32[np.ndarray, "h w"]) -> list[int]:
    """Write both pictures; returns the places of the objects, of which the first is number 1 and so on.

    Raises `MaskValueError` on what 8 bits do not hold.
    """
    places = (np.flatnonzero(np.bincount(labels.ravel(), minlength=1)[1:])).tolist()
    shift = shift_of(instances.classes)
    if len(places) >= BORDER or len(instances.classes) + shift > BORDER:
        raise MaskValueError(
            f"{name}: Pascal VOC holds {BORDER - 1} objects an image and as many classes, but here are {len(places)} objects "
            f"and {len(instances.classes)} classes. Write coco or labels instead."
        )
    number_at = np.zeros(len(instances) + 1, np.uint8)
    number_at[[place + 1 for place in places]] = np.arange(1, len(places) + 1)
    class_at = np.append(0, instances.class_ids + shift).astype(np.uint8)
    if places and not class_at[1:][places].all():
        raise MaskValueError(f"{name}: an object has the class '{instances.classes[0].name}', which no object can have here.")
    objects, classes = number_at[labels], class_at[labels]
    if instances.ignored is not None:
        objects[instances.ignored] = classes[instances.ignored] = BORDER
    write_palette(folder / OBJECTS / f"{id}.png", objects, palette())
    write_palette(folder / CLASSES / f"{id}.png", classes, palette())
    return places


def shift_of(classes: Classes) -> int:
    """What is added to class ids where 0 has to be the background: 0 where the classes begin with one, else 1."""
    return 0 if classes.background == 0 and not classes[0].is_thing else 1
