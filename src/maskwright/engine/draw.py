"""Pictures of segmentations over their images: one file an image, each whole or absent, and what could not be drawn by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwright.base.errors import DataError, MaskwrightError, did_you_mean
from maskwright.data.record import Record
from maskwright.engine.masked_images import MaskedImages
from maskwright.engine.reading import Reading
from maskwright.formats.images import read_image
from maskwright.formats.plane_paths import file_of
from maskwright.formats.png import write_picture
from maskwright.masks.draw import to_display
from maskwright.masks.draw_sheet import View, sheet

SHOWN = 5

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Drawn:
    """The pictures that were written, and what is in none with the reason."""

    pictures: tuple[Path, ...]
    left_out: tuple[str, ...]


def labelled(reading: Reading, progress: Progress | None = None) -> MaskedImages:
    """The images of a data set with their ground truth. Raises as `data.dataset.read` does, and where nothing is labelled."""
    data = reading.read(progress)
    known = data.labels
    records = tuple(record for record in data.records if record.mask is not None)
    if known is None or not records:
        raise DataError(f"{data.root}: no image there has a mask or annotations. Name them: maskwright draw MASKS IMAGES")
    return MaskedImages(
        records,
        lambda record, image: known.read(record, (image.shape[0], image.shape[1])),
        words=data.words,
        left_out=tuple(fault.message for fault in data.faults),
        max_pixels=data.max_pixels,
    )


def chosen(images: MaskedImages, names: Sequence[str]) -> tuple[Record, ...]:
    """The images of these names: ids, or names of files with or without suffix. Raises `DataError` for a name of none."""
    if not names:
        return images.records
    by_name: dict[str, list[Record]] = {}
    for record in images.records:
        for name in {record.id, record.image.name, record.image.stem}:
            by_name.setdefault(name, []).append(record)
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise DataError(f"There is no image called '{unknown[0]}'. {did_you_mean(unknown[0], [r.id for r in images.records])}")
    wanted = {record.id for name in names for record in by_name[name]}
    return tuple(record for record in images.records if record.id in wanted)


def draw(
    images: MaskedImages,
    out: Path,
    *,
    names: Sequence[str] = (),
    views: Sequence[View] | None = None,
    alpha: float = 0.5,
    size: int = 512,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Drawn:
    """Write a PNG for each image, called by its id, below a folder: `masks.draw_sheet.sheet` says what is on it.

    names: the images to draw; all where there are none. An image that cannot be drawn stops nothing. Raises `DataError` before
    anything is written for a name of no image, where a picture would lie on an image or mask, and where it lies on another
    file and `overwrite` does not permit that.
    """
    records = chosen(images, names)
    targets = [out / f"{record.id}.png" for record in records]
    _check_free(targets, images.records, overwrite=overwrite)
    written: list[Path] = []
    left_out = list(images.left_out)
    for done, (record, target) in enumerate(zip(records, targets, strict=True), 1):
        try:
            image = read_image(record.image, max_pixels=images.max_pixels)
            picture = sheet(to_display(image), images.segmentation(record, image), views, alpha=alpha, size=size)
        except MaskwrightError as error:
            left_out.append(str(error))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_picture(target, picture)
            written.append(target)
        if progress is not None:
            progress(done, len(records))
    return Drawn(tuple(written), tuple(left_out))


def _check_free(targets: Sequence[Path], records: Sequence[Record], *, overwrite: bool) -> None:
    sources = {file_of(path).resolve() for record in records for path in (record.image, record.mask) if path is not None}
    on_source = [target for target in targets if target.resolve() in sources]
    if on_source:
        raise DataError(f"{on_source[0]}: is an image or a mask, which no picture may replace. Name another folder with --out.")
    there = [target for target in targets if target.exists()]
    if there and not overwrite:
        named = ", ".join(target.name for target in there[:SHOWN]) + (", ..." if len(there) > SHOWN else "")
        raise DataError(
            f"{there[0].parent}: holds {len(there)} files of these names already ({named}). Replace them with --overwrite, or "
            f"name another folder with --out."
        )
