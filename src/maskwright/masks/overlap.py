"""The one contingency table behind every score: pixels per (ground truth, prediction)."""

import numpy as np
from jaxtyping import Int64, UInt16

from maskwright.base.errors import MaskValueError


def class_table(
    ground_truth: UInt16[np.ndarray, "h w"], prediction: UInt16[np.ndarray, "h1 w1"], classes: int
) -> Int64[np.ndarray, "k k1"]:
    """Pixels per (ground-truth class, predicted class); the last column counts pixels where nothing was predicted (`IGNORE`).

    Pixels whose ground truth is `IGNORE` are counted nowhere. Raises `MaskValueError` on different sizes or unknown ids.
    """
    if ground_truth.shape != prediction.shape:
        raise MaskValueError(
            f"The ground truth is {ground_truth.shape[1]} x {ground_truth.shape[0]} pixels, the prediction "
            f"{prediction.shape[1]} x {prediction.shape[0]} (width x height). They must be of one size; a mask is never "
            f"resized for a score. Write the prediction in the pixel grid of its image."
        )
    # In uint16 IGNORE + 1 wraps round to 0: one addition moves it out of the way of the classes, without a copy by index.
    rows, columns = (ids.ravel() + np.uint16(1) for ids in (ground_truth, prediction))
    if rows.size and max(rows.max(), columns.max()) > classes:
        raise MaskValueError(f"An id is no class: there are {classes} classes (0 to {classes - 1}).")
    side = classes + 1
    wide = np.uint16 if side**2 <= 2**16 else np.int64
    pairs = np.multiply(rows, side, dtype=wide) + columns
    table = np.bincount(pairs, minlength=side**2).reshape(side, side)[1:]
    return np.roll(table, -1, axis=1)
