"""How a person's data were read: the folder and everything that was said about it, kept so that a run finds its data again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from maskwright.base.errors import DataError, RunError
from maskwright.base.files import read_json, write_json
from maskwright.data.annotated import find_source
from maskwright.data.check import Report, check
from maskwright.data.coding import CodingError, CodingOptions
from maskwright.data.dataset import DataSet, read
from maskwright.data.scan import Progress, scan
from maskwright.data.split import Split
from maskwright.formats.content import MAX_PIXELS
from maskwright.masks.coding import Color, Kind, Value

NAME = "reading.json"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A data folder and the options of `data.dataset.read`; what is None is inferred from the files."""

    path: Path
    masks: Path | None = None
    image_glob: str | None = None
    mask_glob: str | None = None
    kind: Kind | None = None
    ignore: tuple[Value, ...] = ()
    class_names: tuple[str, ...] | None = None
    colors: tuple[tuple[Color, str], ...] = ()
    foreground: int | None = None
    repair: Literal["nearest"] | None = None
    format: str | None = None
    annotations: Path | None = None
    group_by: str | None = None
    max_pixels: int = MAX_PIXELS

    @property
    def coding(self) -> CodingOptions:
        """What was said about the masks."""
        return CodingOptions(
            kind=self.kind,
            ignore=self.ignore,
            class_names=self.class_names,
            colors=dict(self.colors),
            foreground=self.foreground,
            repair=self.repair,
        )

    def read(self, progress: Progress | None = None) -> DataSet:
        """The data set. Raises as `data.dataset.read` does."""
        return read(
            self.path, self.masks, image_glob=self.image_glob, mask_glob=self.mask_glob,
            kind=self.kind, ignore=self.ignore, class_names=self.class_names, colors=dict(self.colors),
            foreground=self.foreground, repair=self.repair, format=self.format, annotations=self.annotations,
            group_by=self.group_by, max_pixels=self.max_pixels, progress=progress,
        )  # fmt: skip

    def check(self, split: Callable[[DataSet], Split | None] | None = None, progress: Progress | None = None) -> Report:
        """What the mask doctor says, of the split too; of data that cannot be read, why. Raises where there is no folder."""
        try:
            data = self.read(progress)
        except (CodingError, DataError):
            if not self._means_masks():
                raise
            found = scan(
                self.path, self.masks, image_glob=self.image_glob, mask_glob=self.mask_glob, max_pixels=self.max_pixels
            )
            return check(found, options=self.coding, progress=progress)
        return check(data, split=None if split is None else split(data), progress=progress)

    def _means_masks(self) -> bool:
        """Whether mask files are what is to be read, said or guessed; False where annotations are, even if that fails."""
        if self.format is not None or self.annotations is not None:
            return False
        if self.masks is not None or self.mask_glob is not None or self.coding != CodingOptions():
            return True
        try:
            return find_source(self.path) is None
        except DataError:
            return False

    def moved_to(self, path: Path) -> "Reading":
        """The same reading of a folder elsewhere; masks and annotations that were named apart stay with the old one."""
        return replace(self, path=path.absolute(), masks=None, annotations=None)

    def to_json(self) -> dict[str, Any]:
        """A JSON value that `from_json` reads back, with paths that hold from everywhere."""
        masks = None if self.masks is None else self.masks.absolute()
        annotations = self.annotations
        if annotations is not None:
            annotations = (annotations if annotations.exists() else self.path / annotations).absolute()
        whole = replace(self, path=self.path.absolute(), masks=masks, annotations=annotations)
        value: dict[str, Any] = _READING.dump_python(whole, mode="json")
        return value

    @classmethod
    def from_json(cls, value: Any, *, source: str = NAME) -> "Reading":
        """The reading that `to_json` wrote. Raises `RunError` where it is damaged."""
        try:
            return _READING.validate_python(value)
        except ValidationError as error:
            raise RunError(f"{source}: is damaged ({error.errors()[0]['msg']}). Name the data folder.") from error

    def save(self, folder: Path) -> None:
        """Write reading.json into a run folder."""
        write_json(Path(folder) / NAME, self.to_json())

    @classmethod
    def of_run(cls, folder: Path, data: Path | None = None) -> "Reading":
        """What `save` wrote, or the same reading of other data. Raises `RunError` where neither says where the data lie."""
        path = Path(folder) / NAME
        if not path.is_file():
            if data is not None:
                return cls(path=data.absolute())  # a network from elsewhere has no data of its own
            raise RunError(f"{folder}: this run does not say where its data lie (no {NAME}). Name the data folder.")
        kept = cls.from_json(read_json(path), source=str(path))
        return kept if data is None else kept.moved_to(data)


_READING = TypeAdapter(Reading)
