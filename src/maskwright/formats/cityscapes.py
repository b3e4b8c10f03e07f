"""Cityscapes: a picture of class and object numbers for each image (class * 1000 + number), beside its polygons."""

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import imagecodecs
import numpy as np

from maskwright.base.errors import DataError, ImageFileError, MaskValueError
from maskwright.base.files import atomic_folder, atomic_write, natural_key
from maskwright.formats import stored
from maskwright.formats.annotations import AnnotatedImage, Annotations, Holds, Loss, Note, check_losses
from maskwright.formats.cityscapes_numbers import EACH, numbers_of, polygons_of, read_numbers
from maskwright.formats.cityscapes_table import CLASSES, THINGS
from maskwright.formats.content import IMAGE_SUFFIXES, MAX_PIXELS
from maskwright.formats.flat import OwnFiles
from maskwright.masks.types import Instances

TITLE = "Cityscapes"
HOLDS = Holds(
    exact=True, holes=True, parts=True, overlap=False, scores=False, crowd=True, classes=True, ignored=True, size=True
)

FOLDER, IMAGES = "gtFine", "leftImg8bit"
INSTANCES, LABEL_IDS, POLYGONS = "_gtFine_instanceIds.png", "_gtFine_labelIds.png", "_gtFine_polygons.json"
IMAGE = "_leftImg8bit"  # stands behind the name of an image of the data set


def find(folder: Path) -> tuple[Path, ...]:
    """The folder, if pictures of object numbers lie somewhere below it."""
    return (Path(folder),) if next(Path(folder).rglob(f"*{INSTANCES}"), None) else ()


def read(path: Path, *, max_pixels: int = MAX_PIXELS) -> Annotations:
    """The things of every instanceIds picture below a folder; a thing's class without a number is a group, read as a crowd.

    What counts in no score (void, parking, ...) is ignored; road, sky and other stuff are no objects. Raises `DataError` where
    there is no such picture.
    """
    root = Path(path)
    folder = root / FOLDER if (root / FOLDER).is_dir() else root
    files = sorted(folder.rglob(f"*{INSTANCES}"), key=lambda file: natural_key(file.as_posix()))
    if not files:
        raise DataError(f"{root}: is not of Cityscapes' layout: there are no files called *{INSTANCES}.")
    notes: list[Note] = []
    images = [_image(file, folder, max_pixels, notes) for file in files]
    _note_alone(folder, {_base(file, INSTANCES) for file in files}, notes)
    made = tuple(image for image in images if image is not None)
    words = (
        f"Cityscapes folder {root.name}: {len(made)} images, {len(THINGS)} classes of things",
        "groups are crowds, void pixels are ignored, and stuff (road, sky, ...) is no object",
    )
    return Annotations(root, CLASSES, made, tuple(notes), words)


def write(path: Path, items: Iterable[tuple[str, Instances]], *, allow_loss: bool = False) -> tuple[Loss, ...]:
    """Write gtFine/ with instanceIds, labelIds and polygons of each image.

    Classes keep their names, so objects of classes that Cityscapes does not count as things are lost. What belongs to no object
    becomes 'unlabeled' and is ignored from then on, since Cityscapes has no class for it. Lost are also scores, objects without
    pixels, what lies under others, and crowds of one class as separate ones. Raises `MaskValueError` where two images have one
    name, on more than 1000 objects of a class in an image, and on a loss that is not allowed. The folder is whole or absent.
    """
    path, losses = Path(path), list[Loss]()
    files = OwnFiles(path)
    with atomic_folder(path) as folder:
        for name, instances in items:
            base = folder / FOLDER / files.stem(_without_ending(name))
            numbers, lost = numbers_of(name, instances, HOLDS)
            losses += lost
            if allow_loss or not losses:
                ids = np.where(numbers < EACH, numbers, numbers // EACH).astype(np.uint8)
                atomic_write(base.with_name(base.name + INSTANCES), bytes(imagecodecs.png_encode(numbers.astype(np.uint16))))
                atomic_write(base.with_name(base.name + LABEL_IDS), bytes(imagecodecs.png_encode(ids)))
                atomic_write(base.with_name(base.name + POLYGONS), json.dumps(polygons_of(numbers), separators=(",", ":")))
        losses = list(check_losses(losses, path, TITLE, allow_loss=allow_loss))
    return tuple(losses)


def _base(file: Path, ending: str) -> str:
    return file.as_posix().removesuffix(ending)


def _image(file: Path, folder: Path, max_pixels: int, notes: list[Note]) -> AnnotatedImage | None:
    base = PurePosixPath(_base(file.relative_to(folder), INSTANCES))
    try:
        size_hw = stored.read_header(file, max_pixels).size_hw
    except ImageFileError as error:
        what = f"it cannot be read ({error}); its objects are left out"
        where = file.relative_to(folder).as_posix()
        notes.append(Note("unreadable-mask", where, what, "Restore it from a copy.", "error", left_out=True))
        return None

    def load(image_hw: tuple[int, int]) -> Instances:
        if image_hw != size_hw:
            raise MaskValueError(
                f"{file}: the objects are for {size_hw[1]} x {size_hw[0]} pixels, but the image has {image_hw[1]} x "
                f"{image_hw[0]}. Use the image that was annotated, neither resized nor rotated."
            )
        return read_numbers(file, max_pixels)

    return AnnotatedImage(_image_name(base, folder), size_hw, load, file)


def _image_name(base: PurePosixPath, folder: Path) -> str:
    """'aachen_000000_000019_leftImg8bit.png' where the data set's own images lie beside, else the name without an ending."""
    for place in (folder.parent / IMAGES, folder):
        own = place / f"{base}{IMAGE}.png"
        if own.is_file():
            return own.relative_to(place).as_posix()
    return f"{base}{IMAGE}" if _is_official(base.name) else base.as_posix()


def _without_ending(name: str) -> str:
    """An image's name without what `_image_name` puts behind it."""
    stem, suffix = (name[: -len(end)], end) if (end := PurePosixPath(name).suffix).lower() in IMAGE_SUFFIXES else (name, "")
    bare = stem.removesuffix(IMAGE)
    return bare if _is_official(PurePosixPath(bare).name) else stem + suffix


def _is_official(name: str) -> bool:
    """Whether a name is as those of the data set, CITY_000000_000019."""
    parts = name.rsplit("_", 2)
    return len(parts) == 3 and all(len(part) == 6 and part.isdecimal() for part in parts[1:])


def _note_alone(folder: Path, known: set[str], notes: list[Note]) -> None:
    """Note images that have polygons or classes but no picture of object numbers."""
    for ending, remedy in (
        (POLYGONS, "Make it with cityscapesScripts: csCreateTrainIdInstanceImgs has its like for ids, json2instanceImg."),
        (LABEL_IDS, "Add it; classes alone do not tell objects apart."),
    ):
        for file in sorted(folder.rglob(f"*{ending}")):
            if _base(file, ending) not in known:
                known.add(_base(file, ending))
                what = f"there is no {file.name.removesuffix(ending)}{INSTANCES} beside it; its objects are left out"
                where = file.relative_to(folder).as_posix()
                notes.append(Note("missing-instances", where, what, remedy, "error", left_out=True))
