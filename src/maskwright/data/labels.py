"""Where the segmentations of a data set come from: mask files with a coding, or annotations."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from maskwright.data.record import Record
from maskwright.data.sizes import check_sizes
from maskwright.formats import read_mask
from maskwright.formats.annotations import Note
from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.images import image_info
from maskwright.masks.classes import Classes
from maskwright.masks.coding import MaskCoding
from maskwright.masks.types import Segmentation


@runtime_checkable
class Labels(Protocol):
    """What knows the segmentation of every record that has a `mask`, and the classes of all of them."""

    @property
    def classes(self) -> Classes: ...

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is to be known of single objects, for the check."""
        ...

    @property
    def described_by(self) -> Path | None:
        """The file that says what the records' own mask files hold, where they do not say it themselves."""
        ...

    def read(self, record: Record, size_hw: tuple[int, int]) -> Segmentation:
        """The segmentation of a record whose whole image has this size, cut to the record's window.

        Raises `ImageFileError`, `MaskValueError` or `DataError` with the file's name where it cannot be used.
        """
        ...


@dataclass(frozen=True)
class MaskFiles:
    """A mask file for every record, all of one coding."""

    coding: MaskCoding
    max_pixels: int = MAX_PIXELS

    @property
    def classes(self) -> Classes:
        return self.coding.classes

    @property
    def notes(self) -> tuple[Note, ...]:
        return ()

    @property
    def described_by(self) -> None:
        return None

    def read(self, record: Record, size_hw: tuple[int, int]) -> Segmentation:
        """The file's values, decoded. Raises as `Labels.read` does."""
        assert record.mask is not None  # else nobody asks
        raw = read_mask(record.mask, max_pixels=self.max_pixels)
        if raw.size_hw != size_hw:
            check_sizes(record.image, image_info(record.image, max_pixels=self.max_pixels), record.mask, raw.size_hw)
        if record.window_xyxy is not None:
            x0, y0, x1, y1 = record.window_xyxy
            raw = replace(raw, values=raw.values[y0:y1, x0:x1])
        return self.coding.decode(raw, record.mask)
