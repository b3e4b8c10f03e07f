"""COCO panoptic: a picture of segment numbers for each image, and one JSON file that says what each segment is.

The project's own layout for panoptic data is this one: images/, panoptic.json, and panoptic/ with the pictures.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from maskwright.base.errors import DataError, MaskValueError
from maskwright.base.files import atomic_folder, atomic_write
from maskwright.formats.annotations import AnnotatedImage, Annotations, Holds, Loss, Note, check_losses
from maskwright.formats.coco_lists import Id, ListedImage, id_of, json_files, load_json, named_categories, read_images
from maskwright.formats.content import IMAGE_SUFFIXES, MAX_PIXELS
from maskwright.formats.flat import OwnFiles, flatten
from maskwright.formats.panoptic_segments import ListedSegment, read_picture, read_segments, write_picture
from maskwright.masks.classes import Classes, ClassInfo
from maskwright.masks.convert import panoptic_from_labels
from maskwright.masks.types import Instances, Panoptic

TITLE = "COCO panoptic"
HOLDS = Holds(exact=True, holes=True, parts=True, overlap=False, scores=True, crowd=True, classes=True, ignored=True, size=True)

MAX_BYTES = 1 << 30  # of the JSON file; read, it takes several times as much memory
LISTS = ("images", "annotations", "categories")
LOOKED_FOR = 3  # pictures that must lie in a folder for it to be taken as theirs
CITYSCAPES = ("_gtFine_leftImg8bit", "_leftImg8bit")  # how cityscapesScripts calls an image in this file, and what it is called


def find(folder: Path) -> tuple[Path, ...]:
    """JSON files in a folder, or in its annotations/, that speak of segments."""
    return tuple(path for path in json_files(folder, MAX_BYTES) if _looks_panoptic(path.read_bytes()))


def read(path: Path, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Annotations:
    """The panoptic map of every image that the file has segments for.

    Categories become classes 0, 1, ... by rising id: no background is put before them, since what is in no segment is void.
    What is wrong with a segment is a note with its id. Raises `DataError` where the file is of another kind, is too large,
    contradicts itself about categories or images, or where its pictures are not found.
    """
    path, notes = Path(path), list[Note]()
    value = _described(path, max_bytes)
    classes, class_of = _classes(value["categories"], path, notes)
    images = read_images(value["images"], path, notes)
    entries = _by_image(value["annotations"], images, path, notes)
    folder = pictures_folder(path, [entry["file_name"] for entry in entries.values()], images.values())
    made, listed = list[AnnotatedImage](), list[ListedSegment]()
    for id, entry in entries.items():
        image, file = images[id], folder / entry["file_name"]
        if not file.is_file():
            what = f"its picture {file} is not there; the image is left out"
            notes.append(Note("missing-picture", f"{path.name}, image {id}", what, "Restore it.", "error", left_out=True))
            continue
        of_image = f"{path.name}, '{image.name}'"
        segments = read_segments(entry["segments_info"], of_image, class_of, classes, notes)
        listed += segments
        made.append(_annotated(path, file, id, image, segments, classes=classes, max_pixels=max_pixels))
    return Annotations(path, classes, tuple(made), tuple(notes), tuple(_words(path, classes, made, listed)))


def write(
    path: Path,
    items: Iterable[tuple[str, Instances | Panoptic]],
    *,
    allow_loss: bool = False,
    described_by: Path | None = None,
) -> tuple[Loss, ...]:
    """Write the JSON file, and the pictures into the folder beside it that is called as the file is, without suffix.

    Segments keep their ids and scores (a score of 1 is not written). Image ids are 1, 2, ..., category ids are class ids plus
    one; or both, and what else is told of images and categories, are those of the panoptic file `described_by`. One image is in
    memory at a time. Objects become segments over a background; lost are pixels under other objects, and objects without any.
    Raises `MaskValueError` where images differ in their classes or have one name, on an id beyond three bytes, and on a loss
    that is not allowed; `DataError` for images and classes that `described_by` lacks. The folder is whole or absent.
    """
    path, losses = Path(path), list[Loss]()
    known = _Known(described_by)
    classes, category_ids = None, dict[int, Id]()
    entries: list[str] = []  # as text, which takes a fifth of the memory
    images: list[dict[str, Any]] = []
    files = OwnFiles(path.with_suffix(""))
    with atomic_folder(path.with_suffix("")) as folder:
        for name, segmentation in items:
            if classes is None:
                classes = segmentation.classes
                category_ids = known.category_ids(classes)
            elif segmentation.classes != classes:
                raise MaskValueError(f"{path}: {name} has other classes than the images before it; one file has one list.")
            panoptic = segmentation
            if isinstance(panoptic, Instances):
                labels, lost = flatten(name, panoptic, HOLDS)
                losses += lost
                panoptic = panoptic_from_labels(labels, panoptic)
            if allow_loss or not losses:
                image, called = known.image(name, panoptic.size_hw, len(images) + 1)
                file = f"{files.stem(called)}.png"
                segments = write_picture(folder / file, panoptic)
                for segment in segments:
                    segment["category_id"] = category_ids[segment["category_id"]]
                images.append(image)
                entries.append(_text({"image_id": image["id"], "file_name": file, "segments_info": segments}))
        losses = list(check_losses(losses, path, TITLE, allow_loss=allow_loss))
    lists = {"images": _text(images), "annotations": f"[{','.join(entries)}]", "categories": _text(known.categories(classes))}
    fields = {key: _text(part) for key, part in known.rest.items()} | lists
    atomic_write(path, "{" + ",".join(f"{_text(key)}:{part}" for key, part in fields.items()) + "}\n")
    return tuple(losses)


def of_one_image(name: str, file: str, panoptic: Panoptic, segments: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The file's value for one image alone, whose picture `file` was written with these segments; `coco_join` joins such."""
    known = _Known(None)
    image, _ = known.image(name, panoptic.size_hw, 1)
    category_ids = known.category_ids(panoptic.classes)
    entries = [{**segment, "category_id": category_ids[segment["category_id"]]} for segment in segments]
    annotation = {"image_id": image["id"], "file_name": file, "segments_info": entries}
    return {"images": [image], "annotations": [annotation], "categories": known.categories(panoptic.classes)}


def pictures_folder(path: Path, names: Sequence[str], images: Iterable[ListedImage] = ()) -> Path:
    """The folder of the pictures: called as the file is, or the one beside the file in which they lie.

    Where `images` are called as their pictures are, that could be the folder of the images, so that it has to be called as the
    file is. Raises `DataError` where there is no folder, or none that is sure.
    """
    own = path.with_suffix("")
    if not names or _all_in(own, names[:LOOKED_FOR]):
        return own
    taken = {image.name for image in images} & set(names)
    around = [path.parent, *([path.parent.parent] if path.parent.name == "annotations" else [])]
    folders = sorted({folder for place in around for folder in (place, *place.iterdir()) if folder.is_dir()})
    found = [folder for folder in folders if _all_in(folder, names[:LOOKED_FOR])]
    if len(found) == 1 and not taken:
        return found[0]
    if own.is_dir() and not found:  # the first are missing, which is said of each
        return own
    where = f"may lie in {' or '.join(map(str, found))}" if found else "are in no folder beside it"
    raise DataError(f"{path}: its pictures ({names[0]}, ...) {where}. Put them into {own}.")


def _described(path: Path, max_bytes: int) -> dict[str, Any]:
    """The file's value, if it has the three lists of a panoptic file."""
    value = load_json(path, max_bytes)
    missing = [key for key in LISTS if not (isinstance(value, dict) and isinstance(value.get(key), list))]
    if missing:
        raise DataError(f"{path}: is not a {TITLE} file: there is no list of {' and none of '.join(missing)}.")
    return dict(value)


def _looks_panoptic(content: bytes) -> bool:
    return all(word in content for word in (b'"segments_info"', b'"annotations"', b'"categories"'))


def _classes(entries: Sequence[Any], path: Path, notes: list[Note]) -> tuple[Classes, dict[Id, int]]:
    """The classes by rising category id, with their colours and what of them is a thing, and which class a category is."""
    names, class_of = named_categories(entries, path, notes)
    if not names:
        raise DataError(f"{path}: lists no categories, so there are no classes. Add them, with isthing 1 or 0.")
    said: dict[int, dict[str, Any]] = {}
    for entry in entries:
        class_id = class_of[entry["id"]]
        first = said.setdefault(class_id, entry)
        if entry.get("isthing") not in (0, 1):
            raise DataError(
                f"{path}: the category '{entry['name']}' says isthing: {entry.get('isthing')}, where 1 (countable objects) or "
                f"0 (stuff) is expected. Write one of both."
            )
        if first["isthing"] != entry["isthing"]:
            raise DataError(f"{path}: the category '{entry['name']}' is both a thing and stuff. Rename one of both.")
    painted = Classes.named(*names)
    infos = (
        ClassInfo(info.name, _color(said[class_id].get("color")) or info.color, bool(said[class_id]["isthing"]))
        for class_id, info in enumerate(painted)
    )
    return Classes(tuple(infos)), class_of


def _color(value: Any) -> tuple[int, int, int] | None:
    is_color = isinstance(value, list) and len(value) == 3 and all(isinstance(part, int) and 0 <= part < 256 for part in value)
    return (value[0], value[1], value[2]) if is_color else None


def _by_image(
    entries: Sequence[Any], images: Mapping[Id, ListedImage], path: Path, notes: list[Note]
) -> dict[Id, dict[str, Any]]:
    """The annotation of each image; what cannot be used, and images without one, are noted."""
    found: dict[Id, dict[str, Any]] = {}
    for number, entry in enumerate(entries, 1):
        id, where = id_of(entry, "image_id"), f"{path.name}, annotation number {number}"
        if id is None or not isinstance(entry.get("file_name"), str) or not isinstance(entry.get("segments_info"), list):
            what = "it needs image_id, file_name and segments_info; it is left out"
            notes.append(Note("wrong-annotation", where, what, "Write all three.", "error", left_out=True))
        elif PurePosixPath(entry["file_name"]).is_absolute() or ".." in PurePosixPath(entry["file_name"]).parts:
            what = f"its picture '{entry['file_name']}' lies outside of the pictures' folder; it is left out"
            notes.append(Note("wrong-annotation", where, what, "Name it by a path below the folder.", "error", left_out=True))
        elif id not in images:
            what = f"its image_id {id} is no image of the file"
            notes.append(Note("unknown-image", where, what, "Add the image, or correct the id.", "error", left_out=True))
        elif id in found:
            what = f"the image {id} has segments already; these are left out"
            notes.append(Note("repeated-annotation", where, what, "An image has one picture.", "error", left_out=True))
        else:
            found[id] = entry
    for id, image in images.items():
        if id not in found:
            what = f"'{image.name}' is listed without segments and left out"
            notes.append(Note("image-without-segments", f"{path.name}, image {id}", what, "Annotate it, or take it out."))
    return found


def _annotated(
    path: Path,
    file: Path,
    id: Id,
    image: ListedImage,
    segments: Sequence[ListedSegment],
    *,
    classes: Classes,
    max_pixels: int,
) -> AnnotatedImage:
    def load(size_hw: tuple[int, int]) -> Panoptic:
        panoptic = read_picture(file, segments, classes, path, max_pixels=max_pixels)
        if panoptic.size_hw != size_hw:
            raise MaskValueError(
                f"{file}: the picture has {panoptic.size_hw[1]} x {panoptic.size_hw[0]} pixels, but the image {size_hw[1]} x "
                f"{size_hw[0]}. Use the image that was annotated, neither resized nor rotated."
            )
        return panoptic

    usable = sum(segment.class_id is not None for segment in segments)
    return AnnotatedImage(_image_name(image.name), image.size_hw, load, file, usable, f"image {id}")


def _image_name(name: str) -> str:
    return name.replace(*CITYSCAPES)


def _words(path: Path, classes: Classes, images: Sequence[AnnotatedImage], listed: Sequence[ListedSegment]) -> Iterator[str]:
    things = {class_id for class_id, info in enumerate(classes) if info.is_thing}
    of_things = [segment for segment in listed if segment.class_id in things]
    crowds = sum(segment.is_crowd for segment in of_things)
    yield f"{TITLE} file {path.name}: {len(images)} images, {len(classes)} classes, {len(things)} of them things"
    yield f"{len(of_things)} segments are things, {crowds} of them crowds; {len(listed) - len(of_things)} are stuff"


class _Known:
    """What a panoptic file says of images and categories, and what is said where there is none."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        value: dict[str, Any] = {} if path is None else _described(Path(path), MAX_BYTES)
        self.rest = {key: part for key, part in value.items() if key not in LISTS}
        self.listed = value.get("categories", [])
        pictures = {entry["image_id"]: entry["file_name"] for entry in value.get("annotations", ())}
        self.by_name: dict[str, tuple[dict[str, Any], str]] = {}
        for entry in value.get("images", ()):
            name = _image_name(entry["file_name"])
            for key in (PurePosixPath(name).name, _stem(PurePosixPath(name).name), _stem(name), name):
                self.by_name[key] = entry, pictures.get(entry["id"], name)

    def image(self, name: str, size_hw: tuple[int, int], number: int) -> tuple[dict[str, Any], str]:
        """What the file says of an image, and what its picture is called."""
        if self.path is None:
            return {"id": number, "file_name": name, "width": size_hw[1], "height": size_hw[0]}, name
        for key in (name, _stem(name), PurePosixPath(name).name, _stem(PurePosixPath(name).name)):
            if key in self.by_name:
                return self.by_name[key]
        raise DataError(f"{self.path}: has no image called '{name}'. Name a file that describes all images.")

    def category_ids(self, classes: Classes) -> dict[int, Id]:
        """The category of each class."""
        if self.path is None:
            return {class_id: class_id + 1 for class_id in range(len(classes))}
        names, place_of = named_categories(self.listed, self.path, [])
        missing = sorted(set(classes.names) - set(names))
        if missing:
            raise DataError(f"{self.path}: has no categories called {', '.join(missing)}.")
        first = {names[place]: id for id, place in reversed(place_of.items())}
        return {class_id: first[info.name] for class_id, info in enumerate(classes)}

    def categories(self, classes: Classes | None) -> list[dict[str, Any]]:
        """The list of categories."""
        if self.path is not None:
            return list(self.listed)
        return [
            {"id": class_id + 1, "name": info.name, "isthing": int(info.is_thing), "color": list(info.color)}
            for class_id, info in enumerate(classes or ())
        ]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _stem(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return name[: -len(suffix)] if suffix.lower() in IMAGE_SUFFIXES else name


def _all_in(folder: Path, names: Sequence[str]) -> bool:
    return all((folder / name).is_file() for name in names)
