"""A plane of an image that is read part by part, as a network takes it: channels, normalisation, pixels of a tile."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Num

from maskwright.data.channels import with_channels
from maskwright.formats.large_image import LargeImage
from maskwright.sampling.normalize import ImageScale, Normalization, grid_step

ROWS = 256  # that are read at a time for the statistics


@dataclass(frozen=True, eq=False)
class Plane:
    """One plane of an image, brought to `channels`."""

    image: LargeImage
    number: int
    channels: int

    @property
    def name(self) -> str:
        """What the plane of a stack is called, as "z=3"; empty where the image is no stack."""
        return self.image.planes[self.number]

    def pixels(self, box_xyxy: tuple[int, int, int, int]) -> Num[np.ndarray, "h w c"]:
        """The pixels of a box. Raises `DataError` for channels that cannot be brought to the network's."""
        return with_channels(self.image.read(box_xyxy, self.number), self.channels, name=str(self.image.path))

    def scale(self, normalization: Normalization) -> ImageScale:
        """What normalises the whole plane: that of `Normalization.scale`, to the last bit, from one pass over its rows."""
        if not normalization.needs_pixels(self.image.dtype):
            return normalization.scale(np.zeros((1, 1, self.channels), self.image.dtype))
        height, width = self.image.size_hw
        step = grid_step(self.image.size_hw)
        grid, lows, highs = [], [], []
        for top in range(0, height, ROWS):
            rows = self.pixels((0, top, width, min(top + ROWS, height)))
            grid.append(rows[-top % step :: step, ::step].copy())
            finite = rows if rows.dtype.kind != "f" else np.where(np.isfinite(rows), rows, np.nan)
            if rows.dtype.kind != "f" or not np.isnan(finite).all():
                lows.append(np.nanmin(finite, axis=(0, 1)))
                highs.append(np.nanmax(finite, axis=(0, 1)))
        extremes = (np.min(lows, axis=0), np.max(highs, axis=0)) if lows else (np.zeros(self.channels), np.zeros(self.channels))
        return normalization.scale(np.concatenate(grid), (extremes[0].astype(np.float64), extremes[1].astype(np.float64)))
