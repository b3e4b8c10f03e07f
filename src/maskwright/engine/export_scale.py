"""The normalisation of images as operations of an exported network."""

import torch
from jaxtyping import Bool, Float32, Float64
from torch import Tensor, nn

from maskwright.nn.padding import Side, at_least
from maskwright.sampling.normalize import LIMIT, SMALLEST_SPREAD, STATISTICS_PIXELS, Normalization

HALVINGS = 24  # of the range of values, as fine as single precision


class Scale(nn.Module):
    """`Normalization.apply` of images whose values are finite: in double precision where the numbers are worked out."""

    def __init__(self, normalization: Normalization) -> None:
        super().__init__()
        self.normalization = normalization

    def forward(self, image: Float32[Tensor, "h w c"]) -> Float32[Tensor, "1 c h w"]:
        """The image normalised, channels first."""
        offset, spread = self._numbers(image)
        factor = torch.where(spread > SMALLEST_SPREAD, 1 / spread.clamp(min=SMALLEST_SPREAD), torch.zeros_like(spread))
        values = (image - offset.float()) * factor.float()
        return values.clamp(-LIMIT, LIMIT).permute(2, 0, 1)[None]

    def _numbers(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Offset and spread of each channel."""
        kind, channels = self.normalization.kind, int(image.shape[2])
        if kind == "fixed":
            return tuple(torch.tensor(each, dtype=torch.float64) for each in (self.normalization.mean, self.normalization.std))  # type: ignore[return-value]
        if kind == "none":
            return torch.zeros(channels, dtype=torch.float64), torch.ones(channels, dtype=torch.float64)
        values = _sampled(image).reshape(-1, channels)
        if kind == "zscore":
            exact = values.double()
            mean = exact.mean(dim=0)
            return mean, (exact - mean).square().mean(dim=0).sqrt()
        low, high = (percentile(values, percent) for percent in (self.normalization.low, self.normalization.high))
        every = image.reshape(-1, channels).double()
        is_flat = low == high
        low, high = torch.where(is_flat, every.amin(dim=0), low), torch.where(is_flat, every.amax(dim=0), high)
        return (low + high) / 2, (high - low) / 2


def _sampled(image: Tensor) -> Tensor:
    """An even grid of about as many pixels as statistics are made of."""
    height, width = image.shape[:2]
    pixels = torch.as_tensor(height * width, dtype=torch.float64)
    stride = (pixels / STATISTICS_PIXELS).sqrt().round().clamp(min=1).to(torch.int64)
    for axis, length in enumerate((height, width)):
        count: Side = at_least((length + stride - 1) // stride, 1)
        image = image.index_select(axis, torch.arange(count) * stride)  # type: ignore[arg-type]
    return image


def percentile(values: Float32[Tensor, "n c"], percent: float) -> Float64[Tensor, " c"]:
    """Of each channel, interpolated as NumPy does."""
    last = torch.as_tensor(values.shape[0] - 1, dtype=torch.float64)
    place = last * (percent / 100)
    below = place.floor()
    low, is_repeated = _ordered(values, below.float())
    above = torch.where(values > low, values, values.amax(dim=0)).amin(dim=0)
    high = torch.where(is_repeated, low, above).double()
    return low.double() + (high - low.double()) * (place - below)


def _ordered(values: Float32[Tensor, "n c"], place: Tensor) -> tuple[Float32[Tensor, " c"], Bool[Tensor, " c"]]:
    """The value of each channel that so many lie before, and whether the one after it is the same.

    Found by halving, since there are runtimes whose sorting takes as many steps as the square of the number of values.
    """
    least, most = values.amin(dim=0), values.amax(dim=0)
    low, high = least, most  # at most `place` values reach up to `low`, and more up to `high`
    for _ in range(HALVINGS):
        middle = low + (high - low) / 2
        is_enough = _counted(values, middle) > place
        low, high = torch.where(is_enough, low, middle), torch.where(is_enough, middle, high)
    found = torch.where(values > low, values, most).amin(dim=0)
    found = torch.where(_counted(values, least) > place, least, found)
    return found, _counted(values, found) > place + 1


def _counted(values: Float32[Tensor, "n c"], bound: Float32[Tensor, " c"]) -> Float32[Tensor, " c"]:
    """How many values of each channel reach up to a bound: exact, for they are fewer than 2^24."""
    return (values <= bound).float().sum(dim=0)
