"""Which segments were found, and what is wrong with the others, drawn over their image."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32, Int64, UInt8

from maskwright.masks.draw import IGNORED, MISTAKES
from maskwright.masks.draw_objects import Color
from maskwright.masks.regions import boundaries, distinct
from maskwright.masks.types import Panoptic
from maskwright.metrics.object_errors import ErrorKind
from maskwright.metrics.segments import VOID, MatchedSegments, match_segments
from maskwright.report.object_pictures import DARKENED, ERROR_COLORS, FOUND

FOUND_FILL, ERROR_FILL = 0.25, 0.6  # what is right is calm, so that errors show
KINDS: tuple[ErrorKind, ...] = ("missed", "spurious", "wrong class", "inexact")
SEGMENT_COLORS: dict[ErrorKind, Color] = {kind: MISTAKES.get(kind, ERROR_COLORS[kind]) for kind in KINDS}
MEANINGS: dict[ErrorKind, str] = {
    "missed": "a true segment without a prediction",
    "spurious": "a predicted segment that is none",
    "wrong class": "found, and called by another name",
    "inexact": "where a segment that was found has other borders",
}


@dataclass(frozen=True)
class SegmentPicture:
    """One image with what is right in a calm colour and what is wrong by its kind; and how many segments are which."""

    errors: UInt8[np.ndarray, "h w 3"]
    counts: dict[str, int]  # 'found', then each kind of wrong segment that occurs


def segment_picture(image: UInt8[np.ndarray, "h w 3"], ground_truth: Panoptic, prediction: Panoptic) -> SegmentPicture:
    """Every pixel by what became of its true and of its predicted segment, and lines around the segments that are wrong."""
    matched = match_segments(ground_truth, prediction)
    kinds = _kinds(matched)
    true_places, predicted_places = (distinct(side.segment_ids)[1] for side in (ground_truth, prediction))
    outcomes = kinds[true_places, predicted_places]
    colors = np.array([(0, 0, 0), FOUND, *SEGMENT_COLORS.values(), IGNORED], np.float32)
    strength = np.array([0, FOUND_FILL, *[ERROR_FILL] * len(KINDS), ERROR_FILL], np.float32)[outcomes]
    rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    strength[(outcomes == len(KINDS) + 2) & ((rows + columns) % 8 < 4)] = 0
    lines = _lines(matched, true_places, predicted_places)
    outcomes = np.where(lines > 0, lines, outcomes)
    strength[lines > 0] = 1
    gray = image.mean(axis=2, keepdims=True) * DARKENED
    drawn = gray + (colors[outcomes] - gray) * strength[:, :, None]
    return SegmentPicture(np.rint(drawn).astype(np.uint8), _counts(matched))


def _kinds(matched: MatchedSegments) -> Int64[np.ndarray, "n m"]:
    """The outcome of pixels by the places of their true and predicted segments: 1 found, then `KINDS`, at last ignored."""
    found, missed, spurious, wrong_class, inexact, ignored = range(1, 7)
    true, predicted = matched.true, matched.predicted
    is_missed, is_spurious = _marks(len(true.ids), matched.missed), _marks(len(predicted.ids), matched.spurious)
    kinds = np.full((len(true.ids), len(predicted.ids)), inexact)
    kinds[:, is_spurious] = spurious
    kinds[is_missed] = missed
    kinds[tuple(matched.misnamed.T)] = wrong_class
    kinds[tuple(matched.hits.T)] = found
    kinds[(true.class_ids == VOID) | true.is_crowd] = ignored
    return kinds


def _lines(
    matched: MatchedSegments, true: Int32[np.ndarray, "h w"], predicted: Int32[np.ndarray, "h w"]
) -> Int64[np.ndarray, "h w"]:
    """Where the borders of wrong segments run, by their kind as in `_kinds`; 0 elsewhere."""
    missed, spurious, wrong_class = range(2, 5)
    lines = np.zeros(true.shape, np.int64)
    for kind, places, wrong in (
        (spurious, predicted, matched.spurious),
        (missed, true, matched.missed),
        (wrong_class, predicted, matched.misnamed[:, 1]),
    ):
        inside = _marks(int(places.max(initial=0)) + 1, wrong)[places]
        lines[boundaries(np.where(inside, places, -1)) & inside] = kind
    return lines


def _marks(size: int, places: Int64[np.ndarray, " p"]) -> Bool[np.ndarray, " n"]:
    marks = np.zeros(size, bool)
    marks[places] = True
    return marks


def _counts(matched: MatchedSegments) -> dict[str, int]:
    """What has another name is one thing to fix, though it is missed and spurious to a score."""
    misnamed = len(matched.misnamed)
    wrong = {
        "missed": len(matched.missed) - misnamed,
        "spurious": len(matched.spurious) - misnamed,
        "wrong class": misnamed,
    }
    return {"found": len(matched.hits), **{kind: count for kind, count in wrong.items() if count}}
