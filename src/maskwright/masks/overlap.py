"""The one contingency table behind every score: pixels per (ground truth, prediction)."""

import numpy as np
from jaxtyping import Int64, UInt16

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE


def class_table(
    ground_truth: UInt16[np.ndarray, "h w"], prediction: UInt16[np.ndarray, "h w"], classes: int
) -> Int64[np.ndarray, "k k1"]:
    """Pixels per (ground-truth class, predicted class); the last column counts pixels where nothing was predicted (`IGNORE`).

    Pixels whose ground truth is `IGNORE` are counted nowhere. Raises `MaskValueError` on different sizes or unknown ids.
    """
    if ground_truth.shape != prediction.shape:
        raise MaskValueError(
            f"Ground truth and prediction have the sizes {ground_truth.shape} and {prediction.shape}; they must be the same."
        )
    counted = ground_truth != IGNORE
    rows = ground_truth[counted].astype(np.int64)
    columns = np.where(prediction[counted] == IGNORE, classes, prediction[counted]).astype(np.int64)
    if rows.size and (rows.max() >= classes or columns.max() > classes):
        raise MaskValueError(f"An id is no class: there are {classes} classes (0 to {classes - 1}).")
    table = np.bincount(rows * (classes + 1) + columns, minlength=classes * (classes + 1))
    return table.reshape(classes, classes + 1)
