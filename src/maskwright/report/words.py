"""Scores, names and amounts in words that a person reads."""

import math
from typing import Any

from maskwright.metrics import instance as objects
from maskwright.metrics import panoptic_rules as segments
from maskwright.metrics.instance import AP50
from maskwright.metrics.instance_rules import CLASSES, COCO, OBJECTS
from maskwright.metrics.panoptic_rules import SEGMENTS, STUFF, THINGS
from maskwright.metrics.scores import Score, Scores
from maskwright.metrics.semantic import ALL, FOREGROUND

MEANINGS = {
    "dice": "twice the pixels that prediction and ground truth share, divided by the pixels of both",
    "iou": "the pixels that prediction and ground truth share, divided by all that either covers",
    "pixel accuracy": "the share of all pixels whose class is right",
    "precision": "the share of predicted pixels that are right",
    "recall": "the share of true pixels that were found",
    AP50: "objects that were found, divided by found, spurious and missed ones",
    "PQ": "how well segments are outlined where they are found, times how well they are found",
}
COUNTED = (*objects.NUMBERS, *segments.NUMBERS)  # metrics that are numbers of things
PARTS = {
    "test": "held-out test image",
    "val": "validation image",
    "train": "training image",
    "": "image",
}
PART_WARNINGS = {
    "train": "These scores are of the images that the network was trained on. They say nothing about new images: "
    "score a part that was held out.",
    "val": "These images also chose the best weights, so the numbers flatter a little. A test part that was never looked at "
    "would settle it.",
}
NOT_MEASURABLE = "in neither the ground truth nor the prediction of any image"
NO_TRUE_OBJECT = "no true object of this kind and size in any image"

SPLIT_METHODS = {
    "groups": "groups that stay together",
    "images": "whole images",
    "blocks": "blocks of few images, with a guard band between them",
    "file": "a split file",
    "none": "nothing: there was too little to hold out",
}


def title_of(metric: str) -> str:
    """A metric's name as a heading."""
    title = metric[:1].upper() + metric[1:]
    return f"IoU{title[3:]}" if title.startswith("Iou") else title


def number(value: float | None) -> str:
    """Three decimals, or three digits from 10 on; 'n/a' where nothing can be measured."""
    if value is None or math.isnan(value):
        return "n/a"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.3g}"


def value_of(score: Score) -> str:
    """A score's value as `number` has it; how many objects there are is a whole number."""
    return f"{score.value:,.0f}" if score.metric in COUNTED else number(score.value)


def signed(difference: float) -> str:
    """A difference with its sign and three decimals; 'n/a' where nothing can be measured."""
    return "n/a" if math.isnan(difference) else f"{difference:+z.3f}" if difference else "0"


def interval_of(score: Score) -> str:
    """The 95 % interval, or why there is none."""
    if math.isnan(score.low) or math.isnan(score.high):
        return "needs 2 images" if score.images < 2 else "n/a"
    return f"{number(score.low)} to {number(score.high)}"


def why_no_value(score: Score) -> str:
    """Why a score could not be measured."""
    return NO_TRUE_OBJECT if score.metric.endswith(COCO) or score.metric == "relative count error" else NOT_MEASURABLE


def measure(metric: str, subject: str) -> str:
    """What a number measures: "Dice of 'cell'" or 'mean IoU of all classes'."""
    if subject in (THINGS, STUFF):
        return f"mean {title_of(metric)} of the {subject}"
    if subject == SEGMENTS:
        return f"{title_of(metric)} of all segments"
    if subject in (OBJECTS, CLASSES):
        return f"{title_of(metric)} of all objects" if subject == OBJECTS else f"mean {title_of(metric)} of the classes"
    if subject in (ALL, FOREGROUND):
        return f"mean {title_of(metric)} of {'all' if subject == ALL else 'the foreground'} classes"
    return f"{title_of(metric)} of '{shortened(subject, 60)}'"


def headline(scores: Scores, part: str) -> str:
    """What the headline number is, how sure it is, and what knowing nothing would score."""
    row = scores.headline_row
    where = counted(row.images, PARTS[part])
    if math.isnan(row.value):
        return f"Nothing could be measured on {where}: what counts is {NOT_MEASURABLE}."
    meaning = f" ({MEANINGS[row.metric]})" if row.metric in MEANINGS else ""
    sentence = f"On {where}, the {measure(row.metric, row.subject)}{meaning} is {number(row.value)}."
    if not math.isnan(row.low):
        sentence += f" On other images like these it would likely lie between {number(row.low)} and {number(row.high)}."
    if not math.isnan(row.baseline):
        verdict = "more" if row.value > row.baseline else "no more"
        sentence += f" That is {verdict} than the {number(row.baseline)} of a prediction that knows nothing: {scores.baseline}."
    return sentence


def amount(value: Any) -> str:
    """A value of a plan or an environment: short lists in a row, numbers without a tail, None as 'none'."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(amount(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {amount(item)}" for key, item in value.items())
    return str(value)


def counted(images: int, kind: str = "image") -> str:
    """'1 image' or '12 images'."""
    return f"{images} {kind}{'' if images == 1 else 's'}"


def share(value: float) -> str:
    """A share in per cent; what is there is never written as 0 %, and what is missing never as 100 %."""
    percent = 100 * value
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.1f} %"


def grouped(count: int) -> str:
    """A count with its digits in threes."""
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def rounded(count: int | None) -> str:
    """A large count in two digits or more: 713, 12 k, 1.9 M; 'n/a' where it is not known."""
    if count is None:
        return "n/a"
    size, unit = (1e6, " M") if count >= 999_500 else (1e3, " k") if count >= 1000 else (1, "")
    return f"{count / size:.1f}{unit}" if unit and count < 9.95 * size else f"{count / size:.0f}{unit}"


def duration(seconds: float) -> str:
    """Seconds below two minutes, then minutes, then hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def shortened(name: str, length: int) -> str:
    """A name of at most `length` characters; what is cut from its middle is marked by an ellipsis."""
    if len(name) <= length:
        return name
    tail = (length - 1) // 3
    return f"{name[: length - 1 - tail]}…{name[len(name) - tail :]}"


def printable(text: str) -> str:
    """The text without what UTF-8 cannot hold (halves of characters from file names of another encoding)."""
    return text.encode("utf-8", "replace").decode("utf-8")
