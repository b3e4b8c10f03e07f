"""The folder that takes predictions: where each goes, what its journal knows, what is in the way, and how a file is written."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256 as digest_of
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from jaxtyping import Float32, Num

from maskwright.base.errors import DataError, MaskValueError
from maskwright.base.files import atomic_path, atomic_write, natural_key, sha256, write_json
from maskwright.base.journal import Journal
from maskwright.data.record import Record
from maskwright.engine.large.predict import LargeReport
from maskwright.engine.prediction_files import ZARR, digest, lent, write_zarr
from maskwright.formats import coco, coco_join, coco_panoptic, labels, native, write_instances, write_label_map
from maskwright.formats.label_table import Entry, join_tables, written_table
from maskwright.formats.large_image import is_zarr
from maskwright.formats.panoptic_segments import write_picture as write_segments
from maskwright.formats.png import MOST_OBJECTS, write_picture
from maskwright.masks.coding import MaskCoding
from maskwright.masks.convert import hidden_pixels, instances_to_labels, to_label_map
from maskwright.masks.draw import overlay, to_display
from maskwright.masks.types import Instances, Panoptic, Segmentation

JOURNAL = native.PREDICTIONS
OVERLAYS, PROBABILITIES = native.NO_MASKS  # folders beside the masks, on request
OBJECTS = "objects"  # folder of what is kept of each image's objects: COCO files, or tables beside label images
SEGMENTS = "panoptic"  # folder of pictures of segments
TOGETHER = {"coco": "instances.json", "panoptic": f"{SEGMENTS}.json", "labels": labels.TABLE}  # of all images
STRIPS = ".strips"  # folder of what is done of large images
LARGE_SUFFIXES = (".tif", ZARR)
NAMES_SHOWN = 5

Extra = Literal["overlays", "probabilities"]
Shard = tuple[int, int]  # from 1 on, of how many
To = Literal["labels", "coco", "panoptic"]
Suffix = Literal[".png", ".tif", ".zarr"]


@dataclass(frozen=True)
class Prediction:
    """What is to be written of one image."""

    image: Num[np.ndarray, "h w c"]
    segmentation: Segmentation
    probabilities: Float32[np.ndarray, "k h w"] | None


class PredictionFolder:
    """A folder of predictions of one network. Done is what lies there as the journal says, of the same image and thresholds."""

    def __init__(
        self, path: Path, coding: MaskCoding, *, weights: str, settled: dict[str, Any] | None,
        to: To, suffix: str, has_table: bool, extras: frozenset[Extra], large: frozenset[Record] = frozenset(),
        shard: Shard | None = None, stacks: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """has_table: whether a table says of the objects in label images what these cannot: classes and scores.

        shard: which of several processes this is, each of which has a journal of its own and reads them all.
        large: images that are read part by part; their labels are TIFF or Zarr, and there are no extras of them.
        stacks: how their planes were told apart and linked, which is part of what makes the labels of those that are stacks.
        """
        self.large, self._stacks = large, stacks or {}
        self.path, self.coding, self.to, self.has_table, self.extras = path, coding, to, has_table, extras
        self._weights, self._settled = weights, settled
        self._suffix = {"labels": suffix, "coco": ".json", "panoptic": ".png"}[to]
        self._folder = {"labels": "", "coco": OBJECTS, "panoptic": SEGMENTS}[to]
        self._journal = Journal(path / (JOURNAL if shard is None else native.SHARD.format(*shard)))
        self._made: dict[str, dict[str, dict[str, Any]]] = {}  # by output and digest, what these weights made
        for entry in (entry for journal in native.journals(path) for entry in Journal(journal).read()):
            if weights and entry.get("weights") == weights and "output" in entry:  # a network without a name has no past
                self._made.setdefault(entry["output"], {})[entry["sha256"]] = entry

    @property
    def together(self) -> Path | None:
        """The one file of all objects, where there is one."""
        return self.path / TOGETHER[self.to] if self.to != "labels" or self.has_table else None

    def output(self, record: Record) -> Path:
        """Where the prediction goes: the image's own path below the folder that all images have in common."""
        return self.path / self._folder / self._relative(record).with_suffix(self._suffix_of(record))

    def strips(self, record: Record) -> Path:
        """The folder of what is done of a large image until all of it is."""
        return self.path / STRIPS / self._relative(record)

    def extra(self, record: Record, kind: Extra) -> Path:
        """Where an overlay or the probabilities go."""
        return self.path / kind / self._relative(record).with_suffix(".png" if kind == OVERLAYS else ".tif")

    def is_done(self, record: Record) -> bool:
        """Whether everything that is asked for lies there, made by this network of the image as it is now."""
        entry = self._entry(self.output(record), self._name(record))
        return (
            entry is not None
            and (entry.get("image"), entry.get("settled")) == (_stamp(record.image), self._settled)
            and entry.get("stacks", self._stacks) == self._stacks
            and (record in self.large or all(self.extra(record, kind).exists() for kind in self.extras))
            and self._has_part(self.output(record), entry)
        )

    def refuse_inputs(self, given: list[Path], records: Iterable[Record]) -> None:
        """Raises `DataError` where masks would lie among the images, to be taken for images the next time."""
        here = self.path.resolve()
        around = [path for path in given if path.is_dir() and here.is_relative_to(path.resolve())]
        around += [record.image.parent for record in records if record.image.parent.resolve() == here]
        if around:
            raise DataError(
                f"{self.path}: lies in {around[0]}, among the images; masks there would be taken for images. "
                "Choose a folder outside with --out."
            )

    def refuse_foreign(self, records: Iterable[Record]) -> None:
        """Raises `DataError` where something lies in a prediction's place that these weights did not write."""
        places = [(self.output(record), self._name(record)) for record in records]
        places += [] if self.together is None else [(self.together, self.together.name)]
        foreign = [path for path, name in places if path.exists() and self._entry(path, name) is None]
        description = self.path / native.NAME
        if self.to == "labels" and description.exists() and not self._is_described():
            foreign.append(description)
        if foreign:
            names = ", ".join(path.name for path in foreign[:NAMES_SHOWN]) + (", ..." if len(foreign) > NAMES_SHOWN else "")
            raise DataError(
                f"{self.path}: {len(foreign)} files are in the way, made by another run or changed since: {names}. "
                "Replace them with --overwrite, or choose another folder with --out."
            )

    def describe(self) -> None:
        """Say beside label images what their values mean."""
        if self.to == "labels":
            native.write_native(self.path, self.coding, table=TOGETHER[self.to] if self.has_table else None)

    def write(self, record: Record, made: Prediction) -> int:
        """The extras, then the prediction; returns how many pixels a label image lost to other objects.

        The journal's line comes before the file's name: a kill in between costs doing it again. Raises `MaskValueError` where
        the file's format cannot hold the objects of this image.
        """
        path, segmentation = self.output(record), made.segmentation
        if self._suffix == ".png" and isinstance(segmentation, Instances) and len(segmentation) > MOST_OBJECTS:
            raise MaskValueError(
                f"{len(segmentation)} objects were found, and a PNG numbers {MOST_OBJECTS}. "
                "Predict it with --format tiff or --to coco."
            )
        if OVERLAYS in self.extras:
            write_picture(self.extra(record, "overlays"), overlay(to_display(made.image), segmentation))
        if made.probabilities is not None:
            _write_probabilities(self.extra(record, "probabilities"), made.probabilities)
        more: dict[str, Any] = {}
        hidden = 0
        if self.has_table and isinstance(segmentation, Instances):
            part = self._part(path)
            atomic_write(part, _table(self._relative(record), segmentation))
            more, hidden = {"table": sha256(part)}, hidden_pixels(segmentation)
        with lent(path) as temporary:
            self._write(temporary, record, segmentation)
            if self.to == "panoptic":
                more = {"table": sha256(self._part(path))}
            file = path.relative_to(self.path).as_posix()
            self._note(
                self._name(record), digest(temporary),
                id=record.id, file=file, image=_stamp(record.image), settled=self._settled, **more,
            )  # fmt: skip
        return hidden

    def write_large(self, record: Record, predict: Callable[[Path, Path], LargeReport]) -> None:
        """Let the label image of a large image be written to a path, with a folder for what is done until then."""
        path = self.output(record)
        with lent(path) as temporary:
            found = predict(temporary, self.strips(record))
            more: dict[str, Any] = {"stacks": self._stacks} if found.planes > 1 else {}
            if self.has_table:
                part = self._part(path)
                rows = zip(found.numbers.tolist(), found.class_ids.tolist(), found.scores.tolist(), strict=True)
                name = self._relative(record).with_suffix("").as_posix()
                atomic_write(part, written_table(((name, Entry(*row)) for row in rows), self.coding.classes))
                more["table"] = sha256(part)
            file = path.relative_to(self.path).as_posix()
            self._note(
                self._name(record), digest(temporary), id=record.id, file=file, image=_stamp(record.image),
                settled=self._settled, pixels=found.pixels, **more,
            )  # fmt: skip
        with suppress(OSError):  # where strips of other images lie
            for folder in self.strips(record).parents[: record.id.count("/") + 1]:
                folder.rmdir()

    def join(self, without: Iterable[Record]) -> None:
        """Write the one file of all predictions that lie here, of earlier runs of the same network too.

        A COCO file, of objects or panoptic, is `without` the images that failed now. A table names what is in label images, and
        these still lie there.
        The file stays as it is where nothing has changed.
        """
        if self.together is None:
            return
        left_out = {self._name(record) for record in without if self.to != "labels"}
        parts: dict[Path, str] = {}
        for name in sorted(self._made.keys() - left_out, key=natural_key):
            for path in dict.fromkeys(self.path / made["file"] for made in self._made[name].values() if "file" in made):
                entry = self._entry(path, name) if path.suffix in (self._suffix, *LARGE_SUFFIXES) else None
                if entry is not None and self._has_part(path, entry):
                    parts[self._part(path)] = entry.get("table", entry["sha256"])
        if not parts:
            return
        state = digest_of("".join(f"{path.relative_to(self.path)}\n{parts[path]}\n" for path in parts).encode()).hexdigest()
        before = self._entry(self.together, self.together.name)
        if before is not None and before.get("parts") == state:
            return
        with atomic_path(self.together) as temporary:
            if self.to == "labels":
                join_tables(temporary, parts)
            else:
                coco_join.join(temporary, parts, has_ids=self.to == "coco")
            self._note(self.together.name, sha256(temporary), parts=state)

    def _part(self, output: Path) -> Path:
        """The file of an image that is joined with those of others."""
        if self.to == "coco":
            return output
        kind = ".json" if self.to == "panoptic" else ".csv"
        return self.path / OBJECTS / output.relative_to(self.path / self._folder).with_suffix(kind)

    def _has_part(self, output: Path, entry: dict[str, Any]) -> bool:
        """Whether what is to be joined of a prediction that is whole is whole too."""
        if not self.has_table and self.to != "panoptic":
            return True
        part = self._part(output)
        return part.is_file() and sha256(part) == entry.get("table")

    def _write(self, path: Path, record: Record, segmentation: Segmentation) -> None:
        if self.to == "coco":
            assert isinstance(segmentation, Instances)  # no other task writes this
            coco.write(path, [(self._relative(record).as_posix(), segmentation)], predicted=True)
        elif self.to == "panoptic":
            assert isinstance(segmentation, Panoptic)  # no other task writes this
            place = self._relative(record)
            picture = place.with_suffix(self._suffix)
            described = coco_panoptic.of_one_image(
                place.as_posix(), picture.as_posix(), segmentation, write_segments(path, segmentation)
            )
            write_json(self._part(self.path / self._folder / picture), described)
        elif self._suffix == ZARR:
            write_zarr(path, record.image, segmentation)
        elif isinstance(segmentation, Instances):
            write_instances(path, segmentation, allow_loss=self.has_table)
        else:
            write_label_map(path, to_label_map(segmentation))

    def _note(self, output: str, digest: str, **more: Any) -> None:
        entry = {"output": output, "sha256": digest, "weights": self._weights, **more}
        self._journal.append(entry)
        self._made.setdefault(output, {})[digest] = entry

    def _entry(self, path: Path, name: str) -> dict[str, Any] | None:
        """What the journal says of the file that lies there, if these weights made it."""
        made = self._made.get(name)
        return made.get(digest(path)) if made and path.exists() else None

    def _relative(self, record: Record) -> Path:
        return Path(*record.image.absolute().parts[-1 - record.id.count("/") :])  # as it is on the disk, unlike the id

    def _name(self, record: Record) -> str:
        return (f"{self._folder}/" if self._folder else "") + record.id + self._suffix_of(record)

    def _suffix_of(self, record: Record) -> str:
        if record not in self.large:
            return self._suffix
        return ZARR if self._suffix == ZARR or (self._suffix != ".tif" and is_zarr(record.image)) else ".tif"

    def _is_described(self) -> bool:
        if not native.is_native(self.path) or native.read_native(self.path, with_table=True) != self.coding:
            return False
        return (native.table_of(self.path) is not None) == self.has_table


def _write_probabilities(path: Path, probabilities: Float32[np.ndarray, "k h w"]) -> None:
    with atomic_path(path) as temporary:
        values = probabilities.astype(np.float16)
        tifffile.imwrite(temporary, values, photometric="minisblack", compression="zlib", metadata={"axes": "CYX"})


def _table(image: Path, instances: Instances) -> str:
    """Class and score of every object of which the label image shows a pixel."""
    seen = np.bincount(instances_to_labels(instances).ravel(), minlength=len(instances) + 1)[1:]
    entries = (
        Entry(place + 1, int(instances.class_ids[place]), float(instances.scores[place]))
        for place in np.flatnonzero(seen).tolist()
    )
    return written_table(((image.with_suffix("").as_posix(), entry) for entry in entries), instances.classes)


def _stamp(image: Path) -> dict[str, Any] | None:
    """What changes when an image is replaced; None for one that is gone."""
    try:
        status = image.stat()
    except OSError:
        return None
    return {"bytes": status.st_size, "modified_ns": status.st_mtime_ns}
