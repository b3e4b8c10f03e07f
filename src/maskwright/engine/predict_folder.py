"""Predictions of any number of images: each file whole or absent, a journal of what is done, and the failures by name."""

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Num

from maskwright.base.errors import DataError, ImageFileError, Interrupted, MaskValueError, MaskwrightError, PlanError
from maskwright.data.pairing import list_images
from maskwright.data.record import Record
from maskwright.engine.large.predict import predict_large
from maskwright.engine.leases import Leases
from maskwright.engine.overlap import overlapped
from maskwright.engine.predict import Predictor
from maskwright.engine.prediction_folder import PROBABILITIES, Extra, Prediction, PredictionFolder, Shard, Suffix, To
from maskwright.engine.signals import stop_on_signals
from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.images import read_image
from maskwright.formats.large_axes import check_said
from maskwright.formats.large_image import LARGE_PIXELS, is_large
from maskwright.formats.large_zarr import require
from maskwright.masks.coding import MaskCoding
from maskwright.masks.link import MIN_IOU
from maskwright.plan.plan import Plan

Progress = Callable[[int, int], None]

NO_REASON_TO_STOP = (MaskwrightError, OSError, MemoryError, RuntimeError)
SMALL_BYTES = 32 * 2**20  # of an image's file; the next one of larger ones is read when this one is written


@dataclass(frozen=True)
class Failure:
    """An image that could not be predicted, and why."""

    image: Path
    reason: str


Given = tuple[Record, Num[np.ndarray, "h w c"]] | Failure


@dataclass(frozen=True)
class PredictionReport:
    """What was written now, what was there already, and the images that failed.

    together: the file of all objects, where there is one. hidden_pixels: of objects under others, which label images lost now.
    elsewhere: images that another process was predicting.
    """

    done: tuple[Path, ...]
    skipped: tuple[Path, ...]
    failed: tuple[Failure, ...]
    together: Path | None = None
    hidden_pixels: int = 0
    elsewhere: tuple[Path, ...] = ()


def predict_folder(
    predictor: Predictor,
    images: Path | str | Iterable[Path | str],
    out: Path | str,
    *,
    to: To | None = None,
    suffix: Suffix = ".png",
    extras: Collection[Extra] = (),
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    link: float | None = MIN_IOU,
    axes: str = "",
    shard: Shard | None = None,
    progress: Progress | None = None,
) -> PredictionReport:
    """Predict image files and folders of them into `out`, in the tree of their folders: `a/b.jpg` becomes `out/a/b.png`.

    Written are masks (`to` is "labels"), or each image's objects as a COCO file `out/objects/a/b.json` and at the end those of
    all as `out/instances.json` ("coco"): that where objects may have several classes or overlap, unless `to` says otherwise.
    Segments of things and stuff become a picture `out/panoptic/a/b.png`, and at the end `out/panoptic.json` says what all are.
    Where it says "labels" then, `out/objects.csv` names the class of each object, and what lies under others is lost.

    A TIFF of more than `LARGE_PIXELS`, a Zarr and a stack are read and predicted part by part, in memory that does not follow
    their size; what is done of one outlives a kill. Their masks are tiled TIFF files with smaller levels, and those of a Zarr
    are OME-Zarr. `link` and `axes` are those of `predict_large`.

    `shard` is (i, n): only the i-th of n parts of the images, each of which may be predicted at once by another machine; the
    file of all objects is then left to a run without it. What another process is predicting right now is left to that.

    An image that fails is listed and stops nothing. Run again after an interruption it does only what is missing: done is a
    file that lies there as the journal beside it says, of the same image by the same weights and thresholds. `extras` adds
    overlays (PNG) and probabilities (float16 TIFF, classes first). Raises `DataError` before anything is written where two
    images would have one mask, where files lie in `out` that these weights did not make (unless `overwrite`), and where `out`
    is among the images; `PlanError` where the run has no objects, or no probabilities, that are asked for; `Interrupted` when
    asked to stop; `MaskwrightError` when a file cannot be written.
    """
    if PROBABILITIES in extras:
        predictor.require_maps()
    axes = check_said(axes) if axes else ""
    if suffix == ".zarr":
        require(Path(out), "writing")
    given = [Path(path) for path in ([images] if isinstance(images, Path | str) else images)]
    written = written_as(predictor.plan, to)
    every = list_images(given)
    records = every if shard is None else tuple(record for record in every if shard_of(record, shard[1]) == shard[0])
    large = frozenset(record for record in records if is_large(record.image, axes))
    folder = folder_of(
        predictor.plan, predictor.digest, predictor.settled, Path(out), written, suffix, frozenset(extras), large, shard,
        {"link": link, "axes": axes},
    )  # fmt: skip
    folder.refuse_inputs(given, every)
    skipped = tuple(record for record in records if folder.is_done(record))
    is_there = set(skipped)
    todo = [record for record in records if record not in is_there]
    if not overwrite:
        folder.refuse_foreign(todo)
    folder.describe()
    done: list[Path] = []
    failed: dict[Record, Failure] = {}
    elsewhere: list[Record] = []
    hidden = 0
    with Leases(Path(out)) as leases, stop_on_signals() as stop:

        def goes_on(number: int) -> bool:
            if progress is not None:
                progress(len(skipped) + number, len(records))
            return not stop.is_set()

        results = overlapped(
            [record for record in todo if record not in large], goes_on=goes_on,
            read=partial(_read, leases, max_pixels=max_pixels), work=partial(_predict, predictor, folder),
            write=partial(_write, folder), is_small=_is_small if shard is None else _is_never_small,
        )  # fmt: skip
        for record, result in results:
            leases.give_back(str(record.image))
            if result is None:
                elsewhere.append(record)
            elif isinstance(result, Failure):
                failed[record] = result
            else:
                hidden += result
                done.append(folder.output(record))
        for record in todo:
            if record in large and goes_on(len(done) + len(failed) + len(elsewhere)):
                if not leases.take(str(record.image)):
                    elsewhere.append(record)
                    continue
                try:
                    reason = _predict_large(predictor, folder, record, stop, leases, link=link, axes=axes)
                finally:
                    leases.give_back(str(record.image))
                if reason is None:
                    done.append(folder.output(record))
                else:
                    failed[record] = reason
        finished = len(skipped) + len(done) + len(failed) + len(elsewhere)
        if finished < len(records):
            raise Interrupted(f"Stopped with {finished} of {len(records)} images done. Run the same command again to go on.")
    if shard is None:
        folder.join(without=[*failed, *elsewhere])
    if progress is not None:
        progress(len(records), len(records))
    return PredictionReport(
        tuple(done), tuple(map(folder.output, skipped)), tuple(failed.values()), folder.together, hidden,
        tuple(record.image for record in elsewhere),
    )  # fmt: skip


def written_as(plan: Plan, to: To | None = None) -> To:
    """As what the predictions of a run are written, unless a person says it. Raises `PlanError` for what it does not find."""
    if plan.task == "panoptic":
        if to not in (None, "panoptic"):
            raise PlanError(
                f"This run gives every pixel a segment of a thing or of stuff, which --to {to} cannot hold. Leave it out; "
                "maskwright convert turns what is written into other formats and says what is lost."
            )
        return "panoptic"
    if to == "panoptic":
        raise PlanError("This run finds no things and stuff at once. Leave out --to panoptic, or train with --task panoptic.")
    if plan.task != "instance":
        if to == "coco":
            raise PlanError(
                "This run gives every pixel a class and finds no objects, which a COCO file is made of. Leave out --to coco; "
                "for objects, train with --task instance."
            )
        return "labels"
    return to or ("coco" if _needs_more(plan) else "labels")


def _needs_more(plan: Plan) -> bool:
    """Whether objects may have what a label image cannot hold: several classes, or pixels in common."""
    return len(plan.classes) > 2 or plan.model.kind == "mask-rcnn"


def shard_of(record: Record, shards: int) -> int:
    """Which of so many processes an image belongs to, from 1 on: by its name, whatever other images there are."""
    return int(sha256(record.id.encode()).hexdigest()[:16], 16) % shards + 1


def folder_of(
    plan: Plan, digest: str, settled: dict[str, Any] | None, out: Path, to: To, suffix: str, extras: frozenset[Extra],
    large: frozenset[Record], shard: Shard | None = None, stacks: dict[str, Any] | None = None,
) -> PredictionFolder:  # fmt: skip
    """The folder that takes the predictions of a run, whose weights have this digest."""
    coding = MaskCoding("class-ids", tuple((i, i) for i in range(len(plan.classes))), (), plan.classes)
    is_instance = plan.task == "instance"
    if is_instance:
        coding = MaskCoding("instances", ((0, 0),), (), plan.classes)
    return PredictionFolder(
        out, coding, weights=digest, settled=settled, to=to, suffix=suffix,
        has_table=to == "labels" and is_instance and _needs_more(plan), extras=extras, large=large, shard=shard, stacks=stacks,
    )  # fmt: skip


def _is_small(record: Record) -> bool:
    """Whether two such images may be in memory at once."""
    try:
        return record.image.stat().st_size <= SMALL_BYTES
    except OSError:
        return True  # it cannot be read anyway


def _is_never_small(record: Record) -> bool:
    """One image at a time: where one of many processes dies, it is that image which is to blame, and no other is lost."""
    return False


def _read(leases: Leases, record: Record, max_pixels: int) -> Given | None:
    """The image with its record, or why there is none: one that is bad, or too large for the memory, must not stop the rest.

    None is for one that another process is predicting.
    """
    if not leases.take(str(record.image)):
        return None
    try:
        return record, read_image(record.image, max_pixels=max_pixels)
    except NO_REASON_TO_STOP as error:
        return _failure(record, error)


def _predict(predictor: Predictor, folder: PredictionFolder, given: Given | None) -> Prediction | Failure | None:
    """What is to be written of an image, or why there is nothing."""
    if given is None or isinstance(given, Failure):
        return given
    record, image = given
    try:
        if PROBABILITIES not in folder.extras:
            return Prediction(image, predictor(image), None)
        outputs = predictor.outputs(image)
        return Prediction(image, predictor.found_in(outputs), outputs[: len(predictor.plan.classes)])
    except NO_REASON_TO_STOP as error:
        return _failure(record, error)


def _predict_large(
    predictor: Predictor, folder: PredictionFolder, record: Record, stop: threading.Event, leases: Leases, *,
    link: float | None, axes: str,
) -> Failure | None:  # fmt: skip
    """Predict an image part by part; returns why that failed. `Interrupted` is for all, and so is a full disk."""
    if folder.to != "labels":
        what = f"stacks, Zarr and images of more than {LARGE_PIXELS} pixels"
        if predictor.plan.task != "instance":
            return Failure(record.image, f"{what} are predicted into classes or objects, and not into segments of both.")
        return Failure(record.image, f"{what} are written as label images. Add --to labels.")

    def goes_on(share: float) -> bool:
        leases.renew(str(record.image))
        return not stop.is_set()

    try:
        folder.write_large(
            record, lambda path, strips: predict_large(
                predictor, record.image, path, strips_in=strips, goes_on=goes_on, link=link, axes=axes
            ),
        )  # fmt: skip
    except (ImageFileError, DataError, PlanError, MemoryError, RuntimeError) as error:
        return _failure(record, error)
    return None


def _write(folder: PredictionFolder, record: Record, made: Prediction | Failure | None) -> int | Failure | None:
    """Write the prediction and return what it lost. A format that cannot hold it must not stop the rest; a full disk must."""
    if made is None or isinstance(made, Failure):
        return made
    try:
        return folder.write(record, made)
    except MaskValueError as error:
        return Failure(record.image, str(error))


def _failure(record: Record, error: Exception) -> Failure:
    reason = str(error) or type(error).__name__
    return Failure(record.image, reason.removeprefix(f"{record.image}: "))
