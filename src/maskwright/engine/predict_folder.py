"""Predictions of any number of images: each file whole or absent, a journal of what is done, and the failures by name."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from maskwright.base.errors import Interrupted, MaskValueError, MaskwrightError, PlanError
from maskwright.data.pairing import list_images
from maskwright.data.record import Record
from maskwright.engine.predict import Predictor
from maskwright.engine.prediction_folder import PROBABILITIES, Extra, Prediction, PredictionFolder, To
from maskwright.engine.signals import stop_on_signals
from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.images import read_image
from maskwright.masks.coding import MaskCoding
from maskwright.plan.plan import Plan

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Failure:
    """An image that could not be predicted, and why."""

    image: Path
    reason: str


@dataclass(frozen=True)
class PredictionReport:
    """What was written now, what was there already, and the images that failed.

    together: the file of all objects, where there is one. hidden_pixels: of objects under others, which label images lost now.
    """

    done: tuple[Path, ...]
    skipped: tuple[Path, ...]
    failed: tuple[Failure, ...]
    together: Path | None = None
    hidden_pixels: int = 0


def predict_folder(
    predictor: Predictor,
    images: Path | str | Iterable[Path | str],
    out: Path | str,
    *,
    to: To | None = None,
    suffix: Literal[".png", ".tif"] = ".png",
    extras: Collection[Extra] = (),
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> PredictionReport:
    """Predict image files and folders of them into `out`, in the tree of their folders: `a/b.jpg` becomes `out/a/b.png`.

    Written are masks (`to` is "labels"), or each image's objects as a COCO file `out/objects/a/b.json` and at the end those of
    all as `out/instances.json` ("coco"): that where objects may have several classes or overlap, unless `to` says otherwise.
    Segments of things and stuff become a picture `out/panoptic/a/b.png`, and at the end `out/panoptic.json` says what all are.
    Where it says "labels" then, `out/objects.csv` names the class of each object, and what lies under others is lost.

    An image that fails is listed and stops nothing. Run again after an interruption it does only what is missing: done is a
    file that lies there as the journal beside it says, of the same image by the same weights and thresholds. `extras` adds
    overlays (PNG) and probabilities (float16 TIFF, classes first). Raises `DataError` before anything is written where two
    images would have one mask, where files lie in `out` that these weights did not make (unless `overwrite`), and where `out`
    is among the images; `PlanError` where the run has no objects, or no probabilities, that are asked for; `Interrupted` when
    asked to stop; `MaskwrightError` when a file cannot be written.
    """
    if PROBABILITIES in extras:
        predictor.require_maps()
    given = [Path(path) for path in ([images] if isinstance(images, Path | str) else images)]
    folder = _folder(predictor, Path(out), written_as(predictor.plan, to), suffix, frozenset(extras))
    records = list_images(given)
    folder.refuse_inputs(given, records)
    skipped = tuple(record for record in records if folder.is_done(record))
    todo = [record for record in records if record not in set(skipped)]
    if not overwrite:
        folder.refuse_foreign(todo)
    folder.describe()
    done: list[Path] = []
    failed: dict[Record, Failure] = {}
    hidden = 0
    with stop_on_signals() as stop:
        for number, record in enumerate(todo, len(skipped)):
            if progress is not None:
                progress(number, len(records))
            if stop.is_set():
                raise Interrupted(f"Stopped with {number} of {len(records)} images done. Run the same command again to go on.")
            result = _predict(predictor, record, folder, max_pixels)
            if isinstance(result, Failure):
                failed[record] = result
            else:
                hidden += result
                done.append(folder.output(record))
    folder.join(without=failed)
    if progress is not None:
        progress(len(records), len(records))
    return PredictionReport(
        tuple(done), tuple(map(folder.output, skipped)), tuple(failed.values()), folder.together, hidden
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


def _folder(predictor: Predictor, out: Path, to: To, suffix: str, extras: frozenset[Extra]) -> PredictionFolder:
    plan = predictor.plan
    coding = MaskCoding("class-ids", tuple((i, i) for i in range(len(plan.classes))), (), plan.classes)
    is_instance = plan.task == "instance"
    if is_instance:
        coding = MaskCoding("instances", ((0, 0),), (), plan.classes)
    return PredictionFolder(
        out, coding, weights=predictor.digest, settled=predictor.settled, to=to, suffix=suffix,
        has_table=to == "labels" and is_instance and _needs_more(plan), extras=extras,
    )  # fmt: skip


def _predict(predictor: Predictor, record: Record, folder: PredictionFolder, max_pixels: int) -> int | Failure:
    """Write the prediction and return what it lost, or say why there is none.

    One bad image, or one too large for the memory or the mask's format, must not stop the rest; a full disk must.
    """
    try:
        made = _prediction(predictor, record, PROBABILITIES in folder.extras, max_pixels)
    except (MaskwrightError, OSError, MemoryError, RuntimeError) as error:
        reason = str(error) or type(error).__name__
        return Failure(record.image, reason.removeprefix(f"{record.image}: "))
    try:
        return folder.write(record, made)
    except MaskValueError as error:
        return Failure(record.image, str(error))


def _prediction(predictor: Predictor, record: Record, with_probabilities: bool, max_pixels: int) -> Prediction:
    image = read_image(record.image, max_pixels=max_pixels)
    if not with_probabilities:
        return Prediction(image, predictor(image), None)
    outputs = predictor.outputs(image)
    return Prediction(image, predictor.found_in(outputs), outputs[: len(predictor.plan.classes)])
