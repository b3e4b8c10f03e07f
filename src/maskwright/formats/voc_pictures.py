"""Pascal VOC's two pictures of an image, of object numbers and of classes, read as objects and written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int32, Int64, Num

from maskwright.base.errors import MaskValueError
from maskwright.formats import stored
from maskwright.formats.annotations import object_classes
from maskwright.formats.mask_values import mask_values
from maskwright.formats.palette import write_palette
from maskwright.formats.voc_tables import BACKGROUND, BORDER, LABELMAP, NAMES, color, palette, read_labelmap
from maskwright.masks.classes import Classes
from maskwright.masks.coding import RawMask, number_of, unpacked
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

OBJECTS, CLASSES = "SegmentationObject", "SegmentationClass"
SHOWN = 5


@dataclass(frozen=True, eq=False)
class Table:
    """What numbers and colours in SegmentationClass mean: class ids, or `BORDER` for what is ignored; and the classes."""

    of_number: dict[int, int]
    of_color: dict[int, int]
    classes: Classes
    is_labelmap: bool


def read_table(labelmap: Path) -> Table:
    """The classes of labelmap.txt, or the 20 of VOC where there is no such file. Raises `DataError` as `read_labelmap` does."""
    rows = read_labelmap(labelmap) if labelmap.is_file() else [(name, None) for name in (BACKGROUND, *NAMES)]
    if not any(name.lower() == BACKGROUND for name, _ in rows):
        rows.insert(0, (BACKGROUND, None))
    names, colors = [name for name, _ in rows], [rgb or color(number) for number, (_, rgb) in enumerate(rows)]
    objects = [name for name, rgb in zip(names, colors, strict=True) if name.lower() != BACKGROUND and rgb != color(BORDER)]
    class_of = {name: place for place, name in enumerate(objects, 1)}
    of_number = {
        number: class_of.get(name, BORDER if rgb == color(BORDER) else 0)
        for number, (name, rgb) in enumerate(zip(names, colors, strict=True))
    }
    of_color = {number_of(rgb): of_number[number] for number, rgb in enumerate(colors)}
    return Table(
        {BORDER: BORDER, **of_number},
        {number_of(color(BORDER)): BORDER, **of_color},
        object_classes(objects),
        is_labelmap=labelmap.is_file(),
    )


def read_pictures(objects: Path, classes: Path, table: Table, max_pixels: int) -> Instances:
    """The objects of two pictures of one size. Raises `MaskValueError` on values that are no class, on objects of several
    classes, and on pixels with a class but without an object."""
    of_palette = {number_of(color(number)): number for number in range(BORDER + 1)}
    numbers = _numbers(objects, max_pixels, of_palette, RawMask.numbers)
    ids = _numbers(classes, max_pixels, table.of_color, lambda raw: _class_numbers(raw, table, classes))
    ignored = (numbers == BORDER) | ((ids == BORDER) & (numbers == 0))
    numbers = np.where(numbers == BORDER, 0, numbers)
    alone = (numbers == 0) & (ids != 0) & ~ignored
    if alone.any():
        names = ", ".join(table.classes[id].name for id in np.unique(ids[alone]).tolist())
        raise MaskValueError(
            f"{classes}: {np.count_nonzero(alone)} pixels have a class ({names}) but belong to no object in {objects.name} of "
            f"{OBJECTS}/. Give them to an object, or make them background or {BORDER}."
        )
    found = instances_from_labels(numbers, table.classes)
    class_ids = [_class_of(region, ids, objects, table) for region in found.regions]
    return Instances(
        size_hw=found.size_hw,
        regions=found.regions,
        class_ids=np.array(class_ids, np.int64),
        scores=found.scores,
        is_crowd=found.is_crowd,
        classes=table.classes,
        ignored=ignored if ignored.any() else None,
    )


def _numbers(
    path: Path, max_pixels: int, of_color: dict[int, int], of_numbers: Callable[[RawMask], Num[np.ndarray, "h w"]]
) -> Int64[np.ndarray, "h w"]:
    """The number at every pixel: of RGB pictures by colour, of others as said."""
    raw = mask_values(*stored.read_pixels(path, max_pixels), path)
    return _mapped(raw.colors(), of_color, path, is_color=True) if raw.is_color else of_numbers(raw).astype(np.int64)


def _class_numbers(raw: RawMask, table: Table, path: Path) -> Int64[np.ndarray, "h w"]:
    if table.is_labelmap and raw.palette is not None:
        return _mapped(raw.colors(), table.of_color, path, is_color=True)
    return _mapped(raw.numbers(), table.of_number, path, is_color=False)


def _mapped(values: Int64[np.ndarray, "h w"], table: dict[int, int], path: Path, *, is_color: bool) -> Int64[np.ndarray, "h w"]:
    """What the table says of every value. Raises `MaskValueError` that names the values that are not in it."""
    present, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    unknown = [(value, count) for value, count in zip(present.tolist(), counts.tolist(), strict=True) if value not in table]
    if unknown:
        listed = ", ".join(f"{unpacked(value) if is_color else value} in {count} pixels" for value, count in unknown[:SHOWN])
        known = ", ".join(str(unpacked(value) if is_color else value) for value in sorted(table)[:SHOWN])
        raise MaskValueError(
            f"{path}: holds values that are no class: {listed}. Known are {len(table)}: {known}, ... "
            f"Name the classes in {LABELMAP}, a line NAME:RED,GREEN,BLUE:: each, or correct the picture."
        )
    return np.array([table[value] for value in present.tolist()], np.int64)[places].reshape(values.shape)


def _class_of(region: Region, ids: Int64[np.ndarray, "h w"], objects: Path, table: Table) -> int:
    """The one class that an object's pixels have; `BORDER` among them says nothing."""
    x0, y0, x1, y1 = region.box_xyxy
    values, counts = np.unique(ids[y0:y1, x0:x1][region.pixels], return_counts=True)
    seen = {value: count for value, count in zip(values.tolist(), counts.tolist(), strict=True) if value != BORDER}
    if len(seen) == 1 and 0 not in seen:
        return int(next(iter(seen)))
    listed = ", ".join(f"{table.classes[value].name} in {count} pixels" for value, count in seen.items()) or "none at all"
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
