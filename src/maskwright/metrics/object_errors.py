"""What a person would have to fix in a prediction: missed, spurious, split, merged, inexact and misnamed objects."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Int64

from maskwright.masks.overlap import object_overlaps
from maskwright.metrics.counted_objects import CountedObjects
from maskwright.metrics.matching import Matches, match

ErrorKind = Literal["missed", "spurious", "split", "merged", "inexact", "wrong class"]
KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
ANY = float(np.finfo(np.float64).tiny)  # the threshold of pairs that share a pixel


@dataclass(frozen=True)
class ObjectError:
    """One thing to fix, and the places of the true and of the predicted objects that it is about."""

    kind: ErrorKind
    true: tuple[int, ...] = ()
    predicted: tuple[int, ...] = ()


def object_errors(objects: CountedObjects, matches: Matches, shown: Bool[np.ndarray, " m"]) -> tuple[ObjectError, ...]:
    """The errors of one image by kind and place, from its matches at IoU 0.5; `shown` are the predictions that exist for them.

    An object is part of another of its class where at least half of its pixels lie in it and it is not matched with a third.
    split: a true object of which two or more predictions are part. merged: a prediction of which two or more true objects are
    part. wrong class: an unmatched true object and an unmatched prediction of another class, IoU at least 0.5. inexact: an
    unmatched true object and an unmatched prediction, in none of these, of which one is part of the other. missed and spurious:
    what is unmatched and in none of these. What counts in no score is no error.
    """
    true_left, predicted_left = ~objects.aside, shown & ~objects.excused
    predicted_left[matches.predicted] = True  # an excused prediction that hits something counts
    partner_of_true = np.full(len(true_left), -1)
    partner_of_predicted = np.full(len(predicted_left), -1)
    partner_of_true[matches.true], partner_of_predicted[matches.predicted] = matches.predicted, matches.true
    unmatched, idle = true_left & (partner_of_true < 0), predicted_left & (partner_of_predicted < 0)

    errors = _misnamed(objects, unmatched, idle)
    for error in errors:
        true_left[list(error.true)], predicted_left[list(error.predicted)] = False, False
    pairs = objects.overlaps
    pairs = pairs.among(true_left[pairs.true] & predicted_left[pairs.predicted])
    free = (partner_of_predicted[pairs.predicted] < 0) | (partner_of_predicted[pairs.predicted] == pairs.true)
    piece = (2 * pairs.pixels >= pairs.predicted_areas[pairs.predicted]) & free
    free = (partner_of_true[pairs.true] < 0) | (partner_of_true[pairs.true] == pairs.predicted)
    covered = (2 * pairs.pixels >= pairs.true_areas[pairs.true]) & free

    errors += [ObjectError("split", (of,), parts) for of, parts in _several(pairs.true[piece], pairs.predicted[piece])]
    errors += [ObjectError("merged", parts, (of,)) for of, parts in _several(pairs.predicted[covered], pairs.true[covered])]
    for error in errors:
        unmatched[list(error.true)], idle[list(error.predicted)] = False, False
    near = match(pairs.among((piece | covered) & unmatched[pairs.true] & idle[pairs.predicted]), ANY)
    errors += [ObjectError("inexact", (i,), (j,)) for i, j in zip(near.true.tolist(), near.predicted.tolist(), strict=True)]
    unmatched[near.true], idle[near.predicted] = False, False
    errors += [ObjectError("missed", (place,)) for place in np.flatnonzero(unmatched).tolist()]
    errors += [ObjectError("spurious", (), (place,)) for place in np.flatnonzero(idle).tolist()]
    return tuple(sorted(errors, key=lambda error: (KINDS.index(error.kind), error.true, error.predicted)))


def _misnamed(objects: CountedObjects, unmatched: Bool[np.ndarray, " n"], idle: Bool[np.ndarray, " m"]) -> list[ObjectError]:
    """The pairs of different classes; of one class there is no such pair left, or it would have been matched."""
    true, predicted = np.flatnonzero(unmatched), np.flatnonzero(idle)
    regions = objects.ground_truth.regions, objects.prediction.regions
    found = match(object_overlaps([regions[0][i] for i in true], [regions[1][j] for j in predicted]))
    pairs = zip(true[found.true].tolist(), predicted[found.predicted].tolist(), strict=True)
    return [ObjectError("wrong class", (i,), (j,)) for i, j in pairs]


def _several(wholes: Int64[np.ndarray, " p"], parts: Int64[np.ndarray, " p"]) -> list[tuple[int, tuple[int, ...]]]:
    """Each whole of two parts or more, and its parts."""
    values, counts = np.unique(wholes, return_counts=True)
    several = values[counts > 1].tolist()
    return [(whole, tuple(np.sort(parts[wholes == whole]).tolist())) for whole in several]
