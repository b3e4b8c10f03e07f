"""Where the label files of a YOLO data set lie, and what its classes are called: data.yaml, or classes.txt beside labels."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from maskwright.base.errors import DataError
from maskwright.base.files import natural_key
from maskwright.formats.annotations import Note, read_text

MAX_BYTES = 1 << 24  # of a list of names or images; real ones have kilobytes

CLASSES = "classes.txt"
LABELS, IMAGES = "labels", "images"
PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Layout:
    """What a data set has: names by class index, and label files with the names of their images, without suffix."""

    names: dict[int, str]
    files: tuple[tuple[Path, str], ...]


def yaml_files(folder: Path) -> tuple[Path, ...]:
    """The YAML files of a folder that name classes and where images lie."""
    if not folder.is_dir():
        return ()
    every = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".yaml", ".yml") and path.is_file())
    return tuple(path for path in every if _is_data_set(path))


def label_folder(folder: Path) -> Path | None:
    """The folder of label files with a classes.txt in it, or above where it is called labels; else None.

    A folder called labels that lies beside a data.yaml is one, too.
    """
    for place in (folder, folder / LABELS):
        named = (place / CLASSES).is_file() or (place.name == LABELS and _is_named_above(place))
        if named and any(map(_looks_like_labels, _text_files(place))):
            return place
    return None


def layout_of(path: Path, notes: list[Note]) -> Layout:
    """The layout that a data.yaml describes, or a data folder, or a folder of label files.

    Raises `DataError` where class names or label files are missing, or the YAML is damaged.
    """
    if path.is_file():
        if path.suffix.lower() not in (".yaml", ".yml"):
            raise DataError(f"{path}: is no data.yaml. Name that, or the folder of the label files.")
        return _of_yaml(path, notes)
    described = yaml_files(path)
    if len(described) > 1:
        raise DataError(f"{path}: several files describe it: {', '.join(one.name for one in described)}. Name one of them.")
    if described:
        return _of_yaml(described[0], notes)
    places = [path / CLASSES, path / LABELS / CLASSES, path.parent / CLASSES]
    names_file = next((place for place in places if place.is_file()), None)
    beside = yaml_files(path.parent) if names_file is None else ()
    if names_file is not None:
        names = _listed(names_file)
    elif len(beside) == 1:
        names = _names(_load(beside[0]), beside[0], notes)
    else:
        raise DataError(
            f"{path}: there is no data.yaml and no classes.txt. Write the class names to {path / CLASSES}, one a line."
        )
    return Layout(names, _checked(_below(path), path))


def _of_yaml(path: Path, notes: list[Note]) -> Layout:
    value = _load(path)
    names = _names(value, path, notes)
    files: dict[Path, str] = {}
    for part in PARTS:
        entries = value.get(part) or []
        for entry in [entries] if isinstance(entries, str) else entries:
            found = _of_entry(path, value.get("path"), str(entry))
            if found is None:
                what = f"its {part} is '{entry}', which is not there"
                notes.append(Note("part-not-found", path.name, what, "Correct the path, or take the line out."))
            files.update(found or ())
    return Layout(names, _checked(tuple(files.items()) or _below(path.parent), path))


def _of_entry(path: Path, root: Any, entry: str) -> tuple[tuple[Path, str], ...] | None:
    """The label files of the images that an entry of a data.yaml means: a folder, or a file that lists images."""
    roots = [path.parent / root, path.parent] if isinstance(root, str) and root else [path.parent]
    # Exports have '../train/images' where 'train/images' is meant, as Ultralytics allows.
    places = [Path(os.path.normpath(place / name)) for place in roots for name in (entry, entry.removeprefix("../"))]
    place = next((place for place in places if place.exists() or _label_of(place).is_dir()), None)
    if place is None:
        return None
    if not place.is_file():
        labels = _label_of(place)
        base = path.parent if labels.is_relative_to(path.parent) else labels
        return tuple((file, _image_name(file, base)) for file in _text_files(labels))
    lines = [line.strip() for line in read_text(place, MAX_BYTES).splitlines() if line.strip()]
    files = [_label_of(place.parent / line).with_suffix(".txt") for line in lines]
    return tuple((file, _image_name(file, path.parent)) for file in files if file.is_file())


def _label_of(image: Path) -> Path:
    """Where the labels of an image or of a folder of images lie: the last 'images' in its path is 'labels'."""
    parts = image.parts
    last = max((place for place, part in enumerate(parts) if part == IMAGES), default=None)
    return image if last is None else Path(*parts[:last], LABELS, *parts[last + 1 :])


def _below(folder: Path) -> tuple[tuple[Path, str], ...]:
    """The label files below a folder: those in folders called labels where there are such, else all."""
    every = _text_files(folder)
    chosen = [file for file in every if LABELS in file.relative_to(folder).parts[:-1]]
    return tuple((file, _image_name(file, folder)) for file in chosen or every)


def _checked(files: Sequence[tuple[Path, str]], path: Path) -> tuple[tuple[Path, str], ...]:
    if not files:
        raise DataError(f"{path}: no label files found. They are text files in labels/, one beside each image in images/.")
    return tuple(files)


def _text_files(folder: Path) -> list[Path]:
    every = folder.rglob("*.txt") if folder.is_dir() else ()
    return sorted((file for file in every if file.name != CLASSES and file.is_file()), key=lambda file: natural_key(str(file)))


def _image_name(file: Path, base: Path) -> str:
    """The image's path without suffix, without a folder called labels."""
    relative = PurePosixPath(file.relative_to(base).as_posix() if file.is_relative_to(base) else file.name)
    parts = list(relative.parts[:-1])
    if LABELS in parts:
        parts.remove(LABELS)
    return str(PurePosixPath(*parts, relative.name.removesuffix(relative.suffix)))


def _is_named_above(labels: Path) -> bool:
    return (labels.parent / CLASSES).is_file() or len(yaml_files(labels.parent)) == 1


def _is_data_set(path: Path) -> bool:
    try:
        value = _load(path)
    except DataError:
        return False
    return "names" in value and any(key in value for key in (*PARTS, "path"))


def _load(path: Path) -> dict[str, Any]:
    """The fields of a YAML file. Every scalar stays text, so that a class called 'no' does not become a truth value."""
    try:
        value = yaml.load(read_text(path, MAX_BYTES), Loader=yaml.BaseLoader)  # makes text, lists and dicts, nothing else
    except (yaml.YAMLError, RecursionError) as error:
        raise DataError(
            f"{path}: not a readable YAML file ({' '.join(str(error).split())[:200]}). Correct that line."
        ) from error
    if not isinstance(value, dict):
        raise DataError(f"{path}: is no data.yaml: fields such as names and train are expected.")
    return value


def _names(value: dict[str, Any], path: Path, notes: list[Note]) -> dict[int, str]:
    given = value.get("names")
    pairs = list(enumerate(given)) if isinstance(given, list) else list(given.items()) if isinstance(given, dict) else []
    names: dict[int, str] = {}
    for key, name in pairs:
        if not str(key).isdecimal() or not isinstance(name, str) or not name.strip():
            raise DataError(f"{path}: the class {key!s}: {str(name)[:40]} needs an index of 0 or more and a name. Correct it.")
        names[int(key)] = name
    if not names:
        raise DataError(f"{path}: has no class names. Write them under names, as a list or as '0: cat'.")
    count = value.get("nc")
    if count is not None and str(count) != str(len(names)):
        notes.append(Note("wrong-count", path.name, f"nc is {count}, but there are {len(names)} names", "The names are used."))
    return dict(sorted(names.items()))


def _listed(path: Path) -> dict[int, str]:
    names = [line.strip() for line in read_text(path, MAX_BYTES).rstrip().splitlines()]
    if not names or not all(names):
        raise DataError(f"{path}: needs one class name a line, none of them empty.")
    return dict(enumerate(names))


def _looks_like_labels(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            words: Iterable[bytes] = file.read(4096).split(b"\n", 1)[0].split()
        numbers = [float(word) for word in words]
    except (OSError, ValueError):
        return False
    return len(numbers) >= 5 and numbers[0] == int(numbers[0])
