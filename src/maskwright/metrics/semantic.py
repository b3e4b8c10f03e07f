"""Pixel accuracy, Dice and IoU of label maps, pooled and per image, each with the rule that made it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from maskwright.base.errors import DataError, MaskValueError
from maskwright.masks.classes import Classes
from maskwright.masks.overlap import class_table
from maskwright.masks.types import LabelMap
from maskwright.metrics.counts import Counts, mean, mean_of_images
from maskwright.metrics.scores import Score, Scores, bootstrap_weights, interval, too_few

ALL = "all classes"
FOREGROUND = "foreground mean"

TRAP_ACCURACY, TRAP_DICE, TRAP_MARGIN = 0.95, 0.5, 0.02  # what looks good, what is not, and how near to knowing nothing


def table_of(ground_truth: LabelMap, prediction: LabelMap, *, id: str) -> Int64[np.ndarray, "k k1"]:
    """What one image adds to the scores: its class table. Raises `MaskValueError` with the image's id when they do not fit."""
    expected, seen = ground_truth.classes.names, prediction.classes.names
    if seen != expected:
        raise MaskValueError(
            f"{id}: the ground truth has the classes {', '.join(expected)}, the prediction {', '.join(seen)}. "
            f"Give both the same classes in the same order, with --class-names or in a dataset.json beside the masks."
        )
    try:
        return class_table(ground_truth.ids, prediction.ids, len(expected))
    except MaskValueError as error:
        raise MaskValueError(f"{id}: {error}") from error


def headline_of(classes: Classes, background: int | None) -> str:
    """The number that stands for the rest: Dice of the one foreground class, or the mean Dice of several.

    Where every class is real (no background), the mean IoU of all classes, as for street scenes.
    """
    foreground = _foreground(classes, background)
    if background is None or not foreground:
        return f"iou/{ALL}"
    return f"dice/{classes[foreground[0]].name}" if len(foreground) == 1 else f"dice/{FOREGROUND}"


def score(
    tables: Sequence[Int64[np.ndarray, "k k1"]],
    ids: Sequence[str],
    classes: Classes,
    *,
    background: int | None = 0,
    draws: int = 1000,
    seed: int = 0,
) -> Scores:
    """Score images from their class tables. `Classes.background` says which class, if any, that is.

    Every row holds a number, its 95 % interval (bootstrap over images), its rule, and what the same rule gives to a baseline
    that knows nothing: background everywhere or, without a background, the most frequent class everywhere. `ignore` counts
    nowhere; pixels that were not predicted count as wrong. Raises `DataError` when there is no image.
    """
    if not tables:
        raise DataError("There is no image to score: none has both a ground truth and a prediction.")
    table = np.stack(tables)
    images = Counts.of(table)
    once = np.ones((1, len(tables)))
    plain = int(images.truth.sum(axis=0).argmax()) if background is None else background
    know_nothing = np.zeros_like(table)
    know_nothing[:, :, plain] = table.sum(axis=2)

    foreground = _foreground(classes, background)
    baselines = values_of(Counts.of(know_nothing), once, classes, background)
    resampled = values_of(images, bootstrap_weights(len(tables), draws=draws, seed=seed), classes, background)
    rows = []
    for (metric, subject), value in values_of(images, once, classes, background).items():
        low, high = interval(resampled[metric, subject]) if len(tables) > 1 else (float("nan"), float("nan"))
        rows.append(
            Score(
                metric=metric,
                subject=subject,
                value=float(value[0]),
                low=low,
                high=high,
                baseline=float(baselines[metric, subject][0]),
                rule=_rule(metric, subject, None if background is None else classes[background].name),
                images=_measured(images, metric, subject, classes),
            )
        )
    headline = headline_of(classes, background)
    everywhere = f"'{classes[plain].name}' everywhere"
    return Scores(
        rows=tuple(rows),
        warnings=_warnings(images.pooled(once), Counts.of(know_nothing).pooled(once), classes, background, len(tables)),
        class_names=classes.names,
        table=tuple(tuple(row) for row in table.sum(axis=0).tolist()),
        per_image=_per_image(images, ids, classes, foreground, headline),
        headline=headline,
        baseline=everywhere if background is not None else f"{everywhere}, the most frequent class",
    )


def values_of(
    images: Counts, weights: Float64[np.ndarray, "m n"], classes: Classes, background: int | None
) -> dict[tuple[str, str], Float64[np.ndarray, " m"]]:
    """The value of every (metric, subject), in the order of the rows, for each weighting of the images."""
    pooled, foreground = images.pooled(weights), _foreground(classes, background)
    values = {
        ("pixel accuracy", ALL): pooled.accuracy,
        ("pixel accuracy per image", ALL): mean_of_images(images.accuracy[:, None], weights)[:, 0],
    }
    by_metric = {
        "dice": pooled.dice,
        "dice per image": mean_of_images(images.dice, weights),
        "iou": pooled.iou,
        "iou per image": mean_of_images(images.iou, weights),
    }
    for metric, of_class in by_metric.items():
        values |= {(metric, subject): value for subject, value in _subjects(of_class, classes, foreground).items()}
    return values


def _foreground(classes: Classes, background: int | None) -> list[int]:
    return [] if background is None else [i for i in range(len(classes)) if i != background]


def _subjects(
    of_class: Float64[np.ndarray, "m k"], classes: Classes, foreground: list[int]
) -> dict[str, Float64[np.ndarray, " m"]]:
    """The value of each class, and their means; the mean of a single foreground class would only repeat it."""
    subjects = {name: of_class[:, i] for i, name in enumerate(classes.names)}
    if len(foreground) > 1:
        subjects[FOREGROUND] = mean(of_class[:, foreground])
    subjects[ALL] = mean(of_class)
    return subjects


def _measured(images: Counts, metric: str, subject: str, classes: Classes) -> int:
    """How many images stand behind a row: those where it can be measured if it is a mean of images, else all."""
    if not metric.endswith("per image") or subject not in classes.names:
        return len(images.truth)
    i = classes.names.index(subject)
    return int(np.count_nonzero(images.truth[:, i] + images.predicted[:, i]))


def _rule(metric: str, subject: str, background: str | None) -> str:
    """What was counted and what was left out, in plain words."""
    formula = {
        "pixel accuracy": "pixels whose class is right / all pixels",
        "dice": "2 x hits / (true pixels + predicted pixels)",
        "iou": "hits / pixels that are true or predicted",
    }[metric.removesuffix(" per image")]
    if metric.endswith(" per image"):
        rule = f"Each image by itself, then the mean over images: {formula}."
        empty = " An image with the class in neither is left out; with the class in one alone it counts 0."
    else:
        rule = f"The pixels of all images counted together: {formula}."
        empty = " A class in neither is not measurable; in one alone it scores 0."
    if metric.startswith("pixel accuracy"):
        return f"{rule} Background in, ignored pixels out."
    if subject in (ALL, FOREGROUND):
        which = f"'{background}' out" if subject == FOREGROUND else "background in" if background else "every one real"
        rule = f"The mean over the classes ({which}; what is not measurable left out) of: {rule[0].lower()}{rule[1:]}"
    return f"{rule}{empty} Ignored pixels out."


def _warnings(pooled: Counts, know_nothing: Counts, classes: Classes, background: int | None, images: int) -> tuple[str, ...]:
    """What a reader of the numbers should know before believing them."""
    warnings = []
    if pooled.truth.sum() == 0:
        return ("Every pixel of the ground truth is ignored: nothing can be measured.",)
    accuracy, plain_accuracy, dice = float(pooled.accuracy[0]), float(know_nothing.accuracy[0]), pooled.dice[0]
    judged = _foreground(classes, background) or list(range(len(classes)))
    poor = [i for i in judged if pooled.truth[0, i] > 0 and dice[i] < TRAP_DICE]
    if accuracy >= TRAP_ACCURACY and (poor or accuracy - plain_accuracy < TRAP_MARGIN):
        plain = classes[int(know_nothing.predicted[0].argmax())].name
        seen = ", ".join(f"the Dice of '{classes[i].name}' is {dice[i]:.3f}" for i in poor)
        warnings.append(
            f"Pixel accuracy misleads here: it is {accuracy:.3f}, {f'but {seen}' if poor else 'which says little'}. "
            f"Calling every pixel '{plain}' would have the accuracy {plain_accuracy:.3f}. Judge by Dice or IoU."
        )
    for i, name in enumerate(classes.names):
        true, predicted = int(pooled.truth[0, i]), int(pooled.predicted[0, i])
        if true == 0 and predicted == 0:
            warnings.append(f"The class '{name}' is in no ground truth and no prediction: it is not measurable here.")
        elif true == 0:
            warnings.append(
                f"The class '{name}' is in no ground truth, yet {predicted} pixels were predicted as it: its scores are 0, "
                f"and count so in the means."
            )
        elif predicted == 0:
            warnings.append(f"The class '{name}' was never predicted, though {true} pixels of the ground truth are of it.")
    return (*warnings, *too_few(images))


def _per_image(
    images: Counts, ids: Sequence[str], classes: Classes, foreground: list[int], headline: str
) -> tuple[dict[str, Any], ...]:
    """Each image's own values, worst by the headline first; those where it cannot be measured come last."""
    of_metric = {"dice": images.dice, "iou": images.iou}
    metric, subject = headline.split("/", 1)
    scores = _subjects(of_metric[metric], classes, foreground)[subject]
    return tuple(
        {
            "id": ids[i],
            "score": _known(scores[i]),
            "pixel accuracy": _known(images.accuracy[i]),
            **{name: dict(zip(classes.names, map(_known, values[i]), strict=True)) for name, values in of_metric.items()},
            "pixels": images.of_image(i),
        }
        for i in np.argsort(scores, kind="stable").tolist()
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
