"""One image of a data set by its files: where it lies, its mask, and the group it belongs to."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """An image file, its mask file or None, and the group that no split may cut.

    mask: the file that holds its mask, alone or, as annotation files do, with those of other images.
    id: the path below the data folder, without the images folder and the suffix, with '/' between folders.
    window_xyxy: only this half-open box of the image belongs to the record; None is the whole image.
    """

    id: str
    image: Path
    mask: Path | None = None
    group: str = ""
    window_xyxy: tuple[int, int, int, int] | None = None
