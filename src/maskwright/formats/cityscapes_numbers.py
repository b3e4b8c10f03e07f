"""The numbers of Cityscapes' instanceIds pictures: a class's id times 1000 plus one for each object, or the id alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int32, Int64

from maskwright.base.errors import MaskValueError
from maskwright.formats import stored
from maskwright.formats.annotations import Holds, Loss
from maskwright.formats.cityscapes_table import CLASSES, IGNORED, LABELS, THINGS, UNLABELED
from maskwright.formats.flat import flatten
from maskwright.formats.mask_values import mask_values
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.polygons import is_hole, outline
from maskwright.masks.types import Instances

EACH = 1000  # numbers a class; below it a number is a class whose objects are not told apart
SHOWN = 5


def read_numbers(file: Path, max_pixels: int) -> Instances:
    """The things of a picture, groups as crowds. Raises `MaskValueError` on numbers that are no class of Cityscapes."""
    raw = mask_values(*stored.read_pixels(file, max_pixels), file)
    if raw.values.dtype not in (np.uint8, np.uint16) or raw.is_color:
        kind = "colours" if raw.is_color else f"numbers of the type {raw.values.dtype}"
        raise MaskValueError(f"{file}: holds {kind}, but numbers of 16 bits are expected. Export it again.")
    numbers = raw.values.astype(np.int64)
    counts = np.bincount(numbers.ravel())
    present = np.flatnonzero(counts).tolist()
    _check({value: int(counts[value]) for value in present}, file)
    class_of = {label.id: place for place, label in enumerate(THINGS, 1)}
    ids = {value: value if value < EACH else value // EACH for value in present}
    values = [value for value in present if ids[value] in class_of]
    is_object = np.zeros(len(counts), bool)
    is_object[values] = True
    found = instances_from_labels(np.where(is_object[numbers], numbers, 0), CLASSES)
    ignored = np.isin(numbers, IGNORED)
    return Instances(
        size_hw=found.size_hw,
        regions=found.regions,
        class_ids=np.array([class_of[ids[value]] for value in values], np.int64),
        scores=found.scores,
        is_crowd=np.array([value < EACH for value in values], bool),
        classes=CLASSES,
        ignored=ignored if ignored.any() else None,
    )


def _check(pixels: dict[int, int], file: Path) -> None:
    """Raises `MaskValueError` that names the numbers that are no class, with their pixels."""
    known, things = {label.id for label in LABELS}, {label.id for label in THINGS}
    wrong = [value for value in pixels if (value not in known if value < EACH else value // EACH not in things)]
    if wrong:
        listed = ", ".join(f"{value} in {pixels[value]} pixels" for value in wrong[:SHOWN])
        raise MaskValueError(
            f"{file}: holds numbers that are no class of Cityscapes: {listed}. Below {EACH} they are ids from 0 to "
            f"{LABELS[-1].id}, above it {EACH} times the id of a thing ({THINGS[0].id} to {THINGS[-1].id}) and up."
        )


def numbers_of(name: str, instances: Instances, holds: Holds) -> tuple[Int64[np.ndarray, "h w"], list[Loss]]:
    """The number of every pixel, and what it cannot hold. Raises `MaskValueError` on more than 1000 objects of a class."""
    id_of = {label.name: label.id for label in THINGS}
    names = [instances.classes[class_id].name for class_id in instances.class_ids.tolist()]
    kept = [place for place, each in enumerate(names) if each in id_of]
    things = instances.take(kept)
    labels, lost = flatten(name, things, holds)
    number_at = np.append(UNLABELED, _numbered(name, [names[place] for place in kept], things, id_of))
    lost += _merged(name, number_at, labels)
    losses = [loss if loss.object is None else replace(loss, object=kept[loss.object]) for loss in lost]
    for place, each in enumerate(names):
        if each not in id_of:
            losses.append(Loss(name, place, f"Cityscapes has no things of the class '{each}'; it is left out", 0.0))
    numbers = number_at[labels]
    bare = numbers == UNLABELED if instances.ignored is None else (numbers == UNLABELED) & ~instances.ignored
    if bare.any():
        what = f"{np.count_nonzero(bare)} pixels of no object become 'unlabeled', which counts in no score"
        losses.append(Loss(name, None, what))
    return numbers, losses


def polygons_of(numbers: Int64[np.ndarray, "h w"]) -> dict[str, Any]:
    """The value of a polygons file: rings in the order in which they are painted, holes as 'unlabeled'.

    What encloses others comes first, since what is painted later lies on top. An object of several parts has several rings.
    """
    found = instances_from_labels(numbers, CLASSES)
    values = np.unique(numbers[numbers != UNLABELED]).tolist()
    names = {label.id: label.name for label in THINGS}
    drawn = []
    for value, region in zip(values, found.regions, strict=True):
        x0, y0, x1, y1 = region.box_xyxy
        name = names[value // EACH] if value >= EACH else f"{names[value]}group"
        rings = sorted(outline(region.pixels), key=is_hole)
        polygons = [(ring + np.array([x0, y0])).astype(int).tolist() for ring in rings]
        labels = ["unlabeled" if is_hole(ring) else name for ring in rings]
        objects = [{"label": label, "polygon": polygon} for label, polygon in zip(labels, polygons, strict=True)]
        drawn.append(((x1 - x0) * (y1 - y0), objects))
    drawn.sort(key=lambda one: one[0], reverse=True)
    height, width = numbers.shape
    return {"imgHeight": height, "imgWidth": width, "objects": [each for _, objects in drawn for each in objects]}


def _numbered(name: str, names: Sequence[str], things: Instances, id_of: dict[str, int]) -> Int64[np.ndarray, " n"]:
    """The number of each thing: its class's id for a crowd, else one that no other has."""
    numbers = np.zeros(len(names), np.int64)
    for place, each in enumerate(names):
        numbers[place] = id_of[each] if things.is_crowd[place] else id_of[each] * EACH
    for each in dict.fromkeys(names):
        own = np.flatnonzero(numbers == id_of[each] * EACH)
        if len(own) > EACH:
            raise MaskValueError(
                f"{name}: Cityscapes numbers {EACH} objects of a class in an image, not {len(own)} of the class '{each}'. "
                f"Write coco or labels instead."
            )
        numbers[own] += np.arange(len(own))
    return numbers


def _merged(name: str, number_at: Int64[np.ndarray, " n"], labels: Int32[np.ndarray, "h w"]) -> list[Loss]:
    """Crowds of one class, which become one."""
    seen = np.bincount(labels.ravel(), minlength=len(number_at))
    losses = []
    for number in np.unique(number_at[(number_at > 0) & (number_at < EACH)]).tolist():
        places = np.flatnonzero((number_at == number) & (seen > 0))
        total = int(seen[places].sum())
        if len(places) > 1:
            what = "it becomes one with the other crowds of its class"
            losses += [Loss(name, place - 1, what, int(seen[place]) / total) for place in places.tolist()]
    return losses
