"""Objects, segments or classes from any format to another: written whole or not at all, read again, every loss told."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from maskwright.base.errors import DataError, MaskwrightError, did_you_mean
from maskwright.base.files import atomic_folder, read_json, write_json
from maskwright.data.findings import Finding
from maskwright.data.scan import Progress
from maskwright.engine import convert_target as target
from maskwright.engine.convert_source import ObjectSource, SourceImage, open_source, stem_of
from maskwright.engine.convert_target import ONE_FILE, TARGETS, pieces
from maskwright.engine.reading import Reading
from maskwright.engine.round_trip import ImageTrip, compare
from maskwright.formats.annotations import AnnotatedImage, Loss, check_losses
from maskwright.masks.types import Segmentation

REPORT = "conversion.json"
FILES = (".json", ".xml", ".yaml", ".yml", ".txt", ".csv", ".png", ".tif")  # a folder that is called so is a slip
SHOWN = 5


@dataclass(frozen=True)
class Conversion:
    """What was converted, and what of it came back when it was read again.

    exact: objects that are equal to the pixel. lowest_iou: of any object with what came back of it, or with what other programs
    are known to make of it. untold: losses that writing had not announced. left_out: whether something could not be read.
    report: the file that says all this.
    """

    source: Path
    out: Path
    format: str
    words: tuple[str, ...]
    images: int
    objects: int
    classes: tuple[str, ...]
    exact: int
    losses: tuple[Loss, ...]
    untold: int
    findings: tuple[Finding, ...]
    left_out: bool
    report: Path

    @property
    def lowest_iou(self) -> float:
        return min((loss.iou for loss in self.losses), default=1.0)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values; objects are counted from 1."""
        return {
            "source": str(self.source.absolute()),
            "format": self.format,
            "read": list(self.words),
            "counts": {"images": self.images, "objects": self.objects, "classes": len(self.classes)},
            "class_names": list(self.classes),
            "round_trip": {"exact": self.exact, "lowest_iou": self.lowest_iou, "not_announced": self.untold},
            "losses": [
                {
                    "image": loss.image,
                    "object": None if loss.object is None else loss.object + 1,
                    "what": loss.what,
                    "iou": loss.iou,
                }
                for loss in self.losses
            ],
            "findings": [finding.to_json() for finding in self.findings],
        }


def convert(
    reading: Reading,
    out: Path,
    *,
    to: str,
    images: Path | None = None,
    parts_as_objects: bool = False,
    allow_loss: bool = False,
    overwrite: bool = False,
    report: Path | None = None,
    progress: Progress | None = None,
) -> Conversion:
    """Write what `reading.path` holds as `to`, one of `TARGETS`, and compare what is read of it again.

    Formats of objects take the things of panoptic data; "coco-panoptic" takes objects and classes too, and "semantic" the
    classes of either.

    `out` is a folder, or the file itself for formats of one file. It is whole or absent, and holds the report, unless `report`
    names another file for it. Nothing is written where a loss is not allowed (`MaskValueError`), where `out` holds something
    already, lies in the source or around it, or where nothing can be read (`DataError`). images, parts_as_objects: as in
    `open_source`.
    """
    if to not in TARGETS:
        raise DataError(f"'{to}' is no annotation format. {did_you_mean(to, TARGETS)}")
    out = Path(out).absolute()
    sources = [reading.path, *([images] if images else [])]
    _refuse(out, sources, to, overwrite=overwrite)
    if report is not None:
        _refuse_in(report, sources)
    out = _target(out, to)
    source = open_source(reading, images=images, parts_as_objects=parts_as_objects, holds=target.holds(to))
    folder, name = (out.parent, out.name) if to in ONE_FILE else (out, "")
    own = f"{Path(name).stem}.{REPORT}" if name else REPORT
    old = [] if name else _files_before(folder)
    with _staged(folder) as staging:
        work = _Work(source, to, progress)
        told = target.write(to, staging / name, work.items(), described_by=source.panoptic)
        better = TARGETS[target.PANOPTIC][0] if work.losses else ""
        told = check_losses((*work.losses, *told), out, TARGETS[to][0], allow_loss=allow_loss, better=better)
        if not work.done:
            faults = [str(finding) for finding in (*work.faults, *source.findings)]
            raise DataError(f"{reading.path}: not one image has objects that can be read. {' '.join(faults[:SHOWN])}".strip())
        trips = work.round_trip(target.read_again(to, staging / name).images, told)
        files = sorted(file.relative_to(staging).as_posix() for file in staging.rglob("*") if file.is_file())
        more = [] if name else _foreign(folder, staging, {*files, *old, own})
        made = _conversion(reading.path, out, to, source, work, trips, more, report or folder / own)
        write_json(report or staging / own, {**made.to_json(), "files": files})
    for stale in {*old, own} - {*files, *([] if report else [own])} if old else ():
        (folder / stale).unlink(missing_ok=True)
    return made


def _conversion(
    source_path: Path,
    out: Path,
    to: str,
    source: ObjectSource,
    work: "_Work",
    trips: Sequence[ImageTrip],
    more: Sequence[Finding],
    report: Path,
) -> Conversion:
    """The sums over all images."""
    return Conversion(
        source=source_path,
        out=out,
        format=to,
        words=source.words,
        images=len(trips),
        objects=sum(trip.objects for trip in trips),
        classes=tuple(info.name for info in source.classes if info.name in work.names),
        exact=sum(trip.exact for trip in trips),
        losses=tuple(loss for trip in trips for loss in trip.losses),
        untold=sum(trip.untold for trip in trips),
        findings=(*source.findings, *work.faults, *more),
        left_out=bool(work.faults) or not source.is_whole,
        report=report,
    )


class _Work:
    """The images on their way: read for writing, and once more to be compared with what was written; one is held at a time."""

    def __init__(self, source: ObjectSource, to: str, progress: Progress | None) -> None:
        self.to = to
        self.images, self.progress = source.images, progress or (lambda done, total: None)
        self.done: list[SourceImage] = []
        self.faults: list[Finding] = []
        self.losses: list[Loss] = []  # before anything is written
        self.names: set[str] = set()

    def items(self) -> Iterator[tuple[str, Segmentation]]:
        """Every image that can be read; why the others cannot is kept in `faults`."""
        for number, image in enumerate(self.images, 1):
            try:
                segmentation = image.load()
            except MaskwrightError as error:
                words = f"{image.name}: its objects cannot be read and are left out. {error}"
                self.faults.append(Finding("error", "unreadable-objects", words, "", (image.name,)))
            else:
                self.done.append(image)
                made, losses = target.prepare(self.to, image.name, segmentation)
                self.losses += losses
                yield image.name, made
            self.progress(number, 2 * len(self.images))

    def round_trip(self, written: Sequence[AnnotatedImage], told: Sequence[Loss]) -> list[ImageTrip]:
        """What came back of every image that was written."""
        by_name = {stem_of(image.name): image for image in written} | {image.name: image for image in written}
        losses: dict[str, list[Loss]] = defaultdict(list)
        for loss in told:
            losses[loss.image].append(loss)
        trips = []
        for number, image in enumerate(self.done, 1):
            found = by_name.get(image.name) or by_name.get(stem_of(image.name))
            made, _ = target.prepare(self.to, image.name, image.load())
            before = pieces(self.to, made, like=made)
            self.names.update(before.classes[class_id].name for class_id in set(before.class_ids.tolist()))
            if found is None:
                gone = Loss(image.name, None, f"the image did not come back, with its {len(before)} objects", 0.0)
                trips.append(ImageTrip(len(before), 0, (gone,), 1))
            else:
                after = pieces(self.to, found.load(before.size_hw), like=made)
                trips.append(compare(image.name, before, after, losses[image.name]))
            self.progress(len(self.images) + number, len(self.images) + len(self.done))
        return trips


def _target(out: Path, to: str) -> Path:
    """The file, for formats of one file; in a folder, it is called as usual."""
    if to not in ONE_FILE or out.suffix.lower() == Path(ONE_FILE[to]).suffix:
        return out
    return out / ONE_FILE[to]


def _refuse(out: Path, sources: Sequence[Path], to: str, *, overwrite: bool) -> None:
    """Raises `DataError` where something would be written into the source or over what is there already."""
    is_file = to in ONE_FILE and _target(out, to) == out
    for source in sources:
        if out.resolve().is_relative_to(source.resolve()) or source.resolve().is_relative_to(out.resolve()):
            raise DataError(
                f"{out}: one of it and {source} lies in the other, and the source is only read. Name another place."
            )
    if not is_file and (out.is_file() or out.suffix.lower() in FILES):
        what = f"a folder (or a {Path(ONE_FILE[to]).suffix} file)" if to in ONE_FILE else "a folder"
        raise DataError(f"{out}: {TARGETS[to][0]} is written as {what}. Name one.")
    if is_file and out.is_dir():
        raise DataError(f"{out}: is a folder, and its name is that of a file. Name another place.")
    if not overwrite and out.exists() and (out.is_file() or any(out.iterdir())):
        what = "exists" if out.is_file() else f"holds {sum(1 for _ in out.iterdir())} files or folders"
        raise DataError(f"{out}: {what} already. Name another place, or replace what is written there with --overwrite.")


def _refuse_in(path: Path, sources: Sequence[Path]) -> None:
    """Raises `DataError` where something would be written into the source or around it."""
    for source in sources:
        if path.resolve().is_relative_to(source.resolve()) or source.resolve().is_relative_to(path.resolve()):
            raise DataError(
                f"{path}: one of it and {source} lies in the other, and the source is only read. Name another place."
            )


@contextmanager
def _staged(folder: Path) -> Iterator[Path]:
    """`atomic_folder`, and errors that name the folder that is meant."""
    with atomic_folder(folder) as staging:
        try:
            yield staging
        except MaskwrightError as error:
            error.args = (str(error).replace(str(staging), str(folder)),)
            raise


def _files_before(folder: Path) -> list[str]:
    """What an earlier conversion wrote into the folder, by its report."""
    try:
        value = read_json(folder / REPORT) if (folder / REPORT).is_file() else None
    except MaskwrightError:
        return []
    files = value.get("files") if isinstance(value, dict) else None
    named = [PurePosixPath(file) for file in files or () if isinstance(file, str)]
    return [str(file) for file in named if not file.is_absolute() and ".." not in file.parts]


def _foreign(folder: Path, staging: Path, known: set[str]) -> list[Finding]:
    """A finding on files in the folder that no conversion wrote: readers may take them for a part of what is written."""
    there = (file for file in folder.rglob("*") if file.is_file() and not file.is_relative_to(staging))
    others = sorted({file.relative_to(folder).as_posix() for file in there} - known)
    if not others:
        return []
    words = f"{folder} holds {len(others)} more files, which this conversion did not write: {', '.join(others[:SHOWN])}."
    return [Finding("warning", "other-files", words, "Who reads the folder may take them for a part of it; move them away.")]
