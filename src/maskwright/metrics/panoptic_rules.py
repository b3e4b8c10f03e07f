"""The rule behind every score of panoptic maps, in plain words, and what warns about the scores."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64

from maskwright.metrics.matching import MatchCounts
from maskwright.metrics.scores import too_few
from maskwright.metrics.semantic import ALL

THINGS, STUFF, SEGMENTS = "thing classes", "stuff classes", "all segments"
MEANS = (ALL, THINGS, STUFF)
NUMBERS = ("hits", "spurious", "missed")  # facts about these images, which have no interval

FORMULAS = {
    "PQ": "panoptic quality, the IoU of the hits / (hits + half of spurious and missed segments)",
    "SQ": "segmentation quality, the mean IoU of the hits, 0 where there is none",
    "RQ": "recognition quality, hits / (hits + half of spurious and missed segments)",
    "hits": "pairs of a true and a predicted segment of one class (TP)",
    "spurious": "predicted segments that are in no hit (FP)",
    "missed": "true segments that are in no hit (FN)",
}
COUNTED = (
    "A hit has one class and an IoU above 0.5, void pixels of the ground truth left out. Crowds, and predictions that lie "
    "mostly on void or in a crowd of their class, out."
)


def rule_of(metric: str, subject: str) -> str:
    """What was counted and what was left out; in full for the panoptic quality, which the others refer to."""
    if subject in (THINGS, STUFF):
        return f"The mean over the {subject} in any image, true or predicted; else as for all classes."
    if metric == "iou":
        rule = (
            "hits / pixels that are true or predicted, all images together, whatever segments they are in; void out, crowds in."
        )
    elif metric == "PQ":
        rule = f"{FORMULAS[metric]}, all images together. {COUNTED}"
    else:
        rule = f"{FORMULAS[metric]}; counted as for PQ."
    return f"The mean over the classes in any image, true or predicted, of: {rule}" if subject == ALL else _opened(rule)


def _opened(rule: str) -> str:
    return f"{rule[0].upper()}{rule[1:]}"


def warnings_of(
    counts: MatchCounts, truth: Float64[np.ndarray, " k"], names: Mapping[int, str], images: int
) -> tuple[str, ...]:
    """What a reader of the numbers should know before believing them.

    counts: of all images together, by class. truth: true pixels of each class. names: the classes that are scored, by id.
    """
    true, predicted = counts.hits + counts.missed, counts.hits + counts.spurious
    if not truth.sum():
        return ("Every pixel of the ground truth is void: nothing can be measured.",)
    found = {
        "In no ground truth and no prediction, so in no mean": [i for i in names if not true[i] and not predicted[i]],
        "In no ground truth, yet predicted; the scores are 0 and count so in means": [
            i for i in names if not true[i] and predicted[i]
        ],
        "Never predicted, though in the ground truth": [i for i in names if true[i] and not predicted[i]],
    }
    warnings = [f"{what}: {_listed([names[i] for i in ids])}." for what, ids in found.items() if ids]
    return (*warnings, *too_few(images))


def _listed(names: list[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more classes" if len(names) > most else ""
    return ", ".join(f"'{name}'" for name in names[:most]) + more
