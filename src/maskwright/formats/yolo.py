"""YOLO segmentation as Ultralytics has it: a text file an image, a class and one ring a line, in parts of the image's size."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import yaml

from maskwright.base.errors import DataError, MaskValueError
from maskwright.base.files import atomic_write
from maskwright.formats.annotations import (
    AnnotatedImage,
    Annotations,
    Holds,
    Loss,
    Note,
    bare_words,
    check_losses,
    not_held,
    object_classes,
    path_below,
    read_text,
    same_classes,
    written_classes,
)
from maskwright.formats.drawn import DrawnObject, drawn_image
from maskwright.formats.rings import REMEDY, Tell, box_ring, note_crossing, read_ring, tell_empty, teller
from maskwright.formats.yolo_folders import IMAGES, LABELS, label_folder, layout_of, yaml_files
from maskwright.masks.classes import Classes
from maskwright.masks.polygons import Polygon, fill_region, is_hole, outline
from maskwright.masks.region import Region, iou
from maskwright.masks.seams import one_ring
from maskwright.masks.types import Instances

TITLE = "YOLO"
HOLDS = Holds(exact=True, holes=False, parts=False, overlap=True, scores=False, crowd=False, classes=True)

MAX_BYTES = 1 << 26  # of an image's label file
DATA = "data.yaml"

TOLERANCE = 0.01  # of the image's size beyond its rim, as Ultralytics bears it
PIXELS = 2.0  # coordinates beyond are no parts of the image's size, but pixels
LINE = 1e-12  # area, in parts of the image's, that is nothing but rounding
DECIMALS = 7  # of what is written: exact to a tenth of a pixel on a million


def find(folder: Path) -> tuple[Path, ...]:
    """The YAML files that describe the data set in a folder; without one, the folder of its classes.txt."""
    folder = Path(folder)
    described = yaml_files(folder)
    if described:
        return described
    labels = label_folder(folder)
    return () if labels is None else (labels,)


def read(path: Path, *, max_bytes: int = MAX_BYTES) -> Annotations:
    """The objects of the label files that a data.yaml, a data folder or a folder of label files means.

    Class indices become classes 1, 2, ... by rising index, behind the background. An empty file is an image without objects.
    Raises `DataError` where class names or label files are missing, or the YAML is damaged.
    """
    path = Path(path)
    notes: list[Note] = []
    layout = layout_of(path, notes)
    class_of: dict[str, int] = {}
    for index, name in layout.names.items():
        if name in class_of:
            what = f"another class is called '{name}' too; both are read as one class"
            notes.append(Note("repeated-class", f"class {index}", what, "Rename one of them if they differ."))
        class_of.setdefault(name, len(class_of) + 1)
    classes = object_classes(tuple(class_of))
    ids = {index: class_of[name] for index, name in layout.names.items()}
    boxes: list[str] = []
    images = []
    for file, name in layout.files:
        called = Path(os.path.relpath(file, path if path.is_dir() else path.parent)).as_posix()
        objects = _objects(file, called, ids, notes, boxes, max_bytes)
        if objects is not None:
            images.append(drawn_image(name, None, objects, classes, file, is_relative=True))
    every = sum(image.objects or 0 for image in images)
    if boxes:
        which = "every object is a box" if len(boxes) == every else f"{len(boxes)} of {every} objects are boxes"
        what = f"{which} (first {boxes[0]}); their masks are rectangles"
        remedy = "Masks that are learnt from boxes are boxes. Draw outlines, where there should be some."
        notes.append(Note("boxes", path.name, what, remedy, "warning" if len(boxes) == every else "note"))
    return Annotations(path, classes, tuple(images), tuple(notes), tuple(_words(path, classes, images)))


def write(path: Path, items: Iterable[tuple[str, Instances]], *, allow_loss: bool = False) -> tuple[Loss, ...]:
    """Write a folder: data.yaml and labels/, to which the images belong in images/; or the data.yaml itself.

    A line holds one ring. Rings of an object with holes or of several parts are joined by seams without width, which fill to
    the same mask here, but which programs that paint outlines close: a `Loss`. Lost are also scores, crowd marks, ignored
    pixels and objects without pixels. Raises `MaskValueError` where images differ in their classes, have one name, or on a
    loss that is not allowed.
    """
    path = Path(path)
    target = path if path.suffix.lower() in (".yaml", ".yml") else path / DATA
    losses: list[Loss] = []
    lines: dict[Path, list[tuple[int, str]]] = {}
    classes: Classes | None = None
    for name, instances in items:
        classes = same_classes(classes, instances, name, target)
        losses += not_held(name, instances, HOLDS)
        file = path_below(target.parent / LABELS, name, ".txt")
        if file in lines:
            raise MaskValueError(
                f"{file}: two images are called so, '{name}' is one. Give them names that differ before the dot."
            )
        lines[file] = _lines(name, instances, losses)
    losses = list(check_losses(losses, target, TITLE, allow_loss=allow_loss))
    used = {class_id for some in lines.values() for class_id, _ in some}
    written = written_classes(classes, used)
    indices = {class_id: index for index, (class_id, _) in enumerate(written)}
    for file, some in lines.items():
        atomic_write(file, "".join(f"{indices[class_id]} {numbers}\n" for class_id, numbers in some))
    fields = {"train": IMAGES, "val": IMAGES, "names": {index: info.name for index, (_, info) in enumerate(written)}}
    atomic_write(target, yaml.safe_dump(fields, sort_keys=False, allow_unicode=True))
    return tuple(losses)


def _objects(
    file: Path, called: str, ids: dict[int, int], notes: list[Note], boxes: list[str], max_bytes: int
) -> list[DrawnObject] | None:
    """The objects of a label file; None where it cannot be read, which is noted."""
    try:
        lines = read_text(file, max_bytes).splitlines()
    except DataError as error:
        notes.append(Note("broken-file", called, f"it cannot be read ({error})", "", "error", left_out=True))
        return None
    objects = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            where = f"{called}, line {number}"
            found = _object(line.split(), where, ids, boxes, teller(where, notes))
            objects += [] if found is None else [found]
    note_crossing([(one.where, ring) for one in objects for ring in one.rings], notes)
    for line, count in Counter(line.strip() for line in lines if line.strip()).items():
        if count > 1:
            what = f"the line '{line[:40]}...' stands there {count} times; all are kept"
            notes.append(Note("repeated-object", called, what, "Take the repetitions out; Ultralytics passes over them."))
    return objects


def _object(words: Sequence[str], where: str, ids: dict[int, int], boxes: list[str], tell: Tell) -> DrawnObject | None:
    index, *numbers = (_number(word) for word in words)
    if index not in ids:
        what = f"its class is {words[0][:40]}, but the names are for {min(ids)} to {max(ids)}; it is left out"
        tell("unknown-class", what, "Add the name, or correct the class.", severity="error", left_out=True)
        return None
    if len(numbers) == 4 and np.isfinite(numbers).all():
        x, y, width, height = numbers
        ring: Polygon | None = box_ring(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    else:
        remedy = "If the last is a confidence, save the labels without it." if len(numbers) % 2 else REMEDY
        ring = read_ring(numbers, "its polygon", tell, remedy=remedy, is_all=True)
    if ring is None or not _is_on_image(ring, tell):
        return None
    if len(numbers) == 4:
        boxes.append(where)
    return DrawnObject(where, ids[int(index)], rings=(ring,))


def _is_on_image(ring: Polygon, tell: Tell) -> bool:
    (x0, y0), (x1, y1) = ring.min(axis=0).tolist(), ring.max(axis=0).tolist()
    reach = f"x {x0:g} to {x1:g}, y {y0:g} to {y1:g}, where 0 to 1 is the image"
    if max(x1, y1) > PIXELS:
        remedy = "Divide x by the image's width and y by its height."
        tell(
            "not-relative",
            f"its coordinates look like pixels: {reach}; it is left out",
            remedy,
            severity="error",
            left_out=True,
        )
    elif x1 <= 0 or y1 <= 0 or x0 >= 1 or y0 >= 1:
        tell("outside", f"it lies outside the image: {reach}; it is left out", "Draw it anew, or take it out.", left_out=True)
    else:
        if min(x0, y0) < -TOLERANCE or max(x1, y1) > 1 + TOLERANCE:
            tell("outside", f"it reaches outside the image: {reach}", "It is cut at the rim. Is the image another one?")
        elif _is_line(ring):
            tell_empty(tell)
        return True
    return False


def _is_line(ring: Polygon) -> bool:
    """Whether all corners lie on one line, or at one place."""
    x, y = (ring - ring[0]).T
    farthest = int(np.hypot(x, y).argmax())
    return bool(np.abs(x * y[farthest] - y * x[farthest]).max() < LINE)


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")


def _words(path: Path, classes: Classes, images: Sequence[AnnotatedImage]) -> Iterable[str]:
    objects = sum(image.objects or 0 for image in images)
    yield f"YOLO labels of {path.name}: {len(images)} images, {objects} objects, {len(classes) - 1} classes"
    yield from bare_words(images)


def _lines(name: str, instances: Instances, losses: list[Loss]) -> list[tuple[int, str]]:
    """Class id and coordinates of every object that has pixels."""
    height, width = instances.size_hw
    lines = []
    for place, region in enumerate(instances.regions):
        inside = region.window((0, 0, width, height))
        if not inside.area:
            continue
        rings = outline(inside.pixels)
        ring, length = one_ring(rings)
        parts = np.round((ring + np.array(inside.box_xyxy[:2])) / np.array([width, height]), DECIMALS)
        if length:
            losses.append(Loss(name, place, _joined_words(rings, length), _agreement(inside, parts, instances.size_hw)))
        lines.append((int(instances.class_ids[place]), " ".join(_text(number) for number in parts.ravel().tolist())))
    return lines


def _joined_words(rings: Sequence[Polygon], length: float) -> str:
    holes = sum(map(is_hole, rings))
    solid = len(rings) - holes
    what = [f"{solid} parts"] if solid > 1 else []
    what += [f"{holes} hole{'s' if holes > 1 else ''}"] if holes else []
    pixels = max(round(length), 1)
    return (
        f"it has {' and '.join(what)}, written as one outline with seams {pixels} pixel{'s' if pixels > 1 else ''} long: the "
        f"same mask here, but programs that paint outlines (Ultralytics) close the seams"
    )


def _agreement(region: Region, parts: Polygon, size_hw: tuple[int, int]) -> float:
    """IoU of an object and of what its line is read as."""
    return float(iou([region], [fill_region([parts * np.array(size_hw[::-1])], size_hw)])[0, 0])


def _text(number: float) -> str:
    return f"{number:.{DECIMALS}f}".rstrip("0").rstrip(".")
