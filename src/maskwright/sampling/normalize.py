"""Intensities of any image brought to the range that networks train well on."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float32, Float64, Num

from maskwright.base.errors import DataError, PlanError

Kind = Literal["percentile", "zscore", "fixed", "none"]
Extremes = tuple[Float64[np.ndarray, " c"], Float64[np.ndarray, " c"]]

LIMIT = 10.0  # normalised values end here, so that one hot pixel of a camera cannot blow up a training in bf16
STATISTICS_PIXELS = 2**20  # statistics of larger images come from an even grid of about this many pixels
SMALLEST_SPREAD = 1e-30  # below it a channel counts as constant: its reciprocal would overflow float32


@dataclass(frozen=True, eq=False)
class ImageScale:
    """What normalises one image: `(value - offset) * factor` per channel, and the value that stands in for NaN and infinity."""

    offset: Float32[np.ndarray, " c"]
    factor: Float32[np.ndarray, " c"]
    fill: Float32[np.ndarray, " c"]

    def apply(self, image: Num[np.ndarray, "h w c"]) -> Float32[np.ndarray, "c h w"]:
        """The normalised image, or a normalised cut of it: finite, within ±`LIMIT`, channels first."""
        offset, factor, fill = (numbers[:, None, None] for numbers in (self.offset, self.factor, self.fill))
        values = np.array(image.transpose(2, 0, 1), np.float32, order="C")
        if image.dtype.kind == "f":
            values = np.where(np.isfinite(values), values, fill)
        with np.errstate(over="ignore"):  # what overflows ends at the limit
            values -= offset
            values *= factor
        return np.clip(values, -LIMIT, LIMIT, out=values)


@dataclass(frozen=True, kw_only=True)
class Normalization:
    """How intensities are normalised, channel by channel.

    - "percentile": the `low` and `high` percentiles of each image become -1 and 1; where both are the same value (a few
      bright pixels on black) the smallest and largest value take their place;
    - "zscore": each image gets mean 0 and standard deviation 1;
    - "fixed": `mean` and `std` are given per channel, those of the whole data set, where absolute values carry meaning;
    - "none": values as they are, up to ±`LIMIT`.

    A constant channel becomes zeros. NaN and infinity become the median of the channel's finite pixels.
    """

    kind: Kind = "percentile"
    low: float = 0.5
    high: float = 99.5
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise PlanError(f"Normalisation '{self.kind}' is unknown. Possible are: {', '.join(get_args(Kind))}.")
        if not 0 <= self.low < self.high <= 100:
            raise PlanError(f"Percentiles must rise within 0 to 100, not {self.low} and {self.high}.")
        if self.kind == "fixed" and (not self.mean or len(self.mean) != len(self.std)):
            raise PlanError(
                f"Fixed normalisation needs as many means as standard deviations, one a channel, "
                f"not {len(self.mean)} and {len(self.std)}."
            )

    def scale(self, image: Num[np.ndarray, "h w c"], extremes: Extremes | None = None) -> ImageScale:
        """What normalises this image; compute it once from the whole image, then apply it to any cut of it.

        The pixels of `grid_step` of the whole image do as well, with its `extremes`: the least and largest values by channel.
        """
        channels = image.shape[2]
        if self.kind == "fixed" and len(self.mean) != channels:
            raise DataError(
                f"The image has {channels} channels, the normalisation {len(self.mean)}. Bring all images to the same channels."
            )
        columns = [self._channel(image[:, :, channel], channel, extremes) for channel in range(channels)]
        offset, spread, fill = np.array(columns, np.float64).reshape(channels, 3).T
        constant = ~(spread > SMALLEST_SPREAD)
        factor = np.divide(1.0, spread, out=np.zeros(channels), where=~constant)
        return ImageScale(offset.astype(np.float32), factor.astype(np.float32), fill.astype(np.float32))

    def apply(self, image: Num[np.ndarray, "h w c"]) -> Float32[np.ndarray, "c h w"]:
        """The whole image normalised by its own statistics (or the given ones)."""
        return self.scale(image).apply(image)

    def needs_pixels(self, dtype: np.dtype[np.generic]) -> bool:
        """Whether the scale of an image of this type depends on its pixels."""
        return self.kind in ("percentile", "zscore") or dtype.kind == "f"

    def _channel(self, values: Num[np.ndarray, "h w"], channel: int, extremes: Extremes | None) -> tuple[float, float, float]:
        """Offset, spread and fill value of one channel."""
        stride = grid_step(values.shape)
        sampled = _finite(values[::stride, ::stride])
        if sampled.size == 0:
            return 0.0, 0.0, 0.0
        fill = float(np.median(sampled)) if values.dtype.kind == "f" else 0.0
        if self.kind == "fixed":
            return self.mean[channel], self.std[channel], fill
        if self.kind == "none":
            return 0.0, 1.0, fill
        if self.kind == "zscore":
            return float(sampled.mean()), float(sampled.std()), fill
        low, high = (float(value) for value in np.percentile(sampled, (self.low, self.high)))
        if low == high and extremes is not None:
            low, high = float(extremes[0][channel]), float(extremes[1][channel])
        elif low == high:
            everything = _finite(values)
            low, high = float(everything.min()), float(everything.max())
        return (low + high) / 2, (high - low) / 2, fill


def grid_step(size_hw: tuple[int, ...]) -> int:
    """The step between those rows and columns of an image of this size that make its statistics."""
    return max(1, round(math.sqrt(math.prod(size_hw) / STATISTICS_PIXELS)))


def _finite(values: Num[np.ndarray, "h w"]) -> Float64[np.ndarray, " n"]:
    flat = values.astype(np.float64).ravel()
    return flat[np.isfinite(flat)]
