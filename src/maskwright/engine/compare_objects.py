"""Objects of two sides scored against each other: annotations, lists of COCO results, or label images; no network, no torch."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.data.annotated import find_source
from maskwright.data.coding import CodingError
from maskwright.data.pairing import MASK_NAME
from maskwright.engine.convert_source import annotations_of, open_source
from maskwright.engine.reading import Reading
from maskwright.formats import coco, labels
from maskwright.formats.content import IMAGE_SUFFIXES
from maskwright.masks.classes import Classes
from maskwright.masks.convert import to_instances
from maskwright.masks.types import Instances, Panoptic
from maskwright.metrics import instance
from maskwright.metrics.instance_tally import InstanceTally, tally
from maskwright.metrics.scores import Scores

Progress = Callable[[int, int], None]
Size = tuple[int, int]


@dataclass(frozen=True)
class ComparedObjects:
    """The scores, their classes, how both sides were read, and what is in no score with the reason."""

    scores: Scores
    classes: Classes
    words: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Image:
    """An image of one side. size_hw: None where only the other side can tell, or where `load` knows it by itself."""

    name: str
    size_hw: Size | None
    load: Callable[[Size | None], Instances]


@dataclass(frozen=True, eq=False)
class _Side:
    path: Path
    classes: Classes
    images: tuple[_Image, ...]
    words: tuple[str, ...]


def tells_objects(reading: Reading) -> bool:
    """Whether a side holds objects that mask files alone do not tell: annotations, or label images with a table of classes."""
    path = reading.path
    if path.is_file():
        return path.suffix.lower() not in IMAGE_SUFFIXES
    if reading.format is not None or reading.annotations is not None:
        return True
    return path.is_dir() and find_source(path) is not None


def compare_objects(ground_truth: Reading, prediction: Reading, *, progress: Progress | None = None) -> ComparedObjects:
    """Score the objects of one side against those of the other, image by image, by name.

    A list of COCO results is read with the images and categories of the ground truth. Classes are those of the ground truth,
    and objects match objects of their class; where each side has one class, they are taken for the same. Images without a
    partner, of another size or unreadable are left out and listed. Raises `CodingError` where the prediction has classes that
    the ground truth lacks, and `DataError` where nothing can be compared.
    """
    if coco.holds_results(prediction.path):
        described = annotations_of(ground_truth)
        prediction = prediction if described is None else replace(prediction, annotations=described.path)
    truth, other = _side(ground_truth), _side(prediction)
    class_of, words = _classes(truth, other)
    pairs, left_out = _pairs(truth, other)
    ids: list[str] = []
    tallies: list[InstanceTally] = []
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
    scores = instance.scores(ids, tallies, truth.classes)
    return ComparedObjects(scores, truth.classes, (f"{len(ids)} images", *how, *words), tuple(left_out))


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
    return _Side(reading.path, annotations.classes, made, (*annotations.words, *words))


def _ready(load: Callable[[], Instances]) -> Callable[[Size | None], Instances]:
    return lambda size_hw: load()


def _sized(load: Callable[[Size], Instances | Panoptic], name: str) -> Callable[[Size | None], Instances]:
    def sized(size_hw: Size | None) -> Instances:
        if size_hw is None:
            raise DataError(f"'{name}': neither side tells the size of this image. Write its height and width in the file.")
        return to_instances(load(size_hw))

    return sized


def _tally(expected: _Image, seen: _Image, class_of: dict[int, int], classes: Classes) -> InstanceTally:
    truth, other = _loaded(expected, seen)
    if truth.size_hw != other.size_hw:
        (height, width), (other_height, other_width) = truth.size_hw, other.size_hw
        raise DataError(
            f"'{expected.name}': the prediction is {other_width} x {other_height} pixels, its ground truth {width} x {height}. "
            f"A mask is never resized for a score: predict in the pixel grid of the image."
        )
    ids = np.array([class_of[class_id] for class_id in other.class_ids.tolist()], np.int64)
    return tally(truth, replace(other, class_ids=ids, classes=classes), id=expected.name)


def _loaded(expected: _Image, seen: _Image) -> tuple[Instances, Instances]:
    """Both sides' objects; a side that does not know the image's size gets it from the other."""
    if expected.size_hw is None and seen.size_hw is not None:
        return expected.load(seen.size_hw), seen.load(seen.size_hw)
    truth = expected.load(expected.size_hw)
    return truth, seen.load(seen.size_hw or truth.size_hw)


def _classes(truth: _Side, other: _Side) -> tuple[dict[int, int], tuple[str, ...]]:
    """The ground truth's class of each class of the prediction, and what was taken for granted, in words."""
    expected, seen = (side.classes.names[1:] for side in (truth, other))  # class 0 is the background
    if len(expected) == len(seen) == 1:
        said = () if expected == seen else (f"the prediction's class '{seen[0]}' is taken for '{expected[0]}'",)
        return {0: 0, 1: 1}, said
    place = {name.strip().casefold(): class_id for class_id, name in enumerate(truth.classes.names)}
    unknown = [name for name in seen if name.strip().casefold() not in place]
    if unknown:
        raise CodingError(
            "different-classes",
            f"{other.path}: the prediction has classes that the ground truth lacks: {', '.join(unknown[:5])}. "
            f"The ground truth has {', '.join(expected)}.",
            "Name the classes alike on both sides, or take those objects out.",
            [other.path],
        )
    return {0: 0} | {class_id: place[name.strip().casefold()] for class_id, name in enumerate(seen, 1)}, ()


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
