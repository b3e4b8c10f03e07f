"""The conventions of well-known libraries give their published numbers."""

import numpy as np
import pytest

from maskwright.base.errors import DataError
from maskwright.masks.overlap import class_table
from maskwright.metrics.rules import Convention, conventions


def rows(truths: np.ndarray, predictions: np.ndarray, classes: int) -> dict[str, Convention]:
    """The conventions of label maps, by library and call."""
    pairs = zip(truths.astype(np.uint16), predictions.astype(np.uint16), strict=True)
    return {f"{row.library}: {row.call}": row for row in conventions([class_table(*pair, classes) for pair in pairs])}


def four_images() -> tuple[np.ndarray, np.ndarray]:
    """16 x 16 pixels: an object of 8 x 8 found, another half found, a correct empty image, and one with 4 false pixels."""
    truths, predictions = np.zeros((2, 4, 16, 16), int)
    truths[:2, 4:12, 4:12] = 1
    predictions[0, 4:12, 4:12] = 1
    predictions[1, 4:8, 4:12] = 1
    predictions[3, :2, :2] = 1
    return truths, predictions


PUBLISHED = {
    "any: pixel accuracy": 0.9648,
    "segmentation-models-pytorch: f1_score, micro": 0.9648,
    "MONAI: DiceMetric()": 0.9467,
    "segmentation-models-pytorch: f1_score, macro": 0.9112,
    "mmsegmentation: IoUMetric (mIoU)": 0.8442,
    "scikit-learn: f1_score, foreground labels, macro": 0.8421,
    "MONAI: DiceMetric(include_background=False)": 0.8333,
    "segmentation-models-pytorch: f1_score, macro-imagewise": 0.8227,
    "scikit-learn: jaccard_score, foreground labels, macro": 0.7273,
    "MONAI: DiceMetric(include_background=False, ignore_empty=False)": 0.6667,
    "nnU-Net: evaluate_folder (foreground_mean Dice)": 0.5556,
    "torchmetrics: DiceScore(include_background=False, average='macro')": 0.5556,
    "torchmetrics: MeanIoU(include_background=False)": 0.5,
    "torchmetrics: GeneralizedDiceScore(include_background=False)": 0.4167,
}


def test_one_answer_has_all_the_published_scores():
    """The table of section 1 of the facts of the field, to the printed digits (and the pooled IoU beside it)."""
    assert {name: round(row.value, 4) for name, row in rows(*four_images(), 2).items()} == PUBLISHED


def test_every_convention_states_its_rule():
    for row in rows(*four_images(), 2).values():
        assert "background in" in row.rule or "background out" in row.rule


EMPTY, OBJECT = np.zeros((1, 4, 4), int), np.pad(np.ones((1, 2, 2), int), ((0, 0), (0, 2), (0, 2)))
NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "both_empty", "spurious", "missed"),
    [
        ("nnU-Net: evaluate_folder (foreground_mean Dice)", NAN, 0, 0),
        ("MONAI: DiceMetric(include_background=False)", 0, 0, 0),
        ("MONAI: DiceMetric(include_background=False, ignore_empty=False)", 1, 0, 0),
        ("torchmetrics: DiceScore(include_background=False, average='macro')", NAN, 0, 0),
        ("torchmetrics: MeanIoU(include_background=False)", NAN, 0, 0),
        ("scikit-learn: f1_score, foreground labels, macro", 0, 0, 0),
    ],
)
def test_empty_masks_count_as_published(name, both_empty, spurious, missed):
    """The table of section 2 of the facts of the field."""
    for truth, prediction, expected in ((EMPTY, EMPTY, both_empty), (EMPTY, OBJECT, spurious), (OBJECT, EMPTY, missed)):
        np.testing.assert_equal(rows(truth, prediction, 2)[name].value, expected)


def test_an_image_without_foreground_in_both_counts_1_in_segmentation_models_image_by_image():
    name = "segmentation-models-pytorch: f1_score, macro-imagewise"
    assert rows(EMPTY, EMPTY, 2)[name].value == 1
    assert rows(EMPTY, OBJECT, 2)[name].value == pytest.approx((2 * 12 / 28 + 0) / 2)


def test_all_conventions_agree_on_a_perfect_answer_with_every_class_in_every_image():
    truths = np.arange(3 * 16).reshape(3, 4, 4) % 3
    assert {row.value for row in rows(truths, truths, 3).values()} == {1.0}


@pytest.mark.parametrize("tables", [[], [np.array([[4, 0]])]])
def test_without_images_or_foreground_there_is_nothing_to_compare(tables):
    with pytest.raises(DataError, match="at least one image, and a class beside the background"):
        conventions(tables)
