"""What a person says about the masks, what was inferred from them, and the error where a word is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from maskwright.base.errors import DataError, MaskValueError, did_you_mean
from maskwright.masks.coding import KINDS, Color, Kind, MaskCoding, Value


@dataclass(frozen=True, kw_only=True)
class CodingOptions:
    """What a person says about the masks; everything that is left out is inferred.

    colors: colour in the file -> name of its class. foreground: the one value that is the object; the other is background.
    repair: "nearest" gives a value that JPEG or smooth resizing made the nearest value that the masks had before.
    """

    kind: Kind | None = None
    ignore: tuple[Value, ...] = ()
    class_names: Sequence[str] | None = None
    colors: Mapping[Color, str] = field(default_factory=dict)
    foreground: int | None = None
    repair: Literal["nearest"] | None = None

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in KINDS:
            raise DataError(f"There is no mask kind '{self.kind}'. {did_you_mean(self.kind, KINDS)}")
        if self.repair not in (None, "nearest"):
            raise DataError(f"There is no repair '{self.repair}'. The only one is 'nearest'.")


@dataclass(frozen=True)
class Inference:
    """The coding, the words that say how it was found, and in `doubts` what a person should look at."""

    coding: MaskCoding
    words: tuple[str, ...]
    doubts: tuple[str, ...] = ()


class CodingError(MaskValueError):
    """Masks whose meaning only a person can say; `code`, `message`, `remedy` and `files` are the parts for a report."""

    def __init__(self, code: str, message: str, remedy: str, files: Iterable[Path] = ()) -> None:
        super().__init__(f"{message} {remedy}")
        self.code, self.message, self.remedy, self.files = code, message, remedy, tuple(files)
