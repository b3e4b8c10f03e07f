"""Masks of any number of images: each file whole or absent, a journal of what is done, and the failures by name."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from jaxtyping import Float32, Num

from maskwright.base.errors import DataError, Interrupted, MaskwrightError
from maskwright.base.files import atomic_path, sha256
from maskwright.base.journal import Journal
from maskwright.data.pairing import list_images
from maskwright.data.record import Record
from maskwright.engine.predict import Predictor
from maskwright.engine.signals import stop_on_signals
from maskwright.formats import native, write_instances, write_label_map
from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.images import read_image
from maskwright.formats.png import write_picture
from maskwright.masks.coding import MaskCoding
from maskwright.masks.convert import to_label_map
from maskwright.masks.draw import overlay, to_display
from maskwright.masks.types import Instances, Segmentation
from maskwright.plan.plan import Plan

JOURNAL = "predictions.jsonl"
OVERLAYS, PROBABILITIES = "overlays", "probabilities"  # folders beside the masks, on request
NAMES_SHOWN = 5

Progress = Callable[[int, int], None]
Extra = Literal["overlays", "probabilities"]


@dataclass(frozen=True)
class Failure:
    """An image that could not be predicted, and why."""

    image: Path
    reason: str


@dataclass(frozen=True)
class PredictionReport:
    """The masks that were written now, those that were there already, and the images that failed."""

    done: tuple[Path, ...]
    skipped: tuple[Path, ...]
    failed: tuple[Failure, ...]


def predict_folder(
    predictor: Predictor,
    images: Path | str | Iterable[Path | str],
    out: Path | str,
    *,
    suffix: Literal[".png", ".tif"] = ".png",
    extras: Collection[Extra] = (),
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> PredictionReport:
    """Predict image files and folders of them into `out`, in the tree of their folders: `a/b.jpg` becomes `out/a/b.png`.

    An image that fails is listed and stops nothing. Run again after an interruption it does only what is missing: done is a
    mask that lies there as the journal beside it says, of the same image by the same weights. `extras` adds overlays (PNG)
    and probabilities (float16 TIFF, classes first). Raises `DataError` before anything is written where two images would have
    one mask, where masks lie in `out` that these weights did not make (unless `overwrite`), and where `out` is among the
    images; `Interrupted` when asked to stop; `MaskwrightError` when a file cannot be written.
    """
    if PROBABILITIES in extras:
        predictor.require_maps()
    given = [Path(path) for path in ([images] if isinstance(images, Path | str) else images)]
    folder = _Folder(Path(out), predictor.digest, _coding(predictor.plan), suffix, frozenset(extras))
    records = list_images(given)
    folder.refuse_inputs(given, records)
    skipped = tuple(record for record in records if folder.is_done(record))
    todo = [record for record in records if record not in set(skipped)]
    if not overwrite:
        folder.refuse_foreign(todo)
    native.write_native(folder.path, folder.coding)
    done: list[Path] = []
    failed: list[Failure] = []
    with stop_on_signals() as stop:
        for number, record in enumerate(todo, len(skipped)):
            if progress is not None:
                progress(number, len(records))
            if stop.is_set():
                raise Interrupted(f"Stopped with {number} of {len(records)} images done. Run the same command again to go on.")
            result = _predict(predictor, record, folder.extras, max_pixels)
            if isinstance(result, Failure):
                failed.append(result)
            else:
                folder.write(record, result)
                done.append(folder.mask(record))
    if progress is not None:
        progress(len(records), len(records))
    return PredictionReport(tuple(done), tuple(map(folder.mask, skipped)), tuple(failed))


@dataclass(frozen=True)
class _Result:
    """What is to be written of one image."""

    image: Num[np.ndarray, "h w c"]
    segmentation: Segmentation
    probabilities: Float32[np.ndarray, "k h w"] | None


def _predict(predictor: Predictor, record: Record, extras: frozenset[Extra], max_pixels: int) -> _Result | Failure:
    """The prediction, or why there is none: one bad image, or one too large for the memory, must not stop the rest."""
    try:
        image = read_image(record.image, max_pixels=max_pixels)
        if PROBABILITIES not in extras:
            return _Result(image, predictor(image), None)
        outputs = predictor.outputs(image)
        return _Result(image, predictor.found_in(outputs), outputs[: len(predictor.plan.classes)])
    except (MaskwrightError, OSError, MemoryError, RuntimeError) as error:
        reason = str(error) or type(error).__name__
        return Failure(record.image, reason.removeprefix(f"{record.image}: "))


class _Folder:
    """The folder that takes the masks, and what its journal knows of it."""

    def __init__(self, path: Path, weights: str, coding: MaskCoding, suffix: str, extras: frozenset[Extra]) -> None:
        self.path, self.weights, self.coding, self.suffix, self.extras = path, weights, coding, suffix, extras
        self.journal = Journal(path / JOURNAL)
        self.known = {entry["output"]: entry for entry in self.journal.read() if "output" in entry}

    def mask(self, record: Record) -> Path:
        """Where the mask goes: the image's own path below the folder that all images have in common."""
        parts = record.image.absolute().parts[-1 - record.id.count("/") :]  # as they are on the disk, unlike the id
        return Path(self.path, *parts).with_suffix(self.suffix)

    def extra(self, record: Record, kind: Extra) -> Path:
        """Where an overlay or the probabilities go."""
        relative = self.mask(record).relative_to(self.path)
        return self.path / kind / relative.with_suffix(".png" if kind == OVERLAYS else ".tif")

    def is_done(self, record: Record) -> bool:
        """Whether everything that is asked for lies there, made by these weights of the image as it is now."""
        return (
            self._is_ours(record)
            and self.known[self._name(record)].get("image") == _stamp(record.image)
            and all(self.extra(record, kind).exists() for kind in self.extras)
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
        """Raises `DataError` where something lies in a mask's place that these weights did not write, or other classes."""
        foreign = [self.mask(record) for record in records if self.mask(record).exists() and not self._is_ours(record)]
        description = self.path / native.NAME
        if description.exists() and not (native.is_native(self.path) and native.read_native(self.path) == self.coding):
            foreign.append(description)
        if foreign:
            names = ", ".join(path.name for path in foreign[:NAMES_SHOWN]) + (", ..." if len(foreign) > NAMES_SHOWN else "")
            raise DataError(
                f"{self.path}: {len(foreign)} files are in the way, made by another run or changed since: {names}. "
                "Replace them with --overwrite, or choose another folder with --out."
            )

    def write(self, record: Record, result: _Result) -> None:
        """The extras, then the mask. Its journal line comes before its name: a kill in between costs doing it again."""
        if OVERLAYS in self.extras:
            write_picture(self.extra(record, "overlays"), overlay(to_display(result.image), result.segmentation))
        if result.probabilities is not None:
            with atomic_path(self.extra(record, "probabilities")) as temporary:
                values = result.probabilities.astype(np.float16)
                tifffile.imwrite(
                    temporary, values, photometric="minisblack", compression="zlib", metadata={"axes": "CYX"}
                )  # fmt: skip
        with atomic_path(self.mask(record)) as temporary:
            if isinstance(result.segmentation, Instances):
                write_instances(temporary, result.segmentation)
            else:
                write_label_map(temporary, to_label_map(result.segmentation))
            self.journal.append(
                {
                    "id": record.id,
                    "output": self._name(record),
                    "sha256": sha256(temporary),
                    "weights": self.weights,
                    "image": _stamp(record.image),
                }
            )

    def _is_ours(self, record: Record) -> bool:
        entry = self.known.get(self._name(record))
        path = self.mask(record)
        if entry is None or not self.weights or entry.get("weights") != self.weights:  # a network without a name has no past
            return False
        return path.is_file() and sha256(path) == entry["sha256"]

    def _name(self, record: Record) -> str:
        return record.id + self.suffix


def _stamp(image: Path) -> dict[str, Any] | None:
    """What changes when an image is replaced; None for one that is gone."""
    try:
        status = image.stat()
    except OSError:
        return None
    return {"bytes": status.st_size, "modified_ns": status.st_mtime_ns}


def _coding(plan: Plan) -> MaskCoding:
    """What the values of the masks mean, so that the folder reads the same way everywhere."""
    if plan.task == "instance":
        return MaskCoding("instances", ((0, 0),), (), plan.classes)
    return MaskCoding("class-ids", tuple((i, i) for i in range(len(plan.classes))), (), plan.classes)
