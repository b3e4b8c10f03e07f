"""Our numbers and those of the libraries themselves, on random label maps."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.masks.classes import Classes
from maskwright.masks.overlap import class_table
from maskwright.metrics.rules import Convention, conventions
from maskwright.metrics.semantic import score

torch = pytest.importorskip("torch")


def tables_of(truths: np.ndarray, predictions: np.ndarray, classes: int) -> list[np.ndarray]:
    pairs = zip(truths.astype(np.uint16), predictions.astype(np.uint16), strict=True)
    return [class_table(*pair, classes) for pair in pairs]


def conventions_of(*case) -> dict[str, Convention]:
    """The conventions of label maps, by library and call."""
    return {f"{row.library}: {row.call}": row for row in conventions(tables_of(*case))}


@st.composite
def label_maps(draw):
    """Ground truths and predictions of a few images, some classes absent from some of them, and the number of classes."""
    classes = draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    truths, predictions = np.zeros((2, draw(st.integers(1, 4)), 8, 8), int)
    for maps in (truths, predictions):
        for ids in maps:
            present = rng.choice(classes, size=rng.integers(1, classes + 1), replace=False)
            ids[:] = rng.choice(present, size=ids.shape)
    mixed = rng.random(truths.shape) < draw(st.sampled_from([0.0, 0.5, 0.9]))
    return truths, np.where(mixed, truths, predictions), classes


def importing(name: str):
    """A library that may warn while it is imported; the test is skipped where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


def agree(ours: float, theirs: float) -> None:
    assert ours == pytest.approx(theirs, abs=1e-6, nan_ok=True)


@settings(max_examples=30)
@given(label_maps())
def test_it_agrees_with_monai(case):
    monai = importing("monai.metrics")
    truths, predictions, classes = case
    ours = conventions_of(*case)
    for call in (
        "DiceMetric()",
        "DiceMetric(include_background=False)",
        "DiceMetric(include_background=False, ignore_empty=False)",
    ):
        options = {"include_background": "include_background" not in call, "ignore_empty": "ignore_empty" not in call}
        metric = monai.DiceMetric(num_classes=classes, **options)
        metric(torch.tensor(predictions)[:, None], torch.tensor(truths)[:, None])
        agree(ours[f"MONAI: {call}"].value, float(metric.aggregate()))


@settings(max_examples=30)
@given(label_maps())
def test_it_agrees_with_torchmetrics(case):
    torchmetrics = importing("torchmetrics.segmentation")
    truths, predictions, classes = case
    ours = conventions_of(*case)
    options = {"num_classes": classes, "include_background": False, "input_format": "index"}
    theirs = {
        "DiceScore(include_background=False, average='macro')": torchmetrics.DiceScore(average="macro", **options),
        "MeanIoU(include_background=False)": torchmetrics.MeanIoU(**options),
        "GeneralizedDiceScore(include_background=False)": torchmetrics.GeneralizedDiceScore(**options),
    }
    for call, metric in theirs.items():
        metric.update(torch.tensor(predictions), torch.tensor(truths))
        agree(ours[f"torchmetrics: {call}"].value, float(metric.compute()))


@settings(max_examples=30)
@given(label_maps())
def test_our_own_rows_agree_with_torchmetrics_and_monai_where_the_rule_is_the_same(case):
    segmentation, monai = importing("torchmetrics.segmentation"), importing("monai.metrics")
    classification = importing("torchmetrics.classification")
    truths, predictions, classes = case
    names = [f"class {i}" for i in range(classes)]
    scores = score(tables_of(*case), [str(i) for i in range(len(truths))], Classes.named(*names), draws=1)
    found, true = torch.tensor(predictions), torch.tensor(truths)

    options = {"num_classes": classes, "average": "none", "input_format": "index"}
    per_class = {
        "dice": segmentation.DiceScore(aggregation_level="global", **options)(found, true),
        "dice per image": segmentation.DiceScore(**options)(found, true),
        "iou": classification.MulticlassJaccardIndex(classes, average="none")(found, true),
        "iou per image": segmentation.MeanIoU(classes, per_class=True, input_format="index")(found, true),
    }
    confusion = monai.get_confusion_matrix(*(torch.nn.functional.one_hot(ids, classes).movedim(3, 1) for ids in (found, true)))
    per_class["dice from MONAI"] = monai.compute_confusion_matrix_metric("f1 score", confusion.sum(dim=0))
    for metric, values in per_class.items():
        for name, value in zip(names, values.tolist(), strict=True):
            ours = scores.row(metric.removesuffix(" from MONAI"), name).value
            if not np.isnan(ours):  # where nothing can be measured the libraries say NaN, -1 or 0, and we say NaN
                agree(ours, value)
    accuracy = classification.MulticlassAccuracy(classes, average="micro")(found, true)
    agree(scores.row("pixel accuracy", "all classes").value, float(accuracy))
