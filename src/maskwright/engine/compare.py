"""Two folders of masks, or two data sets, scored against each other: no network, no torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.data.coding import CodingError, CodingOptions, MaskHistogram, check_known, histogram, infer
from maskwright.data.dataset import DataSet
from maskwright.data.pairing import Pairing, pair
from maskwright.data.record import Record
from maskwright.engine.compare_objects import compare_objects, tells_objects
from maskwright.engine.reading import Reading
from maskwright.formats import native, read_mask
from maskwright.formats.content import MAX_PIXELS
from maskwright.masks.coding import MaskCoding
from maskwright.masks.convert import to_instances, to_label_map
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segmentation
from maskwright.metrics import instance, panoptic, semantic
from maskwright.metrics.instance_tally import InstanceTally, tally
from maskwright.metrics.panoptic import PanopticTally
from maskwright.metrics.rules import Convention, conventions
from maskwright.metrics.scores import Scores

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Comparison:
    """The scores, what other libraries would print, how the masks were read, and what is in no score with the reason.

    background: the class that foreground means leave out; None where every class is real.
    """

    scores: Scores
    background: int | None
    conventions: tuple[Convention, ...]
    words: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Pair:
    """Two masks of one size, and the values in them."""

    id: str
    truth: Path
    prediction: Path
    truth_values: MaskHistogram
    prediction_values: MaskHistogram


def compare_readings(ground_truth: Reading, prediction: Reading, *, progress: Progress | None = None) -> Comparison:
    """Score a prediction as it lies, masks or objects in annotations, against its ground truth.

    Raises as `compare` does for masks, and as `compare_objects` does where one side holds objects in annotations.
    """
    if not any(map(tells_objects, (ground_truth, prediction))):
        return compare(
            ground_truth.path, prediction.path,
            options=ground_truth.coding, max_pixels=ground_truth.max_pixels, progress=progress,
        )  # fmt: skip
    found = compare_objects(ground_truth, prediction, progress=progress)
    return Comparison(found.scores, found.background, (), found.words, found.left_out)


def compare(
    ground_truth: Path,
    prediction: Path,
    *,
    options: CodingOptions | None = None,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> Comparison:
    """Score the masks of one folder against those of the same names in another.

    Label images on both sides are scored by their objects, all else by its pixels.
    The ground truth says what the classes are, by its dataset.json, by `options`, or by what its values show; a prediction may
    mark two classes by other values (0/255 and 0/1). Masks without a partner, of another size or unreadable are left out and
    listed. Raises `DataError` where nothing can be compared and `CodingError` where the values do not mean the same classes.
    """
    pairing = pair(ground_truth, prediction, image_glob="*", mask_glob="*")
    records, left_out = _partners(pairing, prediction)
    pairs: list[_Pair] = []
    for done, record in enumerate(records, 1):
        found = _read(record, max_pixels)
        if isinstance(found, _Pair):
            pairs.append(found)
        else:
            left_out.append(found)
        if progress is not None:
            progress(done, len(records))
    if not pairs:
        first = f" The first of {len(left_out)} reasons: {left_out[0]}" if left_out else ""
        raise DataError(f"{ground_truth} and {prediction}: no two masks can be compared.{first}")
    truth, other, words = _codings(ground_truth, prediction, pairs, options or CodingOptions())
    words = (f"{len(pairs)} pairs of masks", *pairing.notes, *words)
    background = truth.classes.background
    if truth.kind == other.kind == "instances":
        return Comparison(_object_scores(pairs, truth, other, max_pixels), background, (), words, tuple(left_out))
    tables = []
    for each in pairs:
        expected, seen = map(to_label_map, _decoded(each, truth, other, max_pixels))
        tables.append(semantic.table_of(expected, LabelMap(seen.ids, truth.classes), id=each.id))
    scores = semantic.score(tables, [each.id for each in pairs], truth.classes, background=background)
    every_rule = conventions(tables) if len(truth.classes) > 1 else ()
    return Comparison(scores, background, every_rule, words, tuple(left_out))


def _decoded(
    each: _Pair, truth: MaskCoding, other: MaskCoding, max_pixels: int
) -> tuple[LabelMap | Instances, LabelMap | Instances]:
    sides = ((truth, each.truth), (other, each.prediction))
    expected, seen = (coding.decode(read_mask(path, max_pixels=max_pixels), path) for coding, path in sides)
    return expected, seen


def _object_scores(pairs: Sequence[_Pair], truth: MaskCoding, other: MaskCoding, max_pixels: int) -> Scores:
    """Of label images, whose objects all are of one class."""
    tallies = []
    for each in pairs:
        expected, seen = map(to_instances, _decoded(each, truth, other, max_pixels))
        tallies.append(tally(expected, replace(seen, classes=truth.classes), id=each.id))
    return instance.scores([each.id for each in pairs], tallies, truth.classes)


def score(ground_truth: DataSet, prediction: DataSet) -> Scores:
    """Score one data set against another with the same images: segments where both are panoptic, objects where both hold
    objects (those of a panoptic one are its things), else pixels.

    Raises `DataError` where images of the ground truth have no prediction, and `MaskValueError` where sizes or classes differ.
    """
    place = {record.id: index for index, record in enumerate(prediction.records) if record.mask is not None}
    wanted = [index for index, record in enumerate(ground_truth.records) if record.mask is not None]
    missing = [ground_truth.records[index].id for index in wanted if ground_truth.records[index].id not in place]
    if missing:
        raise DataError(
            f"{prediction.root}: {len(missing)} of {len(wanted)} images have no prediction: {', '.join(missing[:5])}. "
            "Predict them, or leave them out of the ground truth."
        )
    ids = [ground_truth.records[index].id for index in wanted]
    sides = (
        (_segmentation(ground_truth, index), _segmentation(prediction, place[id]))
        for index, id in zip(wanted, ids, strict=True)
    )
    tallies = [_tally(*both, id=id) for both, id in zip(sides, ids, strict=True)]  # all of one kind, since each data set is
    classes, first = ground_truth.classes, tallies[0] if tallies else None
    if isinstance(first, PanopticTally):
        return panoptic.scores(ids, tallies, classes)
    if isinstance(first, InstanceTally):
        return instance.scores(ids, tallies, classes)
    return semantic.score(tallies, ids, classes, background=classes.background)


def _tally(expected: Segmentation, seen: Segmentation, *, id: str) -> Any:
    """What an image adds to the scores of the kind that both sides can be brought to; a label map tells no objects."""
    if isinstance(expected, Panoptic) and isinstance(seen, Panoptic):
        return panoptic.tally(expected, seen, id=id)
    if isinstance(expected, LabelMap) or isinstance(seen, LabelMap):
        return semantic.table_of(to_label_map(expected), to_label_map(seen), id=id)
    return tally(to_instances(expected), to_instances(seen), id=id)


def _segmentation(data: DataSet, index: int) -> Segmentation:
    segmentation = data[index].segmentation
    assert segmentation is not None  # only records with masks come here
    return segmentation


def _partners(pairing: Pairing, prediction: Path) -> tuple[list[Record], list[str]]:
    """Records whose image is the ground truth and whose mask is the prediction, and what has no partner, in words."""
    outside = native.beside_masks(prediction)

    def is_mask(path: Path) -> bool:
        return not any(path.is_relative_to(folder) for folder in outside)

    records = [record for record in pairing.pairs if record.mask is not None and is_mask(record.mask)]
    alone = [*pairing.images_without_mask, *(record for record in pairing.pairs if record not in records)]
    left_out = [f"{record.image}: there is no prediction for this mask." for record in alone]
    left_out += [f"{path}: there is no ground truth for this mask." for path in pairing.masks_without_image if is_mask(path)]
    left_out += [f"{' and '.join(map(str, same))} have one name or claim one mask." for same in pairing.ambiguous]
    left_out += [f"{path}: {what}." for path, what in pairing.broken]
    return records, left_out


def _read(record: Record, max_pixels: int) -> _Pair | str:
    """Both masks' values, or why they cannot be compared."""
    assert record.mask is not None
    try:
        truth, prediction = (read_mask(path, max_pixels=max_pixels) for path in (record.image, record.mask))
    except MaskwrightError as error:
        return str(error)
    if truth.size_hw != prediction.size_hw:
        return (
            f"{record.mask}: the prediction is {_size(prediction.size_hw)} pixels, its ground truth {record.image} "
            f"{_size(truth.size_hw)}. A mask is never resized for a score: write it in the pixel grid of its image."
        )
    return _Pair(record.id, record.image, record.mask, histogram(truth, record.image), histogram(prediction, record.mask))


def _size(size_hw: tuple[int, int]) -> str:
    return f"{size_hw[1]} x {size_hw[0]}"


def _codings(
    ground_truth: Path, prediction: Path, pairs: Sequence[_Pair], options: CodingOptions
) -> tuple[MaskCoding, MaskCoding, tuple[str, ...]]:
    """What the values mean on either side, and how that is known. Raises `CodingError` where it is not the same classes."""
    values = [each.prediction_values for each in pairs]
    declared = _declared(prediction, values)
    truth, how = _truth(ground_truth, [each.truth_values for each in pairs], options, declared)
    other, other_how = (declared, f"as its {native.NAME} says") if declared else _prediction(prediction, values, options, truth)
    seen, expected = other.classes.names, truth.classes.names
    if seen != expected if declared else len(seen) != len(expected):
        what = f"The ground truth has the classes {', '.join(expected)}, the prediction {', '.join(seen)}."
        raise _differ(prediction, what)
    return truth, other, (f"ground truth: {how}", f"prediction: {other_how}")


def _truth(
    folder: Path, values: Sequence[MaskHistogram], options: CodingOptions, declared: MaskCoding | None
) -> tuple[MaskCoding, str]:
    """The ground truth's coding and how it is known. Where nobody says its classes, those that a prediction declares count,
    since the highest class may be in no mask."""
    own = _declared(folder, values)
    if own is not None and options == CodingOptions():
        return own, f"as its {native.NAME} says"
    if declared is not None and options.class_names is None and not options.colors:
        try:
            inference = infer(values, replace(options, class_names=declared.classes.names))
            return inference.coding, "; ".join((*inference.words, *inference.doubts))
        except CodingError:
            pass  # other classes than the prediction's: what they are is said below
    inference = infer(values, options)
    return inference.coding, "; ".join((*inference.words, *inference.doubts))


def _prediction(
    folder: Path, values: Sequence[MaskHistogram], options: CodingOptions, truth: MaskCoding
) -> tuple[MaskCoding, str]:
    """The ground truth's coding where it knows all values; else, where there are two classes, that of the values themselves."""
    try:
        check_known(values, truth)
        return truth, "read in the same way"
    except CodingError as error:
        if len(truth.classes) > 2:  # which value is which class cannot be known
            raise _differ(folder, error.message) from error
    inference = infer(values, options)
    return inference.coding, "; ".join((*inference.words, *inference.doubts))


def _declared(folder: Path, values: Sequence[MaskHistogram]) -> MaskCoding | None:
    """What a dataset.json in the folder says its values mean."""
    if not native.is_native(folder):
        return None
    coding = native.read_native(folder)
    check_known(values, coding)
    return coding


def _differ(prediction: Path, what: str) -> CodingError:
    return CodingError(
        "different-classes",
        f"{prediction}: the prediction does not fit the classes of the ground truth. {what}",
        "Write the prediction with the ground truth's values, or say what both mean with --class-names or --ignore.",
        [prediction],
    )
