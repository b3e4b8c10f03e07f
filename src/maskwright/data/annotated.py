"""Images whose objects stand in annotation files: which file is which image's, and what belongs to nothing."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from maskwright.base.errors import DataError, MaskwrightError, did_you_mean
from maskwright.data.pairing import Pairing, pair
from maskwright.data.planes import plane_record, planes_named, relative_name
from maskwright.data.record import Record
from maskwright.data.scan import Fault, Progress, Scan
from maskwright.formats import ANNOTATION_FORMATS, labels, native, project
from maskwright.formats.annotations import AnnotatedImage, Annotations, Note
from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.images import ImageInfo, image_info
from maskwright.formats.large_image import is_zarr
from maskwright.formats.plane_paths import short_name
from maskwright.masks.classes import Classes
from maskwright.masks.regions import distinct
from maskwright.masks.types import Instances, Panoptic

PANOPTIC = "coco-panoptic"
SHOWN = 5


@dataclass(frozen=True)
class Source:
    """Where the annotations lie and in which of `ANNOTATION_FORMATS`. beside: others there, which say less and are not read."""

    format: str
    path: Path
    beside: tuple["Source", ...] = ()

    def read(self) -> Annotations:
        """Raises as the format's `read` does."""
        found = ANNOTATION_FORMATS[self.format].read(self.path)
        listed = ", ".join(f"{source.path.name} ({source.format})" for source in self.beside[:SHOWN])
        words = (
            (f"not read, since it says less: {listed}; name it with --annotations to read it instead",) if self.beside else ()
        )
        return replace(found, words=(*found.words, *words))


@dataclass(frozen=True, eq=False)
class AnnotatedObjects:
    """The labels of a data set whose records' objects stand in annotation files; `images` by record id.

    described_by: the file that says what the records' pictures show, where these are no annotation files themselves.
    """

    classes: Classes
    images: Mapping[str, AnnotatedImage]
    notes: tuple[Note, ...] = ()
    described_by: Path | None = None

    def read(self, record: Record, size_hw: tuple[int, int]) -> Instances | Panoptic:
        """The objects or segments of an image. Raises `MaskValueError` where they were annotated on one of another size."""
        whole = self.images[record.id].load(size_hw)
        return whole if record.window_xyxy is None else _window(whole, record.window_xyxy)


def find_source(root: Path, *, format: str | None = None, annotations: Path | None = None) -> Source | None:
    """Where the annotations of a folder lie: as it is said, or where only one can be meant and no masks lie there.

    annotations: a path, from here or from the data folder. None where nothing was said and nothing is clear. Raises `DataError`
    for an unknown format, and where what was said leads to no file or to several.
    """
    if format is not None and format not in ANNOTATION_FORMATS:
        raise DataError(f"'{format}' is no annotation format. {did_you_mean(format, ANNOTATION_FORMATS)}")
    if annotations is not None:
        path = annotations if annotations.exists() else root / annotations
        if not path.exists():
            raise DataError(f"{annotations}: no such file, neither here nor in {root}. Name it with --annotations.")
        return Source(format or _format_of(path), path)
    if format is None and labels.find(root) and native.table_of(root) is not None:
        return Source("labels", root)  # dataset.json says so; label images of one class are masks like others
    if format is None and project.find(root):
        return Source("project", root)  # project.json says so, and where the images lie
    names = [name for name in ANNOTATION_FORMATS if name != "labels"] if format is None else [format]
    found = [Source(name, path) for name in names for path in ANNOTATION_FORMATS[name].find(root)] if root.is_dir() else []
    if format is None and found:
        found = _fullest(found)
        if _holds_masks(root, found):
            return None
    if len(found) > 1:
        listed = ", ".join(f"{source.path} ({source.format})" for source in found[:SHOWN])
        raise DataError(f"{root}: there are several annotations: {listed}. Name one with --annotations.")
    if not found and format is not None:
        raise DataError(f"{root}: no {ANNOTATION_FORMATS[format].TITLE} annotations found. Name them with --annotations.")
    return found[0] if found else None


def _fullest(found: list[Source]) -> list[Source]:
    """The one panoptic file alone, since it says of every pixel what others say of objects; else all."""
    panoptic = [source for source in found if source.format == PANOPTIC]
    if len(panoptic) != 1:
        return found
    return [replace(panoptic[0], beside=tuple(source for source in found if source is not panoptic[0]))]


def _holds_masks(root: Path, found: Sequence[Source]) -> bool:
    """Whether mask files lie in a folder, other than the pictures that belong to a panoptic file."""
    pairing = pair(root)
    masks = [*(record.mask for record in pairing.pairs if record.mask), *pairing.masks_without_image]
    if not masks or len(found) != 1 or found[0].format != PANOPTIC:
        return bool(masks)
    pictures = {image.path.resolve() for image in found[0].read().images}
    return any(mask.resolve() not in pictures for mask in masks)


def scan_annotated(
    root: Path,
    annotations: Annotations,
    *,
    image_glob: str | None = None,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> tuple[Scan, AnnotatedObjects]:
    """The images below a folder that the annotations name, and their objects; what has no partner is a `Fault`.

    Names are compared with and without the images' folder and the suffix, at last by the file's name alone. Raises `DataError`
    where not one image is found.
    """
    pairing = pair(root, image_glob=image_glob)
    records, partners, faults = partners_of(root, pairing, annotations)
    kept: dict[str, tuple[Record, ImageInfo]] = {}
    for done, record in enumerate(records, 1):
        if record.id in partners:
            found = usable(record, partners[record.id], max_pixels)
            if isinstance(found, Fault):
                faults.append(found)
            else:
                kept[record.id] = replace(record, mask=partners[record.id].path), found
        elif not annotations.is_partial:
            what = f"{record.image}: is not in {annotations.path.name}. Annotate it, or list it without objects."
            faults.append(Fault("not-annotated", record.image, what))
        if progress is not None:
            progress(done, len(records))
    faults += [Fault("ambiguous", same[0], f"{' and '.join(map(str, same))} have one name.") for same in pairing.ambiguous]
    faults += [Fault("broken-link", path, f"{path}: {what}.") for path, what in pairing.broken]
    if not partners:
        raise DataError(_nothing_found(root, records, annotations))
    seen = Pairing(
        tuple(record for record, _ in kept.values()),
        passed_over=_not_read(pairing.passed_over, {annotations.path, *(image.path for image in annotations.images)}),
        broken=pairing.broken,
    )
    infos = tuple(info for _, info in kept.values())
    images = {id: partners[id] for id in kept}
    in_pictures = annotations.path.is_file() and all(image.path != annotations.path for image in images.values())
    labels = AnnotatedObjects(
        annotations.classes, images, annotations.notes, described_by=annotations.path if in_pictures else None
    )
    return Scan(root, seen, seen.pairs, infos, (), tuple(faults)), labels


def _not_read(
    passed_over: Iterable[tuple[str, tuple[Path, ...]]], read: Collection[Path]
) -> tuple[tuple[str, tuple[Path, ...]], ...]:
    """What was passed over when images were looked for, without the annotation files, which are read."""
    known = {path.resolve() for path in read}
    rest = ((reason, tuple(path for path in paths if path.resolve() not in known)) for reason, paths in passed_over)
    return tuple((reason, paths) for reason, paths in rest if paths)


def _format_of(path: Path) -> str:
    """The one format that knows the file or folder as its own."""
    around = path if path.is_dir() else path.parent
    names = [name for name, module in ANNOTATION_FORMATS.items() if any(path.samefile(one) for one in module.find(around))]
    if len(names) != 1:
        what = "is of several formats" if names else "is of no known format"
        raise DataError(f"{path}: {what}. Say which with --format ({', '.join(names or ANNOTATION_FORMATS)}).")
    return names[0]


def usable(record: Record, image: AnnotatedImage, max_pixels: int) -> ImageInfo | Fault:
    """The header of an image that fits its annotations, or why it cannot be used."""
    try:
        info = image_info(record.image, max_pixels=max_pixels)
    except MaskwrightError as error:
        return Fault("unreadable-image", record.image, str(error))
    if image.size_hw is None or image.size_hw == info.size_hw:
        return info
    (height, width), (own_height, own_width) = image.size_hw, info.size_hw
    what = (
        f"{record.image}: has {own_width} x {own_height} pixels, but its annotations in {image.path} are for "
        f"{width} x {height}. Use the image that was annotated, neither resized nor rotated."
    )
    return Fault("size-mismatch", record.image, what)


def partners_of(
    root: Path, pairing: Pairing, annotations: Annotations
) -> tuple[tuple[Record, ...], dict[str, AnnotatedImage], list[Fault]]:
    """The images of a folder, the annotated image of each by its id, and a fault for each annotated image without a file.

    Pictures in which annotations stand (label images) are no images. Of a stack these are the planes that are annotated.
    """
    read = {image.path.resolve() for image in annotations.images}
    every = (*pairing.pairs, *pairing.images_without_mask)
    records = tuple(record for record in every if record.image.resolve() not in read)
    planes = planes_named(image.name for image in annotations.images)
    records += tuple(Record(str(PurePosixPath(name).with_suffix("")), root / name) for name in planes if is_zarr(root / name))
    records = tuple(one for record in records for one in _by_plane(record, root, planes))
    partners, faults = _partners(root, records, annotations)
    return records, partners, faults


def _by_plane(record: Record, root: Path, planes: Mapping[str, Sequence[str]]) -> Sequence[Record]:
    """The planes of a stack that are meant, or the record itself where none is."""
    named = next((planes[key] for _, key in _keys(record, root) if key in planes), ())
    return [plane_record(record, plane) for plane in named] or [record]


def _partners(root: Path, records: Iterable[Record], annotations: Annotations) -> tuple[dict[str, AnnotatedImage], list[Fault]]:
    """The annotated image of each record, by its id; annotated images without a file, or of one file, are faults."""
    by_name: dict[str, dict[str, Record]] = {}
    for record in records:
        for rank, key in _keys(record, root):
            by_name.setdefault(f"{rank}:{key}", {})[record.id] = record
    partners: dict[str, AnnotatedImage] = {}
    faults: list[Fault] = []
    for image in annotations.images:
        name = PurePosixPath(unicodedata.normalize("NFC", image.name.replace("\\", "/")))
        found: dict[str, Record] = {}
        short = PurePosixPath(short_name(name))
        for key in (f"path:{name}", f"path:{name.with_suffix('')}", f"name:{short}", f"name:{short.with_suffix('')}"):
            found = found or by_name.get(key, {})
        if len(found) != 1:
            faults.append(_without_file(root, image, tuple(found.values())))
            continue
        (id,) = found
        if id in partners:
            both = f"{image.path}: '{partners[id].name}' and '{image.name}' both mean {found[id].image}."
            faults.append(Fault("ambiguous", found[id].image, f"{both} Name each by its path below {root}."))
        partners.setdefault(id, image)
    return partners, faults


def _keys(record: Record, root: Path) -> Iterable[tuple[str, str]]:
    """The names by which annotations may call an image: its path, and its file's name, each with and without suffix."""
    suffix = record.image.suffix
    relative = relative_name(record.image, root)
    for path in (relative, record.id + suffix):
        yield "path", path
        yield "path", path.removesuffix(suffix)
    name = short_name(PurePosixPath(relative))
    yield "name", name
    yield "name", name.removesuffix(suffix)


def _without_file(root: Path, image: AnnotatedImage, several: tuple[Record, ...]) -> Fault:
    which = f"{image.path}: '{image.name}'" + (f" ({image.where})" if image.where else "")
    lost = "" if image.objects is None else f"; its {image.objects} objects are left out"
    if several:
        what = f"{which} may be any of {', '.join(str(record.image) for record in several[:SHOWN])}{lost}. Name it by its path."
        return Fault("ambiguous", root / image.name, what)
    return Fault("image-not-found", root / image.name, f"{which} is not in {root}{lost}. Bring the image back, or take it out.")


def _nothing_found(root: Path, records: Iterable[Record], annotations: Annotations) -> str:
    there = ", ".join(record.image.name for record in list(records)[:SHOWN]) or "none"
    named = ", ".join(image.name for image in annotations.images[:SHOWN]) or "none"
    return (
        f"{root}: not one image of {annotations.path} is there. Images in the folder: {there}; annotated: {named}. "
        f"Name the folder of the images that were annotated."
    )


def _window(whole: Instances | Panoptic, box_xyxy: tuple[int, int, int, int]) -> Instances | Panoptic:
    """The objects or segments that have pixels in a box, seen from its corner."""
    x0, y0, x1, y1 = box_xyxy
    if isinstance(whole, Panoptic):
        segment_ids = whole.segment_ids[y0:y1, x0:x1]
        seen = set(distinct(segment_ids)[0].tolist())
        return replace(whole, segment_ids=segment_ids, segments=tuple(one for one in whole.segments if one.id in seen))
    regions = [region.window(box_xyxy) for region in whole.regions]
    inside = [place for place, region in enumerate(regions) if region.area]
    return replace(
        whole.take(inside),
        size_hw=(y1 - y0, x1 - x0),
        regions=tuple(regions[place].tight() for place in inside),
        ignored=None if whole.ignored is None else whole.ignored[y0:y1, x0:x1],
    )
