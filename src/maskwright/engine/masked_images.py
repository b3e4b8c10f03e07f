"""Images and the objects on them, whoever says what these are: a run that predicts them, mask files, or annotations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os.path import commonpath
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Num

from maskwright.base.errors import DataError
from maskwright.data.annotated import AnnotatedObjects, find_source
from maskwright.data.channels import MIXED
from maskwright.data.coding import CodingOptions, MaskHistogram, histogram
from maskwright.data.dataset import DataSet, from_annotations, from_scan
from maskwright.data.labels import Labels, MaskFiles
from maskwright.data.pairing import Pairing, list_images
from maskwright.data.planes import by_planes, planes_in
from maskwright.data.record import Record
from maskwright.data.scan import Scan, scan
from maskwright.data.sizes import check_sizes
from maskwright.formats import coco, labels, native, read_mask
from maskwright.formats.annotations import Annotations
from maskwright.formats.content import IMAGE_SUFFIXES, MAX_PIXELS
from maskwright.formats.images import ImageInfo, image_info
from maskwright.formats.plane_paths import file_of
from maskwright.masks.coding import MaskCoding, number_of
from maskwright.masks.types import Segmentation

if TYPE_CHECKING:
    from maskwright.engine.predict import Predictor

PARTS = "masks of classes, not of objects: each connected part of a class is an object, and objects that touch are one"

Image = Num[np.ndarray, "h w c"]


@dataclass(frozen=True, eq=False)
class MaskedImages:
    """Images by their records, and what gives the objects of each.

    segmentation: raises `MaskwrightError` where there is none. numbers: what the objects are numbered in their file; None where
    that is their place, 1 to n. has_scores: whether somebody says how sure an object is. words: how the masks were read.
    left_out: what has no partner, with the reason.
    """

    records: tuple[Record, ...]
    segmentation: Callable[[Record, Image], Segmentation]
    numbers: Callable[[Record], Sequence[int] | None] = lambda record: None
    has_scores: bool = True
    words: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    max_pixels: int = MAX_PIXELS

    def name(self, record: Record) -> str:
        """The image's path below the folder that all have in common, as it is on the disk."""
        return "/".join(record.image.absolute().parts[-1 - record.id.count("/") :])


def predicted(predictor: "Predictor", images: Sequence[Path], *, max_pixels: int = MAX_PIXELS) -> MaskedImages:
    """Images whose objects a run predicts; of a stack each plane by itself."""
    of_classes = predictor.plan.task == "semantic"
    return MaskedImages(
        tuple(plane for record in list_images(images) for plane in planes_in(record)), lambda _, image: predictor(image),
        has_scores=not of_classes, words=(PARTS,) if of_classes else (), max_pixels=max_pixels,
    )  # fmt: skip


def masked(
    masks: Path,
    images: Sequence[Path],
    *,
    options: CodingOptions | None = None,
    format: str | None = None,
    annotations: Path | None = None,
    image_glob: str | None = None,
    mask_glob: str | None = None,
    max_pixels: int = MAX_PIXELS,
    progress: Callable[[int, int], None] | None = None,
) -> MaskedImages:
    """Images whose objects stand in mask files or annotations: a folder of them, or one file.

    A list of COCO results needs the instances file that it was made for as `annotations`. Raises `DataError` where nothing
    belongs together and `CodingError` where it is not clear what the masks' values mean.
    """
    for path in (masks, *images):
        if not path.exists():
            raise DataError(f"{path}: no such file or folder.")
    root = Path(commonpath([(path if path.is_dir() else path.parent).absolute() for path in images]))
    options = options or CodingOptions()
    says_masks = mask_glob is not None or options != CodingOptions()
    is_said = format is not None or annotations is not None or (masks.is_file() and masks.suffix.lower() not in IMAGE_SUFFIXES)
    if says_masks and is_said:
        raise DataError(f"{masks}: annotations need no words about the values of masks, such as --kind. Leave one of both out.")
    found = None if says_masks else _annotations(masks, format, annotations)
    if found is not None:
        data = from_annotations(root, found, image_glob=image_glob, max_pixels=max_pixels, progress=progress)
    elif masks.is_file():
        data = _one_mask(masks, images, options, max_pixels)
    else:
        apart = None if masks.resolve() == root.resolve() else masks
        seen = scan(root, apart, image_glob=image_glob, mask_glob=mask_glob, max_pixels=max_pixels, progress=progress)
        data = from_scan(_described(_without_extras(seen, masks), masks), options, max_pixels=max_pixels)
    return _asked(data, images, masks)


def _annotations(masks: Path, format: str | None, annotations: Path | None) -> Annotations | None:
    """The annotations that are meant, or None where mask files are."""
    if masks.is_dir():
        source = find_source(masks, format=format, annotations=annotations)
        return None if source is None else source.read()
    if masks.suffix.lower() in IMAGE_SUFFIXES:
        return None
    if coco.holds_results(masks):
        return coco.read(masks, described_by=annotations)
    source = find_source(masks.parent, format=format, annotations=masks)
    return None if source is None else source.read()


def _one_mask(mask: Path, images: Sequence[Path], options: CodingOptions, max_pixels: int) -> DataSet:
    """One mask file on its image."""
    if len(images) != 1 or images[0].is_dir():
        raise DataError(f"{mask}: one mask belongs to one image. Name its image file, or the folder of all masks.")
    (image,) = images
    records = by_planes(Record(image.stem, image, mask))
    infos, histograms = list[ImageInfo](), list[MaskHistogram]()
    for record in records:
        assert record.mask is not None  # as it was made
        info, raw = image_info(record.image, max_pixels=max_pixels), read_mask(record.mask, max_pixels=max_pixels)
        check_sizes(record.image, info, record.mask, raw.size_hw)
        infos.append(info)
        histograms.append(histogram(raw, record.mask))
    seen = Scan(image.parent, Pairing(records), records, tuple(infos), tuple(histograms), ())
    return from_scan(_described(seen, mask.parent), options, max_pixels=max_pixels)


def _without_extras(seen: Scan, masks: Path) -> Scan:
    """The scan without what `predict` lays beside its masks, and without a word on files that are no images."""
    extras = native.beside_masks(masks)
    faults = tuple(fault for fault in seen.faults if not any(map(fault.path.is_relative_to, extras)))
    return replace(seen, faults=faults, pairing=replace(seen.pairing, passed_over=()))


def _described(seen: Scan, masks: Path) -> Scan:
    """The scan with the folder as its root whose dataset.json says what the masks mean: theirs, or that of the data."""
    places = [folder for folder in (masks, seen.root, masks.parent) if native.is_native(folder)]
    return replace(seen, root=places[0]) if places else seen


def _asked(data: DataSet, images: Sequence[Path], masks: Path) -> MaskedImages:
    """The images that were named, with what concerns them."""
    if data.labels is None:
        raise DataError(f"{masks}: no mask there belongs to an image. Name the folder of the masks, or a run.")
    folders = [path.resolve() for path in images if path.is_dir()]
    files = {path.resolve() for path in images if not path.is_dir()}

    def is_asked(path: Path) -> bool:
        place = file_of(path).resolve()
        return place in files or any(place.is_relative_to(folder) for folder in folders)

    records = tuple(record for record in data.records if record.mask is not None and is_asked(record.image))
    left_out = tuple(fault.message for fault in data.faults if not files or is_asked(fault.path))
    if not records:
        first = f" {left_out[0]}" if left_out else ""
        raise DataError(f"{masks}: none of the images has a mask there.{first}")
    words = [words for words in data.words if not words.endswith(MIXED)]  # each image is measured as it is
    known = data.labels
    coding = known.coding if isinstance(known, MaskFiles) else _coding_of_labels(masks)
    is_of_classes = coding is not None and coding.kind != "instances"

    def numbers(record: Record) -> Sequence[int] | None:
        if coding is None or is_of_classes:
            return None
        return _numbers(_label_image(known, record), coding, data.max_pixels)

    return MaskedImages(
        records,
        lambda record, image: known.read(record, (image.shape[0], image.shape[1])),
        numbers,
        has_scores=coding is None or (native.is_native(masks) and native.table_of(masks) is not None),
        words=(*words, *data.doubts, *((PARTS,) if is_of_classes else ())),
        left_out=left_out,
        max_pixels=data.max_pixels,
    )


def _coding_of_labels(masks: Path) -> MaskCoding | None:
    """What the values of label images mean that are read as annotations; None where they are other annotations."""
    return native.read_native(masks, with_table=True) if masks.is_dir() and labels.find(masks) else None


def _label_image(known: Labels, record: Record) -> Path:
    """The file in which the objects of an image have numbers."""
    if isinstance(known, AnnotatedObjects):
        return known.images[record.id].path
    assert record.mask is not None  # else it is not among the records
    return record.mask


def _numbers(file: Path, coding: MaskCoding, max_pixels: int) -> Sequence[int]:
    """The numbers of the objects in a label image, in the order in which they become `Instances`: rising."""
    ignored = {0, *map(number_of, coding.ignore)}
    present = np.unique(read_mask(file, max_pixels=max_pixels).plain().numbers())
    return [number for number in present.astype(np.int64).tolist() if number not in ignored]
