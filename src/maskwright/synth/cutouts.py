"""Objects cut out of their images, with a little of what surrounds them, and turned, mirrored and scaled."""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from jaxtyping import Bool, Float64, Num
from scipy import ndimage

from maskwright.masks.region import Region
from maskwright.synth.textures import rounded

MARGIN = 4  # pixels around an object that are cut out with it
RING = 3  # pixels around it that tell how bright its surroundings are
IMMERKAER = np.array(((1, -2, 1), (-2, 4, -2), (1, -2, 1))) / 6  # what of an image is noise (CVIU 64, 1996)
TO_SIGMA = 1.4826  # from the median of deviations to a standard deviation


@dataclass(frozen=True, eq=False)
class Cutout:
    """An object: its pixels, its colours from 0 to 1, its class, and how bright and noisy the image is around it."""

    pixels: Bool[np.ndarray, "h w"]
    colors: Float64[np.ndarray, "h w c"]
    class_id: int
    around: Float64[np.ndarray, " c"]
    noise: float

    @property
    def area(self) -> int:
        return int(np.count_nonzero(self.pixels))


def cut_out(
    light: Float64[np.ndarray, "h w c"], region: Region, class_id: int, taken: Bool[np.ndarray, "h w"], noise: float
) -> Cutout:
    """An object of an image. taken: pixels of any object, which tell nothing of its surroundings."""
    x0, y0, x1, y1 = region.box_xyxy
    height, width, _ = light.shape
    rows, columns = (
        np.clip(np.arange(low - MARGIN, high + MARGIN), 0, side - 1) for low, high, side in ((y0, y1, height), (x0, x1, width))
    )
    here = np.ix_(rows, columns)
    pixels = np.pad(region.pixels, MARGIN)
    ring = ndimage.binary_dilation(pixels, iterations=RING) & ~taken[here]
    colors = light[here]
    around = np.median(colors[ring] if ring.any() else light[~taken] if not taken.all() else colors[pixels], axis=0)
    return Cutout(pixels, colors, class_id, rounded(around), noise)


def turned(cutout: Cutout, *, angle: float, scale: float, mirrored: bool) -> Cutout:
    """The object turned by an angle (radians), enlarged by a factor, and mirrored before. Quarter turns are exact."""
    pixels, colors = cutout.pixels, cutout.colors
    if mirrored:
        pixels, colors = pixels[:, ::-1], colors[:, ::-1]
    if scale == 1 and abs(angle / (np.pi / 2) - round(angle / (np.pi / 2))) < 1e-6:
        turns = round(angle / (np.pi / 2))
        return replace(cutout, pixels=np.rot90(pixels, turns), colors=np.rot90(colors, turns))
    cos, sin = (round(float(each) * 2**20) / 2**20 for each in (np.cos(angle), np.sin(angle)))
    way = np.array(((cos, sin), (-sin, cos))) / scale
    height, width = pixels.shape
    high = ceil(scale * (abs(cos) * height + abs(sin) * width)) + 2
    wide = ceil(scale * (abs(sin) * height + abs(cos) * width)) + 2
    middle_out, middle_in = np.array((high - 1, wide - 1)) / 2, np.array((height - 1, width - 1)) / 2
    offset = middle_in - way @ middle_out
    inside = ndimage.affine_transform(pixels.astype(np.float64), way, offset, (high, wide), order=1, mode="constant")
    channels = [
        ndimage.affine_transform(colors[..., channel], way, offset, (high, wide), order=1, mode="nearest")
        for channel in range(colors.shape[2])
    ]
    return replace(cutout, pixels=rounded(inside) >= 0.5, colors=rounded(np.stack(channels, axis=-1)))


def light_of(image: Num[np.ndarray, "h w c"]) -> Float64[np.ndarray, "h w c"]:
    """The image with white as 1."""
    return image.astype(np.float64) / np.iinfo(image.dtype).max


def noise_of(light: Float64[np.ndarray, "h w c"]) -> float:
    """The standard deviation of an image's noise, of what no plane through neighbours explains (Immerkaer's kernel)."""
    rest = ndimage.convolve(light.mean(axis=2), IMMERKAER, mode="reflect")
    return round(TO_SIGMA * float(np.median(np.abs(rest))) * 2**20) / 2**20
