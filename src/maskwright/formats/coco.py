"""COCO: objects of all images in one JSON file, as polygons or run lengths (instances files and lists of results).

A polygon is filled, and run lengths are packed, bit for bit as pycocotools does.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.base.errors import DataError, MaskValueError
from maskwright.base.files import atomic_write
from maskwright.formats.annotations import AnnotatedImage, Annotations, Holds, Loss, Note, bare_words, check_losses
from maskwright.formats.coco_lists import (
    Id,
    ListedImage,
    id_of,
    json_files,
    load_json,
    read_categories,
    read_images,
    wrong_reference,
)
from maskwright.formats.coco_shapes import Polygons, Shape, read_shape, regions_of
from maskwright.formats.rings import note_crossing
from maskwright.masks import rle
from maskwright.masks.classes import Classes
from maskwright.masks.polygons import is_hole, outline
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

TITLE = "COCO"
HOLDS = Holds(
    exact=True,
    holes=True,
    parts=True,
    overlap=True,
    scores=True,
    crowd=True,
    classes=True,
    empty=True,
    ignored=False,
    size=True,
)

MAX_BYTES = 1 << 30  # of a JSON file; read, it takes several times as much memory


@dataclass(frozen=True, eq=False)
class _Object:
    where: str
    shape: Shape
    class_id: int
    score: float
    is_crowd: bool


def find(folder: Path) -> tuple[Path, ...]:
    """JSON files in a folder, or in its annotations/, that speak of images, annotations and categories."""
    return tuple(path for path in json_files(folder, MAX_BYTES) if _looks_like_coco(path.read_bytes()))


def holds_results(path: Path) -> bool:
    """Whether a file is a list, as COCO's results are, and no object."""
    if Path(path).suffix.lower() != ".json" or not Path(path).is_file():
        return False
    with Path(path).open("rb") as file:
        return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["


def read(path: Path, *, described_by: Path | None = None, max_bytes: int = MAX_BYTES) -> Annotations:
    """The objects of an instances file, or of a list of results whose images and categories `described_by` tells.

    Categories become classes 1, 2, ... by rising id, behind the background. What is wrong with an annotation is a note with its
    id. Raises `DataError` where the file is no COCO file, is too large, or contradicts itself about categories or images.
    """
    path = Path(path)
    value = _load(path, max_bytes)
    if isinstance(value, list):
        if described_by is None:
            raise DataError(
                f"{path}: this is a list of results, which names no images and no categories. "
                f"Give the instances file that it was made for as well."
            )
        value = {**_instances(_load(Path(described_by), max_bytes), described_by), "annotations": value}
    value = _instances(value, path)
    notes: list[Note] = []
    classes, class_of = read_categories(value["categories"], path, notes)
    images = read_images(value["images"], path, notes)
    objects = _objects(value["annotations"], images, class_of, notes)
    drawn = [(one.where, one.shape) for some in objects.values() for one in some if isinstance(one.shape, Polygons)]
    note_crossing([(where, ring) for where, shape in drawn for ring in shape.rings], notes)
    made = tuple(_annotated(path, id, image, objects.get(id, []), classes=classes) for id, image in images.items())
    return Annotations(path, classes, made, tuple(notes), tuple(_words(path, classes, made, objects)))


def write(
    path: Path, items: Iterable[tuple[str, Instances]], *, allow_loss: bool = False, predicted: bool = False
) -> tuple[Loss, ...]:
    """Write an instances file: polygons where they are exact, run lengths for crowds and objects with holes.

    Image ids are 1, 2, ...; category ids are class ids. Scores other than 1 are kept as "score", all of them where the objects
    are `predicted`. Lost are ignored pixels alone. Raises `MaskValueError` where images differ in their classes, on a score
    that is no number, and on a loss that is not allowed.
    """
    path, losses = Path(path), list[Loss]()
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    classes: Classes | None = None
    for name, instances in items:
        if classes is not None and instances.classes != classes:
            raise MaskValueError(f"{path}: {name} has other classes than the images before it; one COCO file has one list.")
        classes = instances.classes
        height, width = instances.size_hw
        images.append({"id": len(images) + 1, "file_name": name, "width": width, "height": height})
        losses += _ignored(name, instances)
        for place, region in enumerate(instances.regions):
            entry = _annotation(region, instances.size_hw, is_crowd=bool(instances.is_crowd[place]))
            ids = {"id": len(annotations) + 1, "image_id": len(images), "category_id": int(instances.class_ids[place])}
            score = _finite_score(path, name, instances, place)
            annotations.append({**ids, **entry, **({} if score == 1 and not predicted else {"score": score})})
    losses = list(check_losses(losses, path, TITLE, allow_loss=allow_loss))
    categories = _written_categories(classes, {entry["category_id"] for entry in annotations})
    _write(path, {"images": images, "annotations": annotations, "categories": categories})
    return tuple(losses)


def write_results(path: Path, items: Iterable[tuple[str, Instances]], *, described_by: Path) -> None:
    """Write predictions as a list of results, with the image and category ids of the instances file that describes them.

    Masks are compressed run lengths, and every object keeps its score. No boxes are written, since pycocotools would take an
    object's area from them and not from its mask. Raises `DataError` for images and classes that the instances file lacks.
    """
    described = _instances(_load(Path(described_by), MAX_BYTES), described_by)
    image_ids = {image.name: id for id, image in read_images(described["images"], described_by, []).items()}
    classes, class_of = read_categories(described["categories"], described_by, [])
    category_ids = {classes[class_id].name: id for id, class_id in class_of.items()}
    results = []
    for name, instances in items:
        if name not in image_ids:
            raise DataError(f"{described_by}: has no image called '{name}'. Predict on the images that it describes.")
        unknown = {instances.classes[place].name for place in np.unique(instances.class_ids).tolist()} - category_ids.keys()
        if unknown:
            raise DataError(f"{described_by}: has no categories called {', '.join(sorted(unknown))}.")
        for place, region in enumerate(instances.regions):
            results.append(
                {
                    "image_id": image_ids[name],
                    "category_id": category_ids[instances.classes[int(instances.class_ids[place])].name],
                    "segmentation": _packed(region, instances.size_hw),
                    "score": _finite_score(path, name, instances, place),
                }
            )
    _write(Path(path), results)


def _load(path: Path, max_bytes: int) -> Any:
    value = load_json(path, max_bytes)
    if not isinstance(value, dict | list):
        raise DataError(f"{path}: is not a COCO file: it holds neither an object nor a list.")
    return value


def _instances(value: Any, path: Path) -> dict[str, Any]:
    """The value, if it is an object with the three lists of an instances file."""
    keys = ("images", "annotations", "categories")
    missing = [key for key in keys if not (isinstance(value, dict) and isinstance(value.get(key), list))]
    if missing:
        raise DataError(f"{path}: is not a COCO instances file: there is no list of {' and none of '.join(missing)}.")
    return dict(value)


def _looks_like_coco(content: bytes) -> bool:
    return (
        all(word in content for word in (b'"images"', b'"annotations"', b'"categories"')) and b'"segments_info"' not in content
    )


def _objects(
    entries: list[Any], images: dict[Id, ListedImage], class_of: dict[Id, int], notes: list[Note]
) -> dict[Id, list[_Object]]:
    """Every annotation that can be used, by image id; the others are noted."""
    objects: dict[Id, list[_Object]] = defaultdict(list)
    times = Counter(id_of(entry, "id") for entry in entries)
    for number, entry in enumerate(entries, 1):
        id = id_of(entry, "id")
        where = f"annotation {id}" if id is not None else f"annotation number {number} (it has no id)"
        wrong = wrong_reference(entry, images, class_of)
        if wrong:
            notes.append(Note(wrong[0], where, wrong[1], wrong[2], "error", left_out=True))
            continue
        if id is not None and times[id] > 1:
            what = f"the id is given to {times[id]} annotations; all are kept"
            notes.append(Note("repeated-annotation", f"{where} (number {number})", what, "Give each an id of its own."))
        image_id, category_id = entry["image_id"], entry["category_id"]
        shape, found = read_shape(entry, images[image_id].size_hw, where)
        notes += found
        if shape is not None:
            score = _score(entry, where, notes)
            objects[image_id].append(_Object(where, shape, class_of[category_id], score, bool(entry.get("iscrowd", 0))))
    return objects


def _score(entry: dict[str, Any], where: str, notes: list[Note]) -> float:
    score = entry.get("score", 1.0)
    if isinstance(score, int | float) and math.isfinite(score):
        return float(score)
    notes.append(Note("wrong-score", where, f"its score is {str(score)[:40]}; 1 is taken", "Write a number.", "error"))
    return 1.0


def _annotated(path: Path, id: Id, image: ListedImage, objects: Sequence[_Object], *, classes: Classes) -> AnnotatedImage:
    def load(size_hw: tuple[int, int]) -> Instances:
        if image.size_hw is not None and image.size_hw != size_hw:
            raise MaskValueError(
                f"{path}: the annotations of '{image.name}' are for {image.size_hw[1]} x {image.size_hw[0]} pixels, but the "
                f"image has {size_hw[1]} x {size_hw[0]}. Use the image that was annotated, neither resized nor rotated."
            )
        try:
            regions = regions_of([one.shape for one in objects], size_hw)
        except MaskValueError as error:  # run lengths for another size than the image has, where the list does not say it
            raise MaskValueError(f"{path}: an object of '{image.name}' does not fit its image. {error}") from error
        return Instances(
            size_hw=size_hw,
            regions=regions,
            class_ids=np.array([one.class_id for one in objects], np.int64),
            scores=np.array([one.score for one in objects], np.float64),
            is_crowd=np.array([one.is_crowd for one in objects], bool),
            classes=classes,
        )

    return AnnotatedImage(image.name, image.size_hw, load, path, len(objects), f"image {id}")


def _words(path: Path, classes: Classes, images: Sequence[AnnotatedImage], objects: dict[Id, list[_Object]]) -> Iterable[str]:
    every = [one for some in objects.values() for one in some]
    polygons, crowds = (sum(isinstance(one.shape, Polygons) for one in every), sum(one.is_crowd for one in every))
    used = len({one.class_id for one in every})
    yield f"COCO file {path.name}: {len(images)} images, {len(every)} objects of {used} of {len(classes) - 1} categories"
    yield f"{polygons} objects are polygons, {len(every) - polygons} run lengths; {crowds} are crowds"
    yield from bare_words(images)


def _annotation(region: Region, size_hw: tuple[int, int], *, is_crowd: bool) -> dict[str, Any]:
    inside = region.window((0, 0, size_hw[1], size_hw[0]))
    rings = [] if is_crowd else outline(inside.pixels)
    x0, y0, _, _ = inside.box_xyxy
    shape: Any
    if rings and not any(map(is_hole, rings)):
        shape = [(ring + np.array([x0, y0])).astype(int).ravel().tolist() for ring in rings]
    else:
        shape = {"size": list(size_hw), "counts": list(rle.counts_of(inside, size_hw))}
    return {"segmentation": shape, "bbox": _box(inside), "area": inside.area, "iscrowd": int(is_crowd)}


def _packed(region: Region, size_hw: tuple[int, int]) -> dict[str, Any]:
    return {"size": list(size_hw), "counts": rle.to_text(rle.counts_of(region, size_hw))}


def _box(region: Region) -> list[int]:
    """x, y, width and height of the tight box."""
    tight = Region.of_mask(region.pixels).box_xyxy
    x0, y0, _, _ = region.box_xyxy
    return [tight[0] + x0, tight[1] + y0, tight[2] - tight[0], tight[3] - tight[1]]


def _ignored(name: str, instances: Instances) -> list[Loss]:
    count = 0 if instances.ignored is None else int(np.count_nonzero(instances.ignored))
    return [Loss(name, None, f"{count} ignored pixels")] if count else []


def _finite_score(path: Path, name: str, instances: Instances, place: int) -> float:
    score = float(instances.scores[place])
    if not math.isfinite(score):
        raise MaskValueError(
            f"{path}: object {place + 1} of '{name}' has the score {score}, which JSON cannot hold. "
            f"Give it a number: 1 where nobody doubts the object."
        )
    return score


def _written_categories(classes: Classes | None, used: set[int]) -> list[dict[str, Any]]:
    """Every class but a background that no object has."""
    infos = () if classes is None else tuple(enumerate(classes))
    skipped = None if classes is None else classes.background
    return [{"id": id, "name": info.name} for id, info in infos if id != skipped or id in used]


def _write(path: Path, value: Any) -> None:
    atomic_write(path, json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")
