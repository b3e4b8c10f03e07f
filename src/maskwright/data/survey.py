"""Every image and mask of a data set read once, and what is kept of each: sizes, classes, looks, faults."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from maskwright.base.errors import DataError, MaskValueError, MaskwrightError
from maskwright.data.dataset import DataSet
from maskwright.data.duplicates import Look, look
from maskwright.data.record import Record
from maskwright.data.sample import Sample
from maskwright.data.scan import Fault
from maskwright.formats.images import image_info
from maskwright.masks.classes import IGNORE
from maskwright.masks.convert import to_label_map

READERS = 2  # files decoded at a time


@dataclass(frozen=True, eq=False)
class Seen:
    """What is kept of one image and its mask after both have been read; the pixels are let go.

    class_pixels: pixels of each class, with the ignored ones as the last entry; None without a mask. mask_digest: equal for
    equal label maps.
    """

    record: Record
    size_hw: tuple[int, int]
    channels: int
    dtype: str
    is_constant: bool
    notes: tuple[str, ...]
    look: Look
    class_pixels: Int64[np.ndarray, " k1"] | None = None
    mask_digest: str = ""


def survey(data: DataSet, progress: Callable[[int, int], None] | None = None) -> tuple[tuple[Seen, ...], tuple[Fault, ...]]:
    """Read everything; what cannot be read becomes a fault and hides nothing else."""
    seen: list[Seen] = []
    faults: list[Fault] = []
    with ThreadPoolExecutor(READERS) as pool:
        for done, result in enumerate(pool.map(lambda index: _see(data, index), range(len(data))), start=1):
            if isinstance(result, Seen):
                seen.append(result)
            else:
                faults.append(result)
            if progress:
                progress(done, len(data))
    return tuple(seen), tuple(faults)


def _see(data: DataSet, index: int) -> Seen | Fault:
    record = data.records[index]
    try:
        sample = data[index]
        notes = image_info(record.image, max_pixels=data.max_pixels).notes
    except MaskwrightError as error:
        return _fault(record, error)
    class_pixels, mask_digest = _classes(sample, len(data.classes)) if sample.segmentation is not None else (None, "")
    return Seen(
        record=record,
        size_hw=sample.size_hw,
        channels=sample.image.shape[2],
        dtype=sample.image.dtype.name,
        is_constant=bool((sample.image == sample.image[:1, :1]).all()),
        notes=notes,
        look=look(sample.image),
        class_pixels=class_pixels,
        mask_digest=mask_digest,
    )


def _classes(sample: Sample, classes: int) -> tuple[Int64[np.ndarray, " k1"], str]:
    assert sample.segmentation is not None
    ids = to_label_map(sample.segmentation).ids
    counts = np.bincount(ids.ravel(), minlength=classes)[:classes]
    ignored = np.count_nonzero(ids == IGNORE)
    return np.append(counts, ignored), hashlib.sha256(np.ascontiguousarray(ids).data).hexdigest()


def _fault(record: Record, error: MaskwrightError) -> Fault:
    """The fault with the file that it is about, which every error names first."""
    is_mask = record.mask is not None and str(error).startswith(str(record.mask))
    path = record.mask if is_mask and record.mask else record.image
    if isinstance(error, MaskValueError):
        return Fault("unknown-values", path, str(error))
    if isinstance(error, DataError):
        return Fault("size-mismatch", path, str(error))
    return Fault("unreadable-mask" if is_mask else "unreadable-image", path, str(error))
