"""What lies in a data folder: pairs, sizes, the values of every mask, and every file that cannot be used."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from maskwright.base.errors import MaskwrightError
from maskwright.data.histogram import MaskHistogram, histogram
from maskwright.data.pairing import Pairing, pair
from maskwright.data.record import Record
from maskwright.data.sizes import check_sizes
from maskwright.formats import read_mask
from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.images import ImageInfo, image_info

CHOOSE = "Keep one of them, or say what is an image and what a mask with --image-glob and --mask-glob."
PARTS_COUNTED_IN = 12  # masks whose connected parts are counted; enough to tell objects from classes

Progress = Callable[[int, int], None]  # (records done, records in all)


@dataclass(frozen=True)
class Fault:
    """A file that cannot be used as it is: a code for reports, what is wrong, what to do."""

    code: str
    path: Path
    message: str


@dataclass(frozen=True)
class Scan:
    """A folder as it is. `records` are the pairs that can be used, each with its image's header and its mask's histogram."""

    root: Path
    pairing: Pairing
    records: tuple[Record, ...]
    infos: tuple[ImageInfo, ...]
    histograms: tuple[MaskHistogram, ...]
    faults: tuple[Fault, ...]


def scan(
    root: Path,
    masks: Path | None = None,
    *,
    image_glob: str | None = None,
    mask_glob: str | None = None,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> Scan:
    """Look at every file once: image headers, and the masks' values. A bad file becomes a `Fault` and stops nothing."""
    pairing = pair(root, masks, image_glob=image_glob, mask_glob=mask_glob)
    faults = _pairing_faults(pairing)
    records = pairing.pairs or pairing.images_without_mask
    kept: list[Record] = []
    infos: list[ImageInfo] = []
    histograms: list[MaskHistogram] = []
    for done, record in enumerate(records):
        code, path = "unreadable-image", record.image
        try:
            info = image_info(record.image, max_pixels=max_pixels)
            if record.mask is not None:
                code, path = "unreadable-mask", record.mask
                raw = read_mask(record.mask, max_pixels=max_pixels)
                code = "size-mismatch"
                check_sizes(record.image, info, record.mask, raw.size_hw)
                counted = sum(each.one_part is not None for each in histograms)
                histograms.append(histogram(raw, record.mask, count_parts=counted < PARTS_COUNTED_IN))
            kept.append(record)
            infos.append(info)
        except MaskwrightError as error:
            faults.append(Fault(code, path, str(error)))
        if progress is not None:
            progress(done + 1, len(records))
    return Scan(Path(root), pairing, tuple(kept), tuple(infos), tuple(histograms), tuple(faults))


def _pairing_faults(pairing: Pairing) -> list[Fault]:
    faults = [Fault("broken-link", path, f"{path}: {what}.") for path, what in pairing.broken]
    faults += [
        Fault(
            "ambiguous",
            same[0],
            f"{' and '.join(map(str, same))} have one name or claim one image. {CHOOSE}",
        )
        for same in pairing.ambiguous
    ]
    if pairing.pairs:
        faults += [
            Fault(
                "image-without-mask",
                record.image,
                f"{record.image}: no mask belongs to this image. Add it, or take the image out.",
            )
            for record in pairing.images_without_mask
        ]
    faults += [
        Fault("mask-without-image", path, f"{path}: no image belongs to this mask. Add it, or take the mask out.")
        for path in pairing.masks_without_image
    ]
    return faults
