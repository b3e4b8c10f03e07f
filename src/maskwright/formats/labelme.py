"""labelme: one JSON file an image, beside it or in a folder of their own, as polygons, rectangles, circles or masks."""

import json
import os
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from maskwright.base.errors import DataError, MaskValueError
from maskwright.base.files import atomic_write, natural_key
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
from maskwright.formats.drawn import DrawnObject, drawn_image, joined
from maskwright.formats.labelme_shapes import NO_MASKS, read_shape, written_mask, written_shape
from maskwright.formats.rings import Tell, is_number, note_crossing, teller
from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

TITLE = "labelme"
HOLDS = Holds(exact=True, holes=True, parts=True, overlap=True, scores=True, crowd=True, classes=True, ignored=True, size=True)

MAX_BYTES = 1 << 28  # of one image's JSON, which often holds the image as well
SNIFFED = 32  # JSON files of a folder that are looked into before it is given up

LABELS = "labels.txt"  # the classes in their order, as `labelme --labels labels.txt` reads them
IGNORED = "__ignore__"  # labelme's own converters leave out what is labelled so
NO_OBJECTS = (IGNORED, "_background_")
CROWD = "iscrowd"  # a flag of a shape
VERSION = "5.5.0"  # the first that reads masks is 5.3


@dataclass(frozen=True, eq=False)
class _File:
    """What one JSON file holds, before it is known which class a label is."""

    path: Path
    image: str
    size_hw: tuple[int, int] | None
    shapes: tuple[Any, ...]


def find(folder: Path) -> tuple[Path, ...]:
    """The folder, if labelme's JSON files lie in it or in a folder below."""
    folder = Path(folder)
    for place, names in _folders(folder):
        if any(_looks_like_labelme(place / name) for name in names[:SNIFFED]):
            return (folder,)
    return ()


def read(path: Path, *, max_bytes: int = MAX_BYTES) -> Annotations:
    """The objects of every JSON file below a folder, or of one file; shapes of one group and label are one object.

    Classes are those of labels.txt beside the files in their order, then the others by name. `imageData` is not looked at.
    Damaged files are notes. Raises `DataError` where not one file is labelme's.
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    every = [place / name for place, names in _folders(path) for name in names] if path.is_dir() else [path]
    notes: list[Note] = []
    files = [file for one in every if (file := _file(one, folder, notes, max_bytes)) is not None]
    if not files:
        wrong = f" {notes[0]}" if notes else ""
        raise DataError(f"{path}: no labelme file is there, a JSON file with 'shapes' and 'imagePath'.{wrong}")
    places = dict.fromkeys([folder, *(file.path.parent for file in files)])
    labels = next((place / LABELS for place in places if (place / LABELS).is_file()), None)
    classes = _classes(files, [] if labels is None else read_text(labels, max_bytes).splitlines())
    class_of = {name: place for place, name in enumerate(classes.names) if place}
    images = tuple(_image(file, classes, class_of, folder, notes) for file in files)
    return Annotations(path, classes, images, tuple(notes), tuple(_words(folder, classes, images)))


def write(path: Path, items: Iterable[tuple[str, Instances]], *, allow_loss: bool = False) -> tuple[Loss, ...]:
    """Write a folder of JSON files, one an image, and labels.txt; images are expected in the same places of the folder.

    Polygons where they are exact, masks for objects with holes or of several parts. Scores other than 1 are kept as "score",
    crowd marks as the flag "iscrowd", ignored pixels as a mask called __ignore__. Lost are objects without pixels. Raises
    `MaskValueError` where images differ in their classes, have one name, or on a loss that is not allowed.
    """
    folder, losses, texts = Path(path), list[Loss](), dict[Path, str]()
    classes: Classes | None = None
    used: set[int] = set()
    for name, instances in items:
        classes = same_classes(classes, instances, name, folder)
        losses += not_held(name, instances, HOLDS)
        target = path_below(folder, name, ".json")
        if target in texts:
            what = f"two images are called so, '{name}' is one of them"
            raise MaskValueError(f"{target}: {what}. Give them names that differ before the dot.")
        value = _written(target, folder, name, instances)
        texts[target] = json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"
        used.update(instances.class_ids.tolist())
    losses = list(check_losses(losses, folder, TITLE, allow_loss=allow_loss))
    names = [info.name for _, info in written_classes(classes, used)]
    for target, text in texts.items():
        atomic_write(target, text)
    atomic_write(folder / LABELS, "".join(f"{name}\n" for name in (*NO_OBJECTS, *names)))
    return tuple(losses)


def _folders(folder: Path) -> Iterable[tuple[Path, list[str]]]:
    """Folders with the names of their JSON files, without hidden ones."""
    for place, below, names in os.walk(folder):
        below[:] = sorted((name for name in below if not name.startswith(".")), key=natural_key)
        found = [name for name in names if name.lower().endswith(".json") and not name.startswith(".")]
        yield Path(place), sorted(found, key=natural_key)


def _looks_like_labelme(path: Path) -> bool:
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
    except OSError:
        return False
    return b'"shapes"' in content and b'"imagePath"' in content


def _file(path: Path, folder: Path, notes: list[Note], max_bytes: int) -> _File | None:
    """What a JSON file holds, or None where it is damaged or another program's, which is noted."""
    where = path.relative_to(folder).as_posix()
    try:
        value = json.loads(read_text(path, max_bytes))
    except (DataError, ValueError, RecursionError) as error:
        what = f"it cannot be read ({str(error)[:200]})"
        notes.append(Note("broken-file", where, what, "Restore it from a copy.", "error", left_out=True))
        return None
    if not isinstance(value, dict) or not isinstance(value.get("shapes"), list):
        what = "it is no labelme file (it has no list of shapes); it is passed over"
        notes.append(Note("other-file", where, what, "", "note"))
        return None
    height, width = value.get("imageHeight"), value.get("imageWidth")
    size_hw = None
    if isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0:
        size_hw = (height, width)
    else:
        what = "it does not say the size of its image, so what lies outside cannot be told"
        notes.append(Note("no-size", where, what, "Save it again with labelme.", "note"))
    return _File(path, _image_name(value.get("imagePath"), path, folder), size_hw, tuple(value["shapes"]))


def _image_name(value: Any, path: Path, folder: Path) -> str:
    """The image's path below the folder; its name alone where it lies elsewhere, and the JSON file's where none is said."""
    if not isinstance(value, str) or not value:
        return path.relative_to(folder).with_suffix("").as_posix()
    name = PureWindowsPath(value).as_posix()  # labelme on Windows writes backslashes
    below = os.path.relpath(path.parent / name, folder)
    return (
        PureWindowsPath(name).name if below.startswith("..") or PureWindowsPath(name).is_absolute() else Path(below).as_posix()
    )


def _classes(files: Sequence[_File], listed: Sequence[str]) -> Classes:
    """Classes of the listed names in their order, then those that are only used, by name."""
    every = [shape for file in files for shape in file.shapes if isinstance(shape, dict)]
    used = {_label(shape) for shape in every if shape.get("shape_type") not in NO_MASKS}
    names = dict.fromkeys(name.strip() for name in listed if name.strip() not in ("", *NO_OBJECTS))
    names.update(dict.fromkeys(sorted(used - {"", IGNORED}, key=natural_key)))
    return object_classes(tuple(names))


def _label(shape: dict[str, Any]) -> str:
    label = shape.get("label")
    return label.strip() if isinstance(label, str) else ""


def _image(file: _File, classes: Classes, class_of: dict[str, int], folder: Path, notes: list[Note]) -> AnnotatedImage:
    where = file.path.relative_to(folder).as_posix()
    shapes: list[tuple[Hashable | None, DrawnObject]] = []
    ignored: list[DrawnObject] = []
    for number, value in enumerate(file.shapes, 1):
        shape = _object(value, file.size_hw, f"{where}, shape {number}", class_of, notes)
        if shape is not None and shape.class_id == 0:
            ignored.append(shape)
        elif shape is not None:
            group = value.get("group_id")
            shapes.append((group if isinstance(group, int | str) else None, shape))
    every = [shape for _, shape in shapes] + ignored
    note_crossing([(shape.where, ring) for shape in every for ring in shape.rings], notes)
    return drawn_image(file.image, file.size_hw, joined(shapes), classes, file.path, ignored=ignored)


def _object(
    value: Any, size_hw: tuple[int, int] | None, where: str, class_of: dict[str, int], notes: list[Note]
) -> DrawnObject | None:
    """The object of a shape, of class 0 where it marks what is to be ignored; None where it has no mask, which is noted."""
    tell = teller(where, notes)
    if not isinstance(value, dict):
        tell("wrong-shape", f"it is {str(value)[:80]} and not an object with fields", "Draw it anew.", left_out=True)
        return None
    label, kind = _label(value), value.get("shape_type")
    if kind in NO_MASKS:
        what = f"a {kind} has no area; it is left out"
        tell("not-a-mask", what, "Draw a polygon or a mask where its object lies.", left_out=True)
        return None
    if not label:
        tell("unknown-class", "it has no label; it is left out", "Give it a label.", severity="error", left_out=True)
        return None
    shape = read_shape(value, size_hw, tell)
    if shape is None:
        return None
    flags = value.get("flags")
    score, crowd = _score(value.get("score"), tell), isinstance(flags, dict) and flags.get(CROWD) is True
    class_id = 0 if label == IGNORED else class_of[label]
    if isinstance(shape, Region):
        return DrawnObject(where, class_id, masks=(shape,), score=score, is_crowd=crowd)
    return DrawnObject(where, class_id, rings=(shape,), score=score, is_crowd=crowd)


def _score(value: Any, tell: Tell) -> float:
    if value is None:
        return 1.0
    if is_number(value):
        return float(value)
    tell("wrong-score", f"its score is {str(value)[:40]}; 1 is taken", "Write a number.", severity="error")
    return 1.0


def _words(folder: Path, classes: Classes, images: Sequence[AnnotatedImage]) -> Iterable[str]:
    objects = sum(image.objects or 0 for image in images)
    yield f"labelme files in {folder.name}: {len(images)} images, {objects} objects of {len(classes) - 1} classes"
    yield from bare_words(images)


def _written(target: Path, folder: Path, name: str, instances: Instances) -> dict[str, Any]:
    height, width = instances.size_hw
    shapes = []
    for place, region in enumerate(instances.regions):
        inside = region.window((0, 0, width, height))
        if inside.area:
            score, flags = float(instances.scores[place]), {CROWD: True} if instances.is_crowd[place] else {}
            label = instances.classes[int(instances.class_ids[place])].name
            shape = _shape(label, written_shape(inside), flags)
            shapes.append(shape if score == 1 else {**shape, "score": score})
    if instances.ignored is not None and instances.ignored.any():
        shapes.append(_shape(IGNORED, written_mask(Region.of_mask(instances.ignored)), {}))
    image = Path(os.path.relpath(folder / name.replace("\\", "/"), target.parent)).as_posix()
    return {
        "version": VERSION, "flags": {}, "shapes": shapes, "imagePath": image, "imageData": None,
        "imageHeight": height, "imageWidth": width,
    }  # fmt: skip


def _shape(label: str, shape: dict[str, Any], flags: dict[str, bool]) -> dict[str, Any]:
    return {"label": label, "group_id": None, "description": "", "flags": flags, **shape}
