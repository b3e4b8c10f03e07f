"""Objects or segments of two sides scored against each other: annotations, COCO results, label images; no network, no torch."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.data.annotated import find_source
from maskwright.data.coding import CodingError
from maskwright.data.pairing import MASK_NAME
from maskwright.engine.convert_source import annotations_of, open_source
from maskwright.engine.reading import Reading
from maskwright.formats import coco, coco_panoptic, labels
from maskwright.formats.annotations import object_classes
from maskwright.formats.content import IMAGE_SUFFIXES
from maskwright.masks.classes import Classes
from maskwright.masks.convert import to_instances
from maskwright.masks.types import Instances, Panoptic, Segmentation
from maskwright.metrics import instance, panoptic
from maskwright.metrics.instance_tally import tally
from maskwright.metrics.scores import Scores

Progress = Callable[[int, int], None]
Size = tuple[int, int]
Load = Callable[[Size | None], Instances | Panoptic]


@dataclass(frozen=True)
class ComparedObjects:
    """The scores, how both sides were read, and what is in no score with the reason.

    background: the class that is no object; None where the segments of panoptic maps were scored, whose classes all count.
    """

    scores: Scores
    background: int | None
    words: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Image:
    """An image of one side. size_hw: None where only the other side can tell, or where `load` knows it by itself."""

    name: str
    size_hw: Size | None
    load: Load


@dataclass(frozen=True, eq=False)
class _Side:
    path: Path
    classes: Classes
    images: tuple[_Image, ...]
    words: tuple[str, ...]
    is_panoptic: bool = False  # whether `load` gives panoptic maps; their classes are all real, else class 0 is the background

    @property
    def named(self) -> dict[int, str]:
        """The real classes by id."""
        return {class_id: name for class_id, name in enumerate(self.classes.names) if class_id or self.is_panoptic}


def tells_objects(reading: Reading) -> bool:
    """Whether a side holds objects that mask files alone do not tell: annotations, or label images with a table of classes."""
    path = reading.path
    if path.is_file():
        return path.suffix.lower() not in IMAGE_SUFFIXES
    if reading.format is not None or reading.annotations is not None:
        return True
    return path.is_dir() and find_source(path) is not None


def compare_objects(ground_truth: Reading, prediction: Reading, *, progress: Progress | None = None) -> ComparedObjects:
    """Score the objects of one side against those of the other, image by image, by name; of panoptic maps, all segments.

    Where one side alone is panoptic, the things of it are scored as objects. A list of COCO results is read with the images and
    categories of the ground truth. Classes are those of the ground truth, and objects match objects of their class; where each
    side has one class, they are taken for the same. Images without a partner, of another size or unreadable are left out and
    listed. Raises `CodingError` where the prediction has classes that the ground truth lacks, and `DataError` where nothing can
    be compared.
    """
    if coco.holds_results(prediction.path):
        described = annotations_of(ground_truth)
        prediction = prediction if described is None else replace(prediction, annotations=described.path)
    truth, other = _side(ground_truth), _side(prediction)
    if truth.is_panoptic != other.is_panoptic:
        truth, other = _things(truth), _things(other)
    class_of, words = _classes(truth, other)
    pairs, left_out = _pairs(truth, other)
    ids: list[str] = []
    tallies: list[Any] = []  # all of one kind, since each side is
    for done, (expected, seen) in enumerate(pairs, 1):
        try:
            tallies.append(_tally(expected, seen, class_of, truth.classes))
            ids.append(expected.name)
        except MaskwrightError as error:
            left_out.append(str(error))
        if progress is not None:
            progress(done, len(pairs))
    if not tallies:
        first = f" The first of {len(left_out)} reasons: {left_out[0]}" if left_out else ""
        raise DataError(f"{truth.path} and {other.path}: no image can be compared.{first}")
    how = (f"ground truth: {'; '.join(truth.words)}", f"prediction: {'; '.join(other.words)}")
    scores = (panoptic if truth.is_panoptic else instance).scores(ids, tallies, truth.classes)
    background = None if truth.is_panoptic else truth.classes.background
    return ComparedObjects(scores, background, (f"{len(ids)} images", *how, *words), tuple(left_out))


def _side(reading: Reading) -> _Side:
    annotations = annotations_of(reading)
    if annotations is None and labels.find(reading.path):
        annotations = labels.read(reading.path)
    if annotations is None:
        source = open_source(reading)
        images = tuple(_Image(image.name, None, _ready(image.load)) for image in source.images)
        return _Side(reading.path, source.classes, images, source.words)
    lost = [note for note in annotations.notes if note.left_out]
    words = [f"{len(lost)} annotations are left out, the first: {lost[0]}"] if lost else []
    made = tuple(_Image(image.name, image.size_hw, _sized(image.load, image.name)) for image in annotations.images)
    is_panoptic = annotations.path in coco_panoptic.find(annotations.path.parent)
    return _Side(reading.path, annotations.classes, made, (*annotations.words, *words), is_panoptic)


def _things(side: _Side) -> _Side:
    """The things of panoptic maps as objects, their classes behind a background; another side as it is.

    Raises `DataError` where no class is a thing.
    """
    if not side.is_panoptic:
        return side
    class_ids = [class_id for class_id, info in enumerate(side.classes) if info.is_thing]
    if not class_ids:
        raise DataError(f"{side.path}: no class is a thing, so there are no objects. Compare it with panoptic maps.")
    classes = object_classes([side.classes[class_id].name for class_id in class_ids])
    number = np.zeros(len(side.classes), np.int64)
    number[class_ids] = np.arange(1, len(classes))

    def of_things(load: Load) -> Load:
        def loaded(size_hw: Size | None) -> Instances:
            objects = to_instances(load(size_hw))
            return replace(objects, class_ids=number[objects.class_ids], classes=classes)

        return loaded

    images = tuple(replace(image, load=of_things(image.load)) for image in side.images)
    return replace(side, classes=classes, images=images, words=(*side.words, "its things are scored"), is_panoptic=False)


def _ready(load: Callable[[], Segmentation]) -> Load:
    return lambda size_hw: to_instances(load())


def _sized(load: Callable[[Size], Instances | Panoptic], name: str) -> Load:
    def sized(size_hw: Size | None) -> Instances | Panoptic:
        if size_hw is None:
            raise DataError(f"'{name}': neither side tells the size of this image. Write its height and width in the file.")
        return load(size_hw)

    return sized


def _tally(expected: _Image, seen: _Image, class_of: dict[int, int], classes: Classes) -> Any:
    truth, other = _loaded(expected, seen)
    if truth.size_hw != other.size_hw:
        (height, width), (other_height, other_width) = truth.size_hw, other.size_hw
        raise DataError(
            f"'{expected.name}': the prediction is {other_width} x {other_height} pixels, its ground truth {width} x {height}. "
            f"A mask is never resized for a score: predict in the pixel grid of the image."
        )
    if isinstance(truth, Panoptic) and isinstance(other, Panoptic):
        segments = tuple(replace(segment, class_id=class_of[segment.class_id]) for segment in other.segments)
        return panoptic.tally(truth, replace(other, segments=segments, classes=classes), id=expected.name)
    assert isinstance(truth, Instances)
    assert isinstance(other, Instances)  # both sides are panoptic, or none is
    ids = np.array([class_of[class_id] for class_id in other.class_ids.tolist()], np.int64)
    return tally(truth, replace(other, class_ids=ids, classes=classes), id=expected.name)


def _loaded(expected: _Image, seen: _Image) -> tuple[Instances | Panoptic, Instances | Panoptic]:
    """Both sides' objects or segments; a side that does not know the image's size gets it from the other."""
    if expected.size_hw is None and seen.size_hw is not None:
        return expected.load(seen.size_hw), seen.load(seen.size_hw)
    truth = expected.load(expected.size_hw)
    return truth, seen.load(seen.size_hw or truth.size_hw)


def _classes(truth: _Side, other: _Side) -> tuple[dict[int, int], tuple[str, ...]]:
    """The ground truth's class of each class of the prediction, and what was taken for granted, in words."""
    expected, seen = truth.named, other.named
    if len(expected) == len(seen) == 1:
        (true_id, true_name), (class_id, name) = *expected.items(), *seen.items()
        said = () if true_name == name else (f"the prediction's class '{name}' is taken for '{true_name}'",)
        return {0: 0, class_id: true_id}, said
    place = {name.strip().casefold(): class_id for class_id, name in enumerate(truth.classes.names)}
    unknown = [name for name in seen.values() if name.strip().casefold() not in place]
    if unknown:
        raise CodingError(
            "different-classes",
            f"{other.path}: the prediction has classes that the ground truth lacks: {', '.join(unknown[:5])}. "
            f"The ground truth has {', '.join(expected.values())}.",
            "Name the classes alike on both sides, or take those objects out.",
            [other.path],
        )
    return {0: 0} | {class_id: place[name.strip().casefold()] for class_id, name in seen.items()}, ()


def _pairs(truth: _Side, other: _Side) -> tuple[list[tuple[_Image, _Image]], list[str]]:
    """Images of both sides that have one name, and those that have no partner, in words."""
    by_key: dict[str, list[_Image]] = defaultdict(list)
    for image in other.images:
        for key in _keys(image.name):
            by_key[key].append(image)
    pairs: list[tuple[_Image, _Image]] = []
    left_out: list[str] = []
    taken: dict[int, str] = {}
    for image in truth.images:
        found = next((by_key[key] for key in _keys(image.name) if by_key.get(key)), [])
        if len(found) == 1 and id(found[0]) not in taken:
            pairs.append((image, found[0]))
            taken[id(found[0])] = image.name
        elif not found:
            left_out.append(f"{truth.path}: there is no prediction for '{image.name}'.")
        else:
            names = ", ".join(f"'{each.name}'" for each in found[:5])
            left_out.append(
                f"{truth.path}: '{image.name}' may belong to {names}. Name images by their whole path on both sides."
            )
    alone = (image.name for image in other.images if id(image) not in taken)
    left_out += [f"{other.path}: there is no ground truth for '{name}'." for name in alone]
    return pairs, left_out


def _keys(name: str) -> Iterable[str]:
    """How an image may be called, surest first: its path without suffix, its name, its name without a word such as '_mask'."""
    path = PurePosixPath(name.replace("\\", "/"))
    plain = path.with_suffix("") if path.suffix.lower() in IMAGE_SUFFIXES else path
    yield f"path:{plain}"
    yield f"name:{plain.name}"
    word = MASK_NAME.fullmatch(plain.name)
    if word is not None:
        yield f"name:{word['after'] or word['before']}"
