"""Images with their masks as a person's folder holds them, read one at a time."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from maskwright.base.errors import DataError
from maskwright.data.annotated import find_source, scan_annotated
from maskwright.data.channels import common_channels, mixture_words, with_channels
from maskwright.data.coding import CodingOptions, Inference, check_known, infer
from maskwright.data.labels import Labels, MaskFiles
from maskwright.data.record import Record
from maskwright.data.sample import Sample
from maskwright.data.scan import Fault, Progress, Scan, scan
from maskwright.data.things import ThingLabels, needs_things
from maskwright.formats import native
from maskwright.formats.annotations import Annotations
from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.images import image_info, read_image
from maskwright.masks.classes import Classes
from maskwright.masks.coding import Color, Kind, MaskCoding, Value

__all__ = ["DataSet", "Record", "read"]

NAMES_SHOWN = 5


@dataclass(frozen=True)
class DataSet:
    """Records and where their segmentations come from. An index reads the files anew; no pixels are kept in memory.

    labels: where the segmentations come from; None where there are images alone. words: what was found and how it maps to
    classes. doubts: what a person should look at. faults: files that are left out.
    channels: what every image is brought to where gray and RGB are mixed; None leaves each as it is.
    """

    root: Path
    records: tuple[Record, ...]
    labels: Labels | None
    words: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    max_pixels: int = MAX_PIXELS
    channels: int | None = None

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> Sample:
        """Raises `ImageFileError`, `MaskValueError` or `DataError` with the file's name where it cannot be used."""
        record = self.records[index]
        image = read_image(record.image, max_pixels=self.max_pixels)
        x0, y0, x1, y1 = record.window_xyxy or (0, 0, image.shape[1], image.shape[0])
        segmentation = None
        if record.mask is not None and self.labels is not None:
            segmentation = self.labels.read(record, image.shape[:2])
        image = image[y0:y1, x0:x1]
        if self.channels is not None:
            image = with_channels(image, self.channels, name=str(record.image))
        return Sample(record.id, image, segmentation, record.group)

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def size_hw(self, index: int) -> tuple[int, int]:
        """The size of a sample, from the file's header."""
        record = self.records[index]
        if record.window_xyxy is None:
            return image_info(record.image, max_pixels=self.max_pixels).size_hw
        x0, y0, x1, y1 = record.window_xyxy
        return y1 - y0, x1 - x0

    @property
    def files(self) -> list[Path]:
        """The paths of the images: files, and planes of stacks."""
        return [record.image for record in self.records]

    @property
    def coding(self) -> MaskCoding | None:
        """How the mask files code their classes; None where there are none."""
        return self.labels.coding if isinstance(self.labels, MaskFiles) else None

    @property
    def classes(self) -> Classes:
        """Raises `DataError` where the data set has no masks to know classes from."""
        if self.labels is None:
            raise DataError(f"{self.root}: there are no masks, so there are no classes. Name the masks' folder with --masks.")
        return self.labels.classes

    def with_records(self, records: Sequence[Record]) -> "DataSet":
        """The same data set with these records only."""
        return replace(self, records=tuple(records))

    def for_task(self, task: str) -> "DataSet":
        """The same data set as a task sees it: "semantic", "instance" or "panoptic". Who plans, trains or scores asks for it.

        Semantic and panoptic training take all classes as they are. To find objects, classes of stuff would be outputs that
        never occur, and class 0 has to mean "no object": so a data set that knows things and stuff is seen as its things
        behind a background (`data.things`). Data sets of objects, of stuff alone or without any thing are seen as they are,
        and so is a data set that was made for the task already.
        """
        if task != "instance" or self.labels is None or not needs_things(self.labels.classes):
            return self
        return replace(self, labels=ThingLabels(self.labels))

    def split(self, fraction: float = 0.2, *, seed: int = 0) -> "tuple[DataSet, DataSet]":
        """Training and validation part without a leak between them; `data.split.split` can do more and says what it did."""
        from maskwright.data.split import split  # imports this module

        made = split(self, fraction=fraction, seed=seed)
        if made.val is None:
            raise DataError(f"{self.root}: {made.statement}")
        return made.train, made.val


def read(
    path: Path | str,
    masks: Path | str | None = None,
    *,
    image_glob: str | None = None,
    mask_glob: str | None = None,
    kind: Kind | None = None,
    ignore: Sequence[Value] = (),
    class_names: Sequence[str] | None = None,
    colors: Mapping[Color, str] | None = None,
    foreground: int | None = None,
    repair: Literal["nearest"] | None = None,
    format: str | None = None,
    annotations: Path | str | None = None,
    group_by: str | None = None,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> DataSet:
    """Read a folder as it is: pair images and masks by name, and learn from all masks what their values mean.

    What is said here goes before the folder's dataset.json, and that before what is inferred. With `format` (of
    `formats.ANNOTATION_FORMATS`) or `annotations`, or where annotations lie there and no masks, objects are read from those.
    Files that cannot be used are left out and listed in `faults`. Raises `DataError` where nothing can be paired or names
    contradict each other, and `CodingError` where the meaning of the values is not clear.
    """
    options = CodingOptions(
        kind=kind, ignore=tuple(ignore), class_names=class_names, colors=colors or {}, foreground=foreground, repair=repair
    )
    source = None
    if format is not None or annotations is not None or (masks is None and mask_glob is None and options == CodingOptions()):
        source = find_source(Path(path), format=format, annotations=None if annotations is None else Path(annotations))
    if source is not None:
        if masks is not None or mask_glob is not None or options != CodingOptions():
            raise DataError(f"{source.path}: annotations need no masks and no words about their values. Leave one of both out.")
        found_there = source.read()
        return from_annotations(
            found_there.images_root or Path(path), found_there,
            image_glob=image_glob, group_by=group_by, max_pixels=max_pixels, progress=progress,
        )  # fmt: skip
    found = scan(
        Path(path), None if masks is None else Path(masks),
        image_glob=image_glob, mask_glob=mask_glob, max_pixels=max_pixels, progress=progress,
    )  # fmt: skip
    return from_scan(found, options, group_by=group_by, max_pixels=max_pixels)


def from_scan(found: Scan, options: CodingOptions, *, group_by: str | None = None, max_pixels: int = MAX_PIXELS) -> DataSet:
    """The data set of a folder that is scanned already. Raises as `read` does."""
    _check_found(found)
    records = found.records if group_by is None else grouped(found.records, group_by)
    counts = [info.channels for info in found.infos]
    channels = common_channels(counts)
    words = (*_counts(found), *found.pairing.notes, *([mixture_words(counts)] if channels else []))
    if not found.pairing.pairs:
        return DataSet(found.root, records, None, words, (), found.faults, max_pixels, channels)
    meant = _coding(found, options)
    labels = MaskFiles(meant.coding, max_pixels)
    return DataSet(found.root, records, labels, (*words, *meant.words), meant.doubts, found.faults, max_pixels, channels)


def from_annotations(
    root: Path,
    annotations: Annotations,
    *,
    image_glob: str | None = None,
    group_by: str | None = None,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> DataSet:
    """The data set of a folder of images whose objects the annotations give. Raises as `read` does."""
    found, labels = scan_annotated(root, annotations, image_glob=image_glob, max_pixels=max_pixels, progress=progress)
    _check_found(found)
    records = found.records if group_by is None else grouped(found.records, group_by)
    counts = [info.channels for info in found.infos]
    channels = common_channels(counts)
    left_out = sum(note.left_out for note in annotations.notes)
    words = [*_counts(found), *annotations.words]
    words += [f"{left_out} annotations are left out; the check names them"] if left_out else []
    words += [mixture_words(counts)] if channels else []
    return DataSet(root, records, labels, tuple(words), (), found.faults, max_pixels, channels)


def _coding(found: Scan, options: CodingOptions) -> Inference:
    """What was said here, else what dataset.json says, else what the masks show."""
    path = found.root / native.NAME
    if not path.is_file():
        return infer(found.histograms, options)
    if not native.is_native(found.root):
        inference = infer(found.histograms, options)
        return replace(inference, words=(*inference.words, f"{path} belongs to another program and was not used"))
    if options != CodingOptions():
        inference = infer(found.histograms, options)
        return replace(inference, words=(*inference.words, f"{path} was not used, since the masks were described by options"))
    coding = native.read_native(found.root)
    check_known(found.histograms, coding)
    return Inference(coding, (f"classes and mask values are those of {path}",))


def grouped(records: Sequence[Record], group_by: str) -> tuple[Record, ...]:
    """The records with the group that a regular expression finds in their ids: its first bracket, or all that it matches.

    Raises `DataError` where the expression is wrong or finds nothing in an id.
    """
    try:
        expression = re.compile(group_by)
    except re.error as error:
        raise DataError(f"--group-by '{group_by}' is no regular expression: {error}.") from error
    found = [(record, expression.search(record.id)) for record in records]
    missed = [record.id for record, match in found if match is None]
    if missed:
        raise DataError(
            f"--group-by '{group_by}' finds nothing in {len(missed)} of {len(records)} ids: {', '.join(missed[:NAMES_SHOWN])}."
        )
    return tuple(
        replace(record, group=match[1] if expression.groups and match[1] is not None else match[0])
        for record, match in found
        if match
    )


def _check_found(found: Scan) -> None:
    ambiguous = [fault for fault in found.faults if fault.code == "ambiguous"]
    if ambiguous:
        more = f" {len(ambiguous) - NAMES_SHOWN} more are like this." if len(ambiguous) > NAMES_SHOWN else ""
        raise DataError(" ".join(fault.message for fault in ambiguous[:NAMES_SHOWN]) + more)
    pairing = found.pairing
    if pairing.masks_without_image and not pairing.pairs:
        images, masks = (
            [record.image.name for record in pairing.images_without_mask],
            [path.name for path in pairing.masks_without_image],
        )
        raise DataError(
            f"{found.root}: no mask is named like an image. Images ({len(images)}): {', '.join(images[:NAMES_SHOWN])}; "
            f"masks ({len(masks)}): {', '.join(masks[:NAMES_SHOWN])}. Name a mask like its image (x.png or x_mask.png)."
        )
    if not found.records:
        first = f" The first of {len(found.faults)} faults: {found.faults[0].message}" if found.faults else ""
        raise DataError(f"{found.root}: no usable images found. Name a folder that holds images, or images/ and masks/.{first}")


def _counts(found: Scan) -> tuple[str, ...]:
    pairing = found.pairing
    what = "images with masks" if pairing.pairs else "images without masks"
    words = [f"{len(found.records)} {what}"]
    words += [f"{len(paths)} passed over: {reason}" for reason, paths in pairing.passed_over]
    words += [f"{count} left out: {code}" for code, count in sorted(Counter(fault.code for fault in found.faults).items())]
    return tuple(words)
