"""The images and categories that a COCO file lists, and what is wrong with ids that refer to them."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.base.errors import DataError
from maskwright.base.files import read_json
from maskwright.formats.annotations import Note, object_classes
from maskwright.masks.classes import Classes

Id = int | str


@dataclass(frozen=True)
class ListedImage:
    """The name of an image's file, and its size where the list says it."""

    name: str
    size_hw: tuple[int, int] | None


def json_files(folder: Path, max_bytes: int) -> tuple[Path, ...]:
    """The JSON files in a folder, or in its annotations/, that are not too large to be read."""
    places = (Path(folder), Path(folder) / "annotations")
    files = [path for place in places if place.is_dir() for path in sorted(place.glob("*.json")) if path.is_file()]
    return tuple(path for path in files if path.stat().st_size <= max_bytes)


def load_json(path: Path, max_bytes: int) -> Any:
    """What a JSON file holds. Raises `DataError` where it is too large, and `MaskwrightError` where it cannot be read."""
    size = path.stat().st_size if path.is_file() else 0
    if size > max_bytes:
        raise DataError(
            f"{path}: has {size / 1e6:.0f} MB, more than the {max_bytes / 1e6:.0f} MB that are read at once. "
            f"Split it into several files, a part of the images each."
        )
    return read_json(path)


def read_categories(entries: Sequence[Any], path: Path, notes: list[Note]) -> tuple[Classes, dict[Id, int]]:
    """The classes, 1, 2, ... by rising category id behind the background, and which class a category is."""
    names, place_of = named_categories(entries, path, notes)
    return object_classes(names), {id: place + 1 for id, place in place_of.items()}


def named_categories(entries: Sequence[Any], path: Path, notes: list[Note]) -> tuple[tuple[str, ...], dict[Id, int]]:
    """The names of the categories by rising id, each once, and which of them a category is."""
    names: dict[Id, str] = {}
    for entry in entries:
        id, name = id_of(entry, "id"), entry.get("name") if isinstance(entry, dict) else None
        if id is None or not isinstance(name, str) or not name.strip():
            raise DataError(f"{path}: the category {str(entry)[:80]} needs an id and a name. Write both.")
        if id not in names:
            names[id] = name
        elif names[id] == name:
            notes.append(_twice(f"category {id}", name))
        else:
            raise DataError(
                f"{path}: the category id {id} is both '{names[id]}' and '{name}', so its annotations may be either. "
                f"Give each category an id of its own."
            )
    place_of: dict[str, int] = {}
    ordered = sorted(names, key=lambda id: (isinstance(id, str), id if isinstance(id, int) else 0, str(id)))
    for id in ordered:
        if names[id] in place_of:
            what = f"another category is called '{names[id]}' too; both are read as one class"
            notes.append(Note("repeated-category", f"category {id}", what, "Rename one of them if they differ."))
        place_of.setdefault(names[id], len(place_of))
    return tuple(place_of), {id: place_of[names[id]] for id in ordered}


def read_images(entries: Sequence[Any], path: Path, notes: list[Note]) -> dict[Id, ListedImage]:
    """The images of the list by their ids."""
    images: dict[Id, ListedImage] = {}
    for number, entry in enumerate(entries, 1):
        id, name = id_of(entry, "id"), entry.get("file_name") if isinstance(entry, dict) else None
        if id is None or not isinstance(name, str) or not name:
            raise DataError(f"{path}: image number {number} ({str(entry)[:80]}) needs an id and a file_name. Write both.")
        if id in images:
            if images[id].name != name:
                raise DataError(
                    f"{path}: the image id {id} is both '{images[id].name}' and '{name}', so its annotations may belong to "
                    f"either. Give each image an id of its own."
                )
            notes.append(_twice(f"image {id}", name))
        height, width = entry.get("height"), entry.get("width")
        known = isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0
        images[id] = ListedImage(name, (height, width) if known else None)
    return images


def wrong_reference(entry: Any, images: Container[Id], categories: Container[Id]) -> tuple[str, str, str] | None:
    """Code, what and remedy where an annotation belongs to no image or no category."""
    if not isinstance(entry, dict):
        return "wrong-annotation", f"it is {str(entry)[:80]} and not an object with fields", "Export it again."
    for key, known, code in (("image_id", images, "unknown-image"), ("category_id", categories, "unknown-category")):
        id = id_of(entry, key)
        if id is None:
            return code, f"it has no {key}", f"Write its {key}, or take it out."
        if id not in known:
            kind = key.removesuffix("_id")
            return code, f"its {key} {id} is no {kind} of the file", f"Add the {kind} to the list, or correct the {key}."
    return None


def id_of(entry: Any, key: str) -> Id | None:
    """The id that stands under a key, or None where there is none."""
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _twice(where: str, name: str) -> Note:
    return Note("repeated-entry", where, f"'{name}' is listed more than once", "Once is enough.", "note")
