"""Objects that were found, and what is wrong with the others, drawn over their image."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from maskwright.masks.convert import to_instances
from maskwright.masks.draw_objects import Color, Stroke, draw, magnified, outlined
from maskwright.masks.region import Region
from maskwright.masks.types import Segmentation
from maskwright.metrics.instance_tally import tally
from maskwright.metrics.object_errors import KINDS, ErrorKind, ObjectError

FOUND: Color = (86, 180, 233)
# Okabe and Ito's colours, far apart for every kind of colour sight; what is found has the calm one that is left.
ERROR_COLORS: dict[ErrorKind, Color] = {
    "missed": (240, 228, 66),
    "spurious": (213, 94, 0),
    "split": (204, 121, 167),
    "merged": (0, 158, 115),
    "inexact": (230, 159, 0),
    "wrong class": (0, 114, 178),
}
REMEDIES: dict[ErrorKind, str] = {
    "missed": "a true object without a prediction: draw it",
    "spurious": "a prediction where there is no object: delete it",
    "split": "an object with two predictions or more: join them",
    "merged": "a prediction over two objects or more: cut it",
    "inexact": "found, with an IoU below 0.5: redraw its outline",
    "wrong class": "found, and called by another name: rename it",
}
PAINTED = 0.4  # of the colour of each object where all are shown: the picture is small
DARKENED = 0.85  # of the image's brightness under errors, so that colours stand out on bright images, too


@dataclass(frozen=True)
class ObjectPicture:
    """One image with its objects: each in its own colour, or what is right in a calm one and what is wrong by its kind."""

    truth: UInt8[np.ndarray, "h w 3"]
    prediction: UInt8[np.ndarray, "h w 3"]
    errors: UInt8[np.ndarray, "h w 3"]
    counts: dict[str, int]  # 'found', then each kind that occurs, the most frequent first


def object_picture(
    image: UInt8[np.ndarray, "h w 3"], ground_truth: Segmentation, prediction: Segmentation, *, longest: int
) -> ObjectPicture:
    """Drawn so that lines are about one pixel wide once the image is `longest` pixels long; small images are made larger."""
    true, predicted = to_instances(ground_truth), to_instances(prediction)
    errors = tally(true, predicted).errors
    factor = max(longest // max(image.shape[:2]), 1)
    line = max(round(max(image.shape[:2]) / longest), 1)
    large = image.repeat(factor, axis=0).repeat(factor, axis=1)
    true, predicted = magnified(true, factor), magnified(predicted, factor)
    gray = np.rint(large.mean(axis=2, keepdims=True) * DARKENED).astype(np.uint8)
    return ObjectPicture(
        truth=outlined(large, true, line=2 * line, fill=PAINTED),
        prediction=outlined(large, predicted, line=2 * line, fill=PAINTED),
        errors=draw(np.broadcast_to(gray, large.shape), _strokes(errors, true.regions, predicted.regions, line)),
        counts=_counts(errors, len(predicted)),
    )


def _strokes(errors: Iterable[ObjectError], true: Sequence[Region], predicted: Sequence[Region], line: int) -> Iterable[Stroke]:
    """Found predictions as thin lines below; of each error the prediction filled, and over it what is true as a dashed line."""
    errors = list(errors)
    wrong = {place for error in errors for place in error.predicted}
    yield Stroke(regions=[region for place, region in enumerate(predicted) if place not in wrong], color=FOUND, line=line)
    for kind in reversed(KINDS):
        of_kind = [error for error in errors if error.kind == kind]
        color = ERROR_COLORS[kind]
        seen = [predicted[place] for error in of_kind for place in error.predicted]
        yield Stroke(regions=seen, color=color, fill=0.35, line=2 * line)
        there = [true[place] for error in of_kind for place in error.true]
        if kind == "missed":
            yield Stroke(regions=there, color=color, fill=0.15, line=2 * line, dashed=True)
        else:
            yield Stroke(regions=there, color=(255, 255, 255), line=line, dashed=True)


def _counts(errors: Iterable[ObjectError], predicted: int) -> dict[str, int]:
    errors = list(errors)
    wrong = {place for error in errors for place in error.predicted}
    kinds = {kind: sum(error.kind == kind for error in errors) for kind in KINDS}
    often = sorted((kind for kind in KINDS if kinds[kind]), key=lambda kind: -kinds[kind])
    return {"found": predicted - len(wrong), **{kind: kinds[kind] for kind in often}}
