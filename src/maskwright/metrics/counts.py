"""Pixels of each class that are rightly predicted, true and predicted, and the ratios that scores are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64


@dataclass(frozen=True, eq=False)
class Counts:
    """Pixels of each class, a row for each image (or for each group of images): rightly predicted, true, predicted."""

    hits: Float64[np.ndarray, "n k"]
    truth: Float64[np.ndarray, "n k"]
    predicted: Float64[np.ndarray, "n k"]

    @classmethod
    def of(cls, tables: Int64[np.ndarray, "n k k1"]) -> "Counts":
        """The counts of class tables, as `masks.overlap.class_table` makes them."""
        hits = np.diagonal(tables, axis1=1, axis2=2).astype(np.float64)
        return cls(hits, tables.sum(axis=2, dtype=np.float64), tables[:, :, :-1].sum(axis=1, dtype=np.float64))

    @classmethod
    def of_images(cls, images: Sequence[dict[str, list[int]]]) -> "Counts":
        """The inverse of `of_image`, for many images with the same classes."""
        return cls(*(np.array([image[kind] for image in images], np.float64) for kind in ("hits", "truth", "predicted")))

    def of_image(self, place: int) -> dict[str, list[int]]:
        """One image's counts as a JSON value: what has to be kept to pool images again."""
        counts = {"hits": self.hits, "truth": self.truth, "predicted": self.predicted}
        return {kind: values[place].astype(np.int64).tolist() for kind, values in counts.items()}

    def pooled(self, weights: Float64[np.ndarray, "m n"]) -> "Counts":
        """The counts of groups of images: row i counts image j `weights[i, j]` times."""
        return Counts(weights @ self.hits, weights @ self.truth, weights @ self.predicted)

    @property
    def accuracy(self) -> Float64[np.ndarray, " n"]:
        """The share of pixels whose class is right; NaN where there are no pixels."""
        return ratio(self.hits.sum(axis=1), self.truth.sum(axis=1))

    @property
    def dice(self) -> Float64[np.ndarray, "n k"]:
        """Twice the hits over the pixels of ground truth and prediction; NaN where both are empty."""
        return ratio(2 * self.hits, self.truth + self.predicted)

    @property
    def iou(self) -> Float64[np.ndarray, "n k"]:
        """The hits over the pixels of either; NaN where both are empty."""
        return ratio(self.hits, self.truth + self.predicted - self.hits)


def ratio(part: Float64[np.ndarray, "*s"], whole: Float64[np.ndarray, "*s"]) -> Float64[np.ndarray, "*s"]:
    """Part over whole; NaN where the whole is 0."""
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0))


def mean(values: Float64[np.ndarray, "n k"]) -> Float64[np.ndarray, " n"]:
    """The mean of each row over what can be measured; NaN where nothing can."""
    return ratio(np.nansum(values, axis=1), np.count_nonzero(~np.isnan(values), axis=1).astype(np.float64))


def mean_of_images(values: Float64[np.ndarray, "n k"], weights: Float64[np.ndarray, "m n"]) -> Float64[np.ndarray, "m k"]:
    """The weighted mean over the images where a value can be measured."""
    return ratio(weights @ np.nan_to_num(values), weights @ (~np.isnan(values)).astype(np.float64))
