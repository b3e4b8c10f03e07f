"""Label images: a folder of PNG or TIFF files in which every object has a number, with dataset.json and a table of objects."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import imagecodecs
import numpy as np
import tifffile
from jaxtyping import Bool, Int32

from maskwright.base.errors import DataError, ImageFileError, MaskValueError, MaskwrightError
from maskwright.base.files import atomic_folder, atomic_path, atomic_write
from maskwright.formats import native, stored, tiff_pages
from maskwright.formats.annotations import AnnotatedImage, Annotations, Holds, Loss, Note, check_losses, same_classes
from maskwright.formats.content import MAX_PIXELS, image_kind
from maskwright.formats.flat import OwnFiles, flatten
from maskwright.formats.label_table import Entry, Table, read_table, written_table
from maskwright.formats.mask_values import mask_values
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.coding import OBJECT_CLASS, MaskCoding, RawMask, number_of
from maskwright.masks.types import Instances

TITLE = "label images"
HOLDS = Holds(exact=True, holes=True, parts=True, overlap=False, scores=True, crowd=True, classes=True, ignored=True, size=True)

TABLE = "objects.csv"
SHOWN = 5


def find(folder: Path) -> tuple[Path, ...]:
    """The folder, if its dataset.json says that its masks hold numbers of objects."""
    folder = Path(folder)
    try:
        known = native.is_native(folder) and native.read_native(folder, with_table=True).kind == "instances"
    except MaskwrightError:
        return ()
    return (folder,) if known and native.mask_files(folder) else ()


def read(path: Path, *, max_pixels: int = MAX_PIXELS) -> Annotations:
    """The objects of every label image of a folder: each value is one, of the class that dataset.json or its table gives.

    Raises `DataError` where dataset.json is missing, says that the masks hold classes, or the table contradicts itself or it.
    """
    folder = Path(path)
    if not native.is_native(folder):
        raise DataError(
            f"{folder}: there is no {native.NAME} that says what the values are. If each value is an object, read the folder "
            f"as masks, with --kind instances."
        )
    coding = native.read_native(folder, with_table=True)
    if coding.kind != "instances":
        raise DataError(f"{folder}: by its {native.NAME} the masks hold classes ({coding.kind}), not objects.")
    source = native.table_of(folder)
    table = None if source is None else read_table(source, coding.classes)
    notes: list[Note] = []
    images: dict[str, AnnotatedImage] = {}
    for file in native.mask_files(folder):
        image = _image(file, folder, coding, table, max_pixels, notes)
        if image.name in images:
            raise DataError(f"{file} and {images[image.name].path} are label images of one name. Take one of both out.")
        images[image.name] = image
    for name in sorted((table or {}).keys() - images.keys()):
        what = f"there is no label image '{name}'; its {len((table or {})[name])} objects are left out"
        notes.append(Note("image-not-found", TABLE, what, "Bring it back, or take its lines out.", "error", left_out=True))
    return Annotations(folder, coding.classes, tuple(images.values()), tuple(notes), (_words(folder, images, coding, table),))


def write(
    path: Path,
    items: Iterable[tuple[str, Instances]],
    *,
    allow_loss: bool = False,
    suffix: Literal[".png", ".tif"] = ".png",
) -> tuple[Loss, ...]:
    """Write a label image for each image, and dataset.json: object 1 has the value 1 and so on, ignored pixels have 65535.

    Files have 16 bits (PNG, or TIFF if asked); those with 65535 objects and more are TIFF of 32 bits, in which no object has
    the value of ignored pixels. objects.csv is written where objects differ in class, or have scores or crowd marks. Lost are
    objects without pixels and what lies under other objects. Raises `MaskValueError` where images differ in their classes or
    have one name, and on a loss that is not allowed. The folder is whole or absent.
    """
    path, losses = Path(path), list[Loss]()
    classes: Classes | None = None
    entries: list[tuple[str, Entry]] = []
    files = OwnFiles(path)
    with atomic_folder(path) as folder:
        for name, instances in items:
            classes = same_classes(classes, instances, name, path)
            if len(classes) < 2:
                raise MaskValueError(f"{path}: {TITLE} need a class for the background beside '{classes[0].name}'. Name one.")
            id = files.stem(name)
            labels, lost = flatten(name, instances, HOLDS)
            losses += lost
            if allow_loss or not losses:
                entries += ((id, entry) for entry in _entries(instances, labels))
                _write_numbers(folder / id, labels, instances.ignored, suffix)
        losses = list(check_losses(losses, path, TITLE, allow_loss=allow_loss))
        if classes is not None:
            plain = all(entry == Entry(entry.label, OBJECT_CLASS) for _, entry in entries)
            coding = MaskCoding("instances", ((0, 0),), (IGNORE,), classes)
            native.write_native(folder, coding, table=None if plain else TABLE)
            if not plain:
                atomic_write(folder / TABLE, written_table(entries, classes))
    return tuple(losses)


def _image(
    file: Path, folder: Path, coding: MaskCoding, table: Table | None, max_pixels: int, notes: list[Note]
) -> AnnotatedImage:
    below = folder / native.MASKS if file.is_relative_to(folder / native.MASKS) else folder
    id = file.relative_to(below).with_suffix("").as_posix()
    entries = None if table is None else table.get(id, {})

    def load(image_hw: tuple[int, int]) -> Instances:
        instances = _load(file, coding, entries, max_pixels)
        if instances.size_hw != image_hw:
            raise MaskValueError(
                f"{file}: the label image has {instances.size_hw[1]} x {instances.size_hw[0]} pixels, but the image "
                f"{image_hw[1]} x {image_hw[0]}. Use the image that was annotated, neither resized nor rotated."
            )
        return instances

    try:
        size_hw = _size_hw(file, max_pixels)
    except ImageFileError as error:
        notes.append(Note("unreadable-mask", id, f"it cannot be read ({error})", "", "error", left_out=True))
        size_hw = None
    return AnnotatedImage(id, size_hw, load, file, None if entries is None else len(entries))


def _load(file: Path, coding: MaskCoding, entries: dict[int, Entry] | None, max_pixels: int) -> Instances:
    """The objects of a label image. Raises `MaskValueError` where it and the table do not name the same objects."""
    raw = _read_raw(file, max_pixels)
    found = coding.decode(raw, file)
    assert isinstance(found, Instances)  # since that is the coding's kind
    if entries is None:
        return found
    numbers = raw.plain().numbers()
    labels = np.unique(numbers[~np.isin(numbers, [number_of(value) for value in coding.ignore])])
    labels = labels[labels > 0].tolist()
    for what, wrong in (
        ("are in the image but not in the table", sorted(set(labels) - entries.keys())),
        ("are in the table but not in the image", sorted(entries.keys() - set(labels))),
    ):
        if wrong:
            listed = ", ".join(map(str, wrong[:SHOWN])) + (", ..." if len(wrong) > SHOWN else "")
            raise MaskValueError(f"{file}: {len(wrong)} objects {what} ({TABLE}): {listed}. Correct the table.")
    known = [entries[label] for label in labels]
    return replace(
        found,
        class_ids=np.array([entry.class_id for entry in known], np.int64),
        scores=np.array([entry.score for entry in known], np.float64),
        is_crowd=np.array([entry.is_crowd for entry in known], bool),
    )


def _read_raw(file: Path, max_pixels: int) -> RawMask:
    read_pixels = tiff_pages.read_pixels if image_kind(file) == "tiff" else stored.read_pixels
    header, pixels = read_pixels(file, max_pixels)
    return mask_values(header, pixels, file)


def _size_hw(file: Path, max_pixels: int) -> tuple[int, int]:
    read_header = tiff_pages.read_header if image_kind(file) == "tiff" else stored.read_header
    header = read_header(file, max_pixels)
    return stored.oriented_size(header.size_hw, header.orientation)


def _words(folder: Path, images: dict[str, AnnotatedImage], coding: MaskCoding, table: Table | None) -> str:
    named = f"every object is of the class '{coding.classes[OBJECT_CLASS].name}'"
    how = named if table is None else f"{len(coding.classes) - 1} classes, by {TABLE}"
    return f"label images in {folder.name}: {len(images)} images, {how}"


def _entries(instances: Instances, labels: Int32[np.ndarray, "h w"]) -> Iterable[Entry]:
    """What the table says of each object that has a pixel."""
    for place in np.flatnonzero(np.bincount(labels.ravel(), minlength=1)[1:]).tolist():
        yield Entry(
            _number(place),
            int(instances.class_ids[place]),
            float(instances.scores[place]),
            bool(instances.is_crowd[place]),
        )


def _number(place: int) -> int:
    """The value of an object by its place: the next after the place, but not that of ignored pixels."""
    return place + 1 + (place + 1 >= IGNORE)


def _write_numbers(
    stem: Path, labels: Int32[np.ndarray, "h w"], ignored: Bool[np.ndarray, "h w"] | None, suffix: Literal[".png", ".tif"]
) -> None:
    """A label image of 16 bits, or of 32 where they are needed, with the file's ending put behind its name."""
    is_wide = int(labels.max(initial=0)) >= IGNORE
    numbers = (labels + (labels >= IGNORE)).astype(np.uint32 if is_wide else np.uint16)
    if ignored is not None:
        numbers[ignored] = IGNORE
    if suffix == ".png" and not is_wide:
        atomic_write(stem.with_name(f"{stem.name}.png"), bytes(imagecodecs.png_encode(numbers)))
        return
    with atomic_path(stem.with_name(f"{stem.name}.tif")) as temporary:
        tifffile.imwrite(temporary, numbers, photometric="minisblack", compression="zlib", metadata={"axes": "YX"})
