"""What is converted: images whose objects stand in annotations or in mask files, to be had one image at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from maskwright.base.errors import DataError
from maskwright.data import findings
from maskwright.data.annotated import find_source, partners_of, usable
from maskwright.data.coding import CodingOptions
from maskwright.data.dataset import DataSet, from_scan
from maskwright.data.findings import Finding
from maskwright.data.labels import MaskFiles
from maskwright.data.pairing import Pairing, pair
from maskwright.data.record import Record
from maskwright.data.scan import Fault, Progress, scan
from maskwright.engine.reading import Reading
from maskwright.formats import ANNOTATION_FORMATS, coco, coco_panoptic, labels, native
from maskwright.formats.annotations import AnnotatedImage, Annotations
from maskwright.formats.content import IMAGE_SUFFIXES
from maskwright.formats.images import image_info
from maskwright.masks.classes import Classes
from maskwright.masks.types import Segmentation

SHOWN = 3

Holds = Literal["objects", "segments", "classes"]


@dataclass(frozen=True, eq=False)
class SourceImage:
    """An image by its name, below the images' folder, and what reads its objects, segments or classes.

    That raises `MaskwrightError`.
    """

    name: str
    load: Callable[[], Segmentation]


@dataclass(frozen=True, eq=False)
class ObjectSource:
    """Images with their objects, or with more. words: how they were read. findings: what to know of them.

    is_whole: nothing is left out. panoptic: the file that describes the segments, where there is one.
    """

    classes: Classes
    images: tuple[SourceImage, ...]
    words: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    is_whole: bool = True
    panoptic: Path | None = None


def open_source(
    reading: Reading,
    *,
    images: Path | None = None,
    parts_as_objects: bool = False,
    holds: Holds = "objects",
    progress: Progress | None = None,
) -> ObjectSource:
    """The objects of a file or a folder: annotations that are named or found there, else mask files.

    images: the folder of the images, where it is another one; annotations that tell sizes need none. parts_as_objects: whether
    each connected part of a class becomes an object where masks hold classes. holds: what is asked for; masks of classes are
    given as they are where segments or classes are, but where some are things their parts must be asked for. Raises `DataError`
    where there is nothing to read or where parts would be needed, and as the formats and `data.dataset.read` do.
    """
    path = reading.path
    for place in (path, *([images] if images else [])):
        if not place.exists():
            raise DataError(f"{place}: no such file or folder.")
    annotations = annotations_of(reading if reading.format else replace(reading, format=_only_format(reading)))
    if annotations is not None:
        return _of_annotations(annotations, reading, images)
    data = _masks(reading, images, progress)
    return _of_masks(data, reading, parts_as_objects=parts_as_objects, holds=holds)


def annotations_of(reading: Reading) -> Annotations | None:
    """The annotations that are meant, or None where mask files are."""
    path = reading.path
    if path.is_file():
        if coco.holds_results(path):
            return coco.read(path, described_by=reading.annotations)
        source = find_source(path.parent, format=reading.format, annotations=path)
        return None if source is None else source.read()
    if reading.format is None and reading.annotations is None and _says_masks(reading):
        return None
    source = find_source(path, format=reading.format, annotations=reading.annotations)
    if source is None and labels.find(path) and not pair(path).pairs:
        return labels.read(path)  # label images alone, as `predict` writes them
    return None if source is None else source.read()


def _only_format(reading: Reading) -> str | None:
    """The format of which there are annotations in a folder: they go before masks, since they tell more of objects."""
    if reading.annotations is not None or _says_masks(reading) or not reading.path.is_dir():
        return None
    found = [name for name, module in ANNOTATION_FORMATS.items() if name != "labels" and module.find(reading.path)]
    if coco_panoptic.find(reading.path) and find_source(reading.path) is not None:
        return None  # the fullest of several, as `find_source` chooses it
    if len(found) > 1:
        raise DataError(
            f"{reading.path}: there are annotations of several formats. Say which with --format: {', '.join(found)}."
        )
    return found[0] if found else None


def _says_masks(reading: Reading) -> bool:
    return reading.masks is not None or reading.mask_glob is not None or reading.coding != CodingOptions()


def _of_annotations(annotations: Annotations, reading: Reading, images: Path | None) -> ObjectSource:
    """Every annotated image whose size is known, by its file if that is there, else by the annotations.

    Where nobody named the images' folder, a file is an image's if it lies where the annotations say, and not by its name alone:
    beside an annotation file may lie whatever.
    """
    beside = reading.path if reading.path.is_dir() else reading.path.parent
    root = images or annotations.images_root or beside
    pairing = pair(root, image_glob=reading.image_glob)
    records, partners, _ = partners_of(root, pairing, annotations)
    record_of = {partners[record.id]: record for record in records if record.id in partners}
    if images is None:
        record_of = {
            image: record
            for image, record in record_of.items()
            if image.size_hw is None or stem_of(image.name) in (record.id, stem_of(record.image.relative_to(root).as_posix()))
        }
    made: list[SourceImage] = []
    faults: list[Fault] = []
    absent: list[str] = []
    for image in annotations.images:
        found = _annotated(image, record_of.get(image), root, reading.max_pixels)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            made.append(found)
            absent += [] if image in record_of else [image.name]
    told = [*findings.of_notes(annotations.notes), *findings.of_faults(faults, root)]
    if absent:
        named = ", ".join(absent[:SHOWN]) + (", ..." if len(absent) > SHOWN else "")
        words = f"{len(absent)} of {len(annotations.images)} images are not in {root} ({named})."
        told.append(Finding("note", "sizes-as-annotated", words, "Their sizes and names are those of the annotations."))
    own = [annotations.path, *(image.path for image in annotations.images)]
    if reading.format is None and any(not _lies_in(record.mask, own) for record in pairing.pairs):
        words = f"{len(pairing.pairs)} images have masks as well, which are not read."
        told.append(Finding("note", "masks-not-read", words, "To convert those instead, say what they hold: --kind instances."))
    whole = not faults and not any(note.left_out for note in annotations.notes)
    panoptic = annotations.path if annotations.path in coco_panoptic.find(annotations.path.parent) else None
    return ObjectSource(annotations.classes, tuple(made), annotations.words, tuple(told), whole, panoptic)


def _annotated(image: AnnotatedImage, record: Record | None, root: Path, max_pixels: int) -> SourceImage | Fault:
    if record is None:
        if image.size_hw is None:
            what = f"{image.path}: the size of '{image.name}' is not known, since the image is not in {root}"
            return Fault("image-not-found", root / image.name, f"{what}. Name the folder of the images with --images.")
        size_hw = image.size_hw
        return SourceImage(image.name, lambda: image.load(size_hw))
    info = usable(record, image, max_pixels)
    return info if isinstance(info, Fault) else SourceImage(_name(record), lambda: image.load(info.size_hw))


def _masks(reading: Reading, images: Path | None, progress: Progress | None) -> DataSet:
    """The data set of mask files: with the images beside them or in a folder of their own, or alone."""
    path, masks = reading.path, reading.masks or reading.path
    globs = {"image_glob": reading.image_glob, "mask_glob": reading.mask_glob}
    root = None
    if images is None:
        pairing = pair(path, reading.masks, **globs)
        if reading.masks is None and _holds_masks_alone(path, pairing):
            root, images, masks = path, path / native.MASKS, path / native.MASKS
        elif pairing.pairs or pairing.masks_without_image or not pairing.images_without_mask:
            return reading.read(progress)  # which says in words what is missing
        elif not native.is_native(path) and reading.coding == CodingOptions():
            raise DataError(
                f"{path}: {len(pairing.images_without_mask)} images and no masks. If they are the masks, say what they hold: "
                f"--kind instances where each value is an object. If annotations are meant, name them with --annotations."
            )
        globs = {"image_glob": "*", "mask_glob": "*"}
    found = scan(images or path, masks, **globs, max_pixels=reading.max_pixels, progress=progress)
    others = native.beside_masks(masks)
    kept = [place for place, record in enumerate(found.records) if not _lies_in(record.mask, others)]
    found = replace(
        found,
        root=root or (masks if native.is_native(masks) else found.root),
        records=tuple(found.records[place] for place in kept),
        infos=tuple(found.infos[place] for place in kept),
        histograms=tuple(found.histograms[place] for place in kept),
        faults=tuple(fault for fault in found.faults if not _lies_in(fault.path, others)),
    )
    return from_scan(found, reading.coding, max_pixels=reading.max_pixels)


def _holds_masks_alone(folder: Path, pairing: Pairing) -> bool:
    """Whether a folder of our own has masks/ and no images, as class masks are written."""
    is_bare = not pairing.pairs and not pairing.images_without_mask
    return is_bare and (folder / native.MASKS).is_dir() and native.is_native(folder)


def _lies_in(path: Path | None, folders: Sequence[Path]) -> bool:
    return path is not None and any(map(path.is_relative_to, folders))


def _of_masks(data: DataSet, reading: Reading, *, parts_as_objects: bool, holds: Holds) -> ObjectSource:
    """The objects of mask files. Raises `DataError` where they hold classes and nobody asked for their parts."""
    known = data.labels
    if known is None:
        raise DataError(f"{reading.path}: there are images but no masks. Name the masks' folder with --masks.")
    of_classes = isinstance(known, MaskFiles) and known.coding.kind != "instances"
    if of_classes and not parts_as_objects and _needs_parts(known.classes, holds):
        raise DataError(
            f"{reading.path}: the masks hold classes ({', '.join(known.classes.names[:5])}, ...), not objects. To make each "
            f"connected part of a class an object, pass --parts-as-objects; objects that touch are one then."
        )

    def loader(record: Record) -> Callable[[], Segmentation]:
        return lambda: known.read(record, image_info(record.image, max_pixels=data.max_pixels).size_hw)

    made = tuple(SourceImage(_name(record), loader(record)) for record in data.records if record.mask is not None)
    told = [
        *findings.of_faults(data.faults, data.root),
        *(Finding("warning", "doubtful-masks", doubt) for doubt in data.doubts),
    ]
    return ObjectSource(known.classes, made, data.words, tuple(told), not data.faults)


def _needs_parts(classes: Classes, holds: Holds) -> bool:
    """Whether the objects of a class must be told apart, which masks of classes do not."""
    return holds == "objects" or (holds == "segments" and any(info.is_thing for info in classes))


def stem_of(name: str) -> str:
    """A path without the suffix of an image."""
    suffix = PurePosixPath(name).suffix
    return name[: -len(suffix)] if suffix.lower() in IMAGE_SUFFIXES else name


def _name(record: Record) -> str:
    """The image's name below the images' folder; without suffix where the masks are alone, and the image's is not known."""
    return record.id if record.image == record.mask else record.id + record.image.suffix
