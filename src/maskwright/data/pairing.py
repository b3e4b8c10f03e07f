"""Which image belongs to which mask, judged by folders and names; what is left over or ambiguous is listed."""

import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TypeVar

from maskwright.base.errors import DataError
from maskwright.base.files import natural_key
from maskwright.data.planes import by_planes, planes_named
from maskwright.data.record import Record
from maskwright.data.walk import Walk
from maskwright.formats.content import IMAGE_SUFFIXES
from maskwright.formats.large_image import is_zarr

# Folder names that say what lies in them, without case.
IMAGE_FOLDERS = frozenset({"images", "image", "imgs", "img", "jpegimages", "leftimg8bit", "photos"})
MASK_FOLDERS = frozenset(
    {
        "masks", "mask", "labels", "label", "annotations", "annotation", "annots", "gt", "groundtruth", "ground_truth",
        "segmentation", "segmentations", "segmentationclass", "segmentationclassraw", "seg", "segs",
    }
)  # fmt: skip

# What is added to an image's name to make its mask's: x_mask, x-seg, mask_x.
WORDS = "masks?|segmentations?|segs?|labels?|gt|groundtruth|ground_truth|annotations?"
MASK_NAME = re.compile(rf"(?:{WORDS})[-_. ]+(?P<after>.+)|(?P<before>.+?)[-_. ]+(?:{WORDS})", re.IGNORECASE)

AFFIX_SAMPLE = 300  # names from which a pattern is learnt; all against all would take minutes for thousands of files

Item = TypeVar("Item")
Key = TypeVar("Key")


@dataclass(frozen=True)
class Pairing:
    """Images with their masks, and everything that found no partner.

    ambiguous: files that would have one id, or masks that claim one image. passed_over: what was not taken, by reason.
    broken: links that lead nowhere or in a circle, folders that cannot be opened. notes: how names were matched.
    """

    pairs: tuple[Record, ...]
    images_without_mask: tuple[Record, ...] = ()
    masks_without_image: tuple[Path, ...] = ()
    ambiguous: tuple[tuple[Path, ...], ...] = ()
    passed_over: tuple[tuple[str, tuple[Path, ...]], ...] = ()
    broken: tuple[tuple[Path, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    """A file with the folder and stem that count when names are compared: composed Unicode, no case, no images/ or masks/."""

    path: Path
    folder: str
    stem: str

    @property
    def key(self) -> tuple[str, str]:
        return self.folder, self.stem


def pair(root: Path, masks: Path | None = None, *, image_glob: str | None = None, mask_glob: str | None = None) -> Pairing:
    """Pair what lies below `root`, or images below `root` with masks below another folder, or by patterns of relative paths.

    Known are images/ and masks/ (and their other names) at any depth, x.png beside x_mask.png, and mirrored nested folders.
    Names are compared without suffix and case, in Unicode's composed form. Raises `DataError` where a folder is missing.
    """
    root, walk = Path(root), Walk()
    if masks is None:
        images, mask_files, others = _sorted_out(walk.files(root), image_glob, mask_glob)
        mask_root = root
    else:
        mask_root = Path(masks)
        apart = Walk() if mask_root.resolve() == root.resolve() else walk  # a folder may be paired with itself
        mask_files = [file for file in apart.files(mask_root) if mask_glob is None or _matches(file, mask_glob)]
        images, _, others = _sorted_out(walk.files(root, skip=mask_root), image_glob, "" if mask_glob is None else None)
    if others:
        walk.pass_over("in neither an image nor a mask folder", *(root / file for file in others))
    return _match(
        [_file(root, file, IMAGE_FOLDERS) for file in images],
        [_file(mask_root, file, MASK_FOLDERS) for file in mask_files],
        root,
        walk,
    )


def list_images(paths: Iterable[Path]) -> tuple[Record, ...]:
    """Every image of the given files and folders, in natural order, to be predicted on.

    Ids are paths relative to the folder that all have in common. Raises `DataError` where two files would have one id.
    """
    given = [Path(path) for path in paths]
    _require_there(given)
    folders = {path for path in given if path.is_dir() and not is_zarr(path)}
    common = Path(os.path.commonpath([(path if path in folders else path.parent).absolute() for path in given]))
    walk, records = Walk(with_zarr=True), {}
    for path in given:
        for name in [path / file for file in walk.files(path)] if path in folders else [path]:
            relative = PurePosixPath(name.absolute().relative_to(common).as_posix())
            records[name.absolute()] = Record(_id(relative), name)
    if not records:
        raise _none_among(given)
    for same in _grouped(records.values(), lambda record: _folded(record.id)).values():
        if len(same) > 1:
            raise DataError(
                f"{same[0].image} and {same[1].image} would both be called '{same[0].id}'. Name them one at a time."
            )
    return tuple(sorted(records.values(), key=lambda record: natural_key(record.id)))


def require_images(paths: Sequence[Path]) -> None:
    """Raises `DataError` where a path is not there, or no image lies among them; no further is looked than to the first."""
    _require_there(paths)
    if next(image_files(paths), None) is None:
        raise _none_among(paths)


def image_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The given files, and the image files of the given folders, as they come."""
    for path in paths:
        if path.is_dir() and not is_zarr(path):
            yield from (path / file for file in Walk(with_zarr=True).files(path))
        else:
            yield path


def _require_there(paths: Sequence[Path]) -> None:
    if not paths:
        raise DataError("No images were named. Name image files or folders.")
    for path in paths:
        if not path.exists():
            raise DataError(f"{path}: no such file or folder.")


def _none_among(paths: Sequence[Path]) -> DataError:
    return DataError(f"{', '.join(map(str, paths))}: no image files found ({', '.join(sorted(IMAGE_SUFFIXES))}).")


def _sorted_out(
    files: Iterable[PurePosixPath], image_glob: str | None, mask_glob: str | None
) -> tuple[list[PurePosixPath], list[PurePosixPath], list[PurePosixPath]]:
    """Images, masks, and files that are neither. Folders decide where any is called images or masks, else the names."""
    files = list(files)
    mask_folders, image_folders = (any(_within(file, names) for file in files) for names in (MASK_FOLDERS, IMAGE_FOLDERS))

    def is_mask(file: PurePosixPath) -> bool:
        if mask_glob is not None:
            return _matches(file, mask_glob)
        return _within(file, MASK_FOLDERS) if mask_folders else MASK_NAME.fullmatch(file.stem) is not None

    def is_image(file: PurePosixPath) -> bool:
        if image_glob is not None:
            return _matches(file, image_glob)
        return not image_folders or _within(file, IMAGE_FOLDERS)

    masks = [file for file in files if is_mask(file)]
    rest = [file for file in files if not is_mask(file)]
    images = [file for file in rest if is_image(file)]
    if masks and not images and not mask_folders and mask_glob is None:  # all are called label_1, label_2 ...: just names
        return masks, [], rest
    return images, masks, [file for file in rest if not is_image(file)]


def _match(images: list[_File], masks: list[_File], root: Path, walk: Walk) -> Pairing:
    """Put images and masks together, and list what is left. A stack is the planes that have masks, as `embryo.tif/z=3.png`, or
    those of a stack of masks."""
    images = _with_planes(images, masks)
    by_key = _grouped(images, lambda image: image.key)
    single = [same[0] for same in by_key.values() if len(same) == 1]
    notes: list[str] = []
    image_of = _partners(single, masks, notes)
    claims = _grouped(image_of, lambda mask: image_of[mask])
    ambiguous = [same for same in (*by_key.values(), *claims.values()) if len(same) > 1]
    pairs: list[Record] = []
    alone: list[Record] = []
    for image in single:
        claimed = claims.get(image, [])
        if len(claimed) <= 1:
            record = _record(image, root, claimed[0].path if claimed else None)
            (pairs if claimed else alone).extend(by_planes(record))
    return Pairing(
        tuple(sorted(pairs, key=lambda record: natural_key(record.id))),
        tuple(sorted(alone, key=lambda record: natural_key(record.id))),
        tuple(mask.path for mask in masks if mask not in image_of),
        tuple(tuple(file.path for file in same) for same in ambiguous),
        tuple((reason, tuple(paths)) for reason, paths in sorted(walk.passed_over.items())),
        tuple(walk.broken),
        tuple(notes),
    )


def _with_planes(images: list[_File], masks: list[_File]) -> list[_File]:
    """The images, with the planes of a stack that have masks in its place."""
    planes = planes_named(f"{mask.folder}/{mask.stem}" for mask in masks)
    made: list[_File] = []
    for image in images:
        stack = str(PurePosixPath(image.folder) / _folded(image.path.name))
        made += [_File(image.path / plane, stack, plane) for plane in planes.get(stack, ())] or [image]
    return made


def _partners(images: list[_File], masks: list[_File], notes: list[str]) -> dict[_File, _File]:
    """The image of every mask that has one. Each round is surer than the next; what it matches, later ones leave alone."""
    found: dict[_File, _File] = {}

    def match(image_key: Callable[[_File], object], mask_key: Callable[[_File], object], how: str = "") -> None:
        taken = set(found.values())
        free = _grouped((image for image in images if image not in taken), image_key)
        left = _grouped((mask for mask in masks if mask not in found), mask_key)
        for key, same in left.items():
            if len(free.get(key, ())) == 1 and (len(same) == 1 or not how):
                found.update(dict.fromkeys(same, free[key][0]))
        new = len(set(found.values()) - taken)
        if how and new:
            notes.append(f"{new} masks were matched {how}.")

    match(lambda image: image.key, lambda mask: mask.key)
    match(lambda image: image.key, lambda mask: (mask.folder, _bare(mask.stem)))
    match(lambda image: image.stem, lambda mask: _bare(mask.stem), "by file name alone, since their folders differ")
    taken = set(found.values())
    free, left = [image for image in images if image not in taken], [mask for mask in masks if mask not in found]
    before, after = _affix([image.stem for image in free], [mask.stem for mask in left])
    if before or after:
        how = f"by the pattern '{before}NAME{after}'"
        match(lambda image: (image.folder, f"{before}{image.stem}{after}"), lambda mask: mask.key, how)
    before, after = _affix([_bare(mask.stem) for mask in left], [image.stem for image in free])
    if before or after:
        how = f"to images by the pattern '{before}NAME{after}'"
        match(lambda image: image.key, lambda mask: (mask.folder, f"{before}{_bare(mask.stem)}{after}"), how)
    return found


def _affix(names: list[str], longer: list[str]) -> tuple[str, str]:
    """What most of the longer names have before and behind one of the names; nothing where no one addition explains most."""
    longer = longer[:AFFIX_SAMPLE]
    counts = Counter(
        (before, after)
        for long in longer
        for name in names[:AFFIX_SAMPLE]
        for before, inside, after in [long.partition(name)]
        if inside
    )
    (before, after), count = counts.most_common(1)[0] if counts else (("", ""), 0)
    apart = not before[-1:].isalnum() and not after[:1].isalnum()  # x in x_lbl, but not a in zebra
    return (before, after) if 2 * count > len(longer) and (apart or count > 1) else ("", "")


def _record(image: _File, root: Path, mask: Path | None) -> Record:
    relative = _without_folder(PurePosixPath(image.path.relative_to(root).as_posix()), IMAGE_FOLDERS)
    return Record(_id(relative), image.path, mask, _text(str(relative.parent)) if relative.parent.name else "")


def _file(root: Path, relative: PurePosixPath, folders: frozenset[str]) -> _File:
    bare = _without_folder(relative, folders)
    return _File(root / relative, _folded(str(bare.parent)), _folded(bare.stem))


def _without_folder(path: PurePosixPath, folders: frozenset[str]) -> PurePosixPath:
    """The path without its outermost folder of one of these names."""
    for place, part in enumerate(path.parts[:-1]):
        if _folded(part) in folders:
            return PurePosixPath(*path.parts[:place], *path.parts[place + 1 :])
    return path


def _within(path: PurePosixPath, folders: frozenset[str]) -> bool:
    return any(_folded(part) in folders for part in path.parts[:-1])


def _matches(path: PurePosixPath, pattern: str) -> bool:
    return fnmatch(str(path), pattern) or fnmatch(path.name, pattern)


def _bare(stem: str) -> str:
    """x of x_mask or mask_x."""
    found = MASK_NAME.fullmatch(stem)
    return (found["after"] or found["before"]) if found else stem


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _text(name: str) -> str:
    """A name that any file and terminal can hold: composed Unicode, bytes that are no UTF-8 written as escapes."""
    return unicodedata.normalize("NFC", name).encode("utf-8", "backslashreplace").decode()


def _id(relative: PurePosixPath) -> str:
    return _text(str(relative.with_suffix("")))


def _grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    groups: dict[Key, list[Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)
