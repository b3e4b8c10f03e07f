"""What each well-known convention would report on the same masks, and the rule behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from maskwright.base.errors import DataError
from maskwright.metrics.counts import Counts, mean, ratio


@dataclass(frozen=True, kw_only=True)
class Convention:
    """The number that a library prints for these masks (NaN where it prints none), and what it counted."""

    library: str
    call: str
    value: float
    rule: str


def conventions(tables: Sequence[Int64[np.ndarray, "k k1"]]) -> tuple[Convention, ...]:
    """What well-known libraries report on the same masks, from each image's class table; class 0 is their background.

    Ignored pixels are left out for all of them. Tests hold the rows of MONAI 1.6 and torchmetrics 1.9 against the libraries;
    the other rules follow their sources. Raises `DataError` without an image or without a class beside the background.
    """
    if not tables or len(tables[0]) < 2:
        raise DataError(
            "Conventions differ on the foreground: they need at least one image, and a class beside the background."
        )
    images = Counts.of(np.stack(tables))
    pooled = images.pooled(np.ones((1, len(tables))))
    return (
        Convention(
            library="any",
            call="pixel accuracy",
            value=float(pooled.accuracy[0]),
            rule="Right pixels over all pixels, pooled; background in.",
        ),
        *_from_segmentation_models(images, pooled),
        *_from_monai(images),
        Convention(
            library="mmsegmentation",
            call="IoUMetric (mIoU)",
            value=float(mean(pooled.iou)[0]),
            rule="IoU of each class pooled, then the mean over classes; background in; a class in neither is left out.",
        ),
        *_from_scikit_learn(pooled),
        Convention(
            library="nnU-Net",
            call="evaluate_folder (foreground_mean Dice)",
            value=_plain_mean(mean(images.dice.T)[1:]),
            rule="Dice of each image and class, the mean over images, then over classes; background out; empty in both is left "
            "out, empty in the ground truth alone is 0.",
        ),
        *_from_torchmetrics(images),
    )


def _from_segmentation_models(images: Counts, pooled: Counts) -> tuple[Convention, ...]:
    """segmentation_models_pytorch.metrics.f1_score in multiclass mode, with its default zero_division=1."""
    library = "segmentation-models-pytorch"
    micro = ratio(2 * pooled.hits.sum(axis=1), pooled.truth.sum(axis=1) + pooled.predicted.sum(axis=1))
    return (
        Convention(
            library=library,
            call="f1_score, micro",
            value=float(micro[0]),
            rule="Pixels of all images and classes together; background in. Equals the accuracy if every pixel is predicted.",
        ),
        Convention(
            library=library,
            call="f1_score, macro",
            value=_plain_mean(_filled(pooled.dice, 1.0)),
            rule="Dice of each class pooled, then the mean over classes; background in; a class in neither counts 1.",
        ),
        Convention(
            library=library,
            call="f1_score, macro-imagewise",
            value=_plain_mean(_filled(images.dice, 1.0)),
            rule="Dice of each image and class, then the mean of all; background in; empty in both counts 1.",
        ),
    )


def _from_monai(images: Counts) -> tuple[Convention, ...]:
    """monai.metrics.DiceMetric: the mean over classes of each image, then over images, 0 where nothing is left."""
    present = np.where(images.truth > 0, images.dice, np.nan)
    return (
        Convention(
            library="MONAI",
            call="DiceMetric()",
            value=_mean_of_means(present),
            rule="Dice of each image, mean over its classes, then over images; background in; a class without ground truth in "
            "an image is left out there, false positives with it.",
        ),
        Convention(
            library="MONAI",
            call="DiceMetric(include_background=False)",
            value=_mean_of_means(present[:, 1:]),
            rule="The same with background out: an image without foreground is left out, false positives with it.",
        ),
        Convention(
            library="MONAI",
            call="DiceMetric(include_background=False, ignore_empty=False)",
            value=_mean_of_means(_filled(images.dice[:, 1:], 1.0)),
            rule="The same with background out: empty in both counts 1, empty in the ground truth alone 0.",
        ),
    )


def _from_scikit_learn(pooled: Counts) -> tuple[Convention, ...]:
    """sklearn.metrics over the foreground labels, with its default zero_division of 0."""
    return (
        Convention(
            library="scikit-learn",
            call="f1_score, foreground labels, macro",
            value=_plain_mean(_filled(pooled.dice[:, 1:], 0.0)),
            rule="Dice of each class pooled, then the mean over classes; background out; a class in neither counts 0.",
        ),
        Convention(
            library="scikit-learn",
            call="jaccard_score, foreground labels, macro",
            value=_plain_mean(_filled(pooled.iou[:, 1:], 0.0)),
            rule="IoU of each class pooled, then the mean over classes; background out; a class in neither counts 0.",
        ),
    )


def _from_torchmetrics(images: Counts) -> tuple[Convention, ...]:
    """torchmetrics.segmentation without background, all images in one batch (the last one depends on that)."""
    return (
        Convention(
            library="torchmetrics",
            call="DiceScore(include_background=False, average='macro')",
            value=float(mean(mean(images.dice[:, 1:])[None])[0]),
            rule="Dice of each image, mean over its classes, then over images; background out; empty in both is left out.",
        ),
        Convention(
            library="torchmetrics",
            call="MeanIoU(include_background=False)",
            value=float(mean(images.iou[:, 1:].reshape(1, -1))[0]),
            rule="IoU of each image and class, then the mean of all; background out; empty in both is left out.",
        ),
        Convention(
            library="torchmetrics",
            call="GeneralizedDiceScore(include_background=False)",
            value=_generalized_dice(images),
            rule="Dice of each image with classes weighted by 1 / (true pixels) squared, then the mean over images; background "
            "out; empty in both counts 0.",
        ),
    )


def _generalized_dice(images: Counts) -> float:
    """torchmetrics' GeneralizedDiceScore with square weights on one batch."""
    hits, truth, predicted = (part[:, 1:] for part in (images.hits, images.truth, images.predicted))
    weights = _filled(ratio(np.ones_like(truth), truth**2), 0.0)
    # A class without ground truth takes the largest weight of its class in the batch, but torchmetrics lines these up in the
    # order (class, image) with weights in the order (image, class); what it prints depends on that, so this does too.
    largest = np.repeat(weights.max(axis=0), len(weights)).reshape(weights.shape)
    weights = np.where(truth > 0, weights, largest)
    dice = ratio((2 * hits * weights).sum(axis=1), ((truth + predicted) * weights).sum(axis=1))
    return _plain_mean(_filled(dice, 0.0))


def _mean_of_means(values: Float64[np.ndarray, "n k"]) -> float:
    """The mean over what each image can measure, then over the images that can; 0 where none can, as MONAI has it."""
    return float(np.nan_to_num(mean(mean(values)[None])[0]))


def _filled(values: Float64[np.ndarray, "*s"], number: float) -> Float64[np.ndarray, "*s"]:
    """The values with a number in the place of what cannot be measured."""
    return np.where(np.isnan(values), number, values)


def _plain_mean(values: Float64[np.ndarray, "*s"]) -> float:
    """The mean of all values; NaN where one is."""
    return float(values.mean())
