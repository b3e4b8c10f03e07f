"""The normalisation of images as operations of an exported network."""

import torch
from jaxtyping import Float32
from torch import Tensor, nn

from maskwright.nn.padding import Side, at_least
from maskwright.sampling.normalize import LIMIT, SMALLEST_SPREAD, STATISTICS_PIXELS, Normalization


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
        ordered = values.sort(dim=0).values
        low, high = (_percentile(ordered, percent) for percent in (self.normalization.low, self.normalization.high))
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


def _percentile(ordered: Tensor, percent: float) -> Tensor:
    """Of each channel, interpolated as NumPy does."""
    place = torch.as_tensor(ordered.shape[0] - 1, dtype=torch.float64) * (percent / 100)
    below = place.floor()
    share = place - below
    low = ordered.index_select(0, below.to(torch.int64).reshape(1))[0].double()
    high = ordered.index_select(0, place.ceil().to(torch.int64).reshape(1))[0].double()
    return low + (high - low) * share
