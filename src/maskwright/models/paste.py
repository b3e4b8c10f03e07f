"""From a small mask across a box to the pixels of an image."""

import numpy as np
from jaxtyping import Float32

from maskwright.masks.region import Region

BORDER = 1  # cells of zeros around a mask, so that it fades at its rim


def paste(
    mask: Float32[np.ndarray, "m m"], box_xyxy: Float32[np.ndarray, " 4"], size_hw: tuple[int, int], *, threshold: float = 0.5
) -> Region:
    """The pixels of an object, where the mask enlarged to its box reaches `threshold`; empty outside the image."""
    (left, top), probabilities = pasted_probabilities(mask, box_xyxy, size_hw)
    region = Region.of_mask(probabilities >= threshold)
    if region.pixels.size == 0:
        return region
    x0, y0, x1, y1 = region.box_xyxy
    return Region((x0 + left, y0 + top, x1 + left, y1 + top), region.pixels)


def pasted_probabilities(
    mask: Float32[np.ndarray, "m m"], box_xyxy: Float32[np.ndarray, " 4"], size_hw: tuple[int, int]
) -> tuple[tuple[int, int], Float32[np.ndarray, "h w"]]:
    """Left and top of the part of a box that lies in the image, and the probability of every pixel there.

    The numbers are those of torchvision's `paste_masks_in_image`, whose boxes end on whole pixels.
    """
    side = len(mask) + 2 * BORDER
    bordered = np.pad(mask, BORDER)
    x0, y0, x1, y1 = _on_whole_pixels(box_xyxy, side / len(mask))
    rows = _interpolation(y0, max(y1 - y0 + 1, 1), side, size_hw[0])
    columns = _interpolation(x0, max(x1 - x0 + 1, 1), side, size_hw[1])
    return (max(x0, 0), max(y0, 0)), rows @ bordered @ columns.T


def _on_whole_pixels(box_xyxy: Float32[np.ndarray, " 4"], scale: float) -> tuple[int, int, int, int]:
    """The box made larger around its middle, its corners brought to whole pixels towards zero."""
    x0, y0, x1, y1 = box_xyxy.astype(np.float32)
    half = np.float32(0.5)
    (x, reach_x), (y, reach_y) = (((a + b) * half, (b - a) * half * np.float32(scale)) for a, b in ((x0, x1), (y0, y1)))
    return int(x - reach_x), int(y - reach_y), int(x + reach_x), int(y + reach_y)


def _interpolation(start: int, length: int, cells: int, limit: int) -> Float32[np.ndarray, "pixels cells"]:
    """How much each cell of a grid enlarged to `length` pixels counts in each pixel, for the pixels from 0 to `limit`."""
    pixels = np.arange(max(-start, 0), max(min(length, limit - start), max(-start, 0)))
    at = np.clip((pixels + 0.5) * (cells / length) - 0.5, 0, cells - 1).astype(np.float32)
    apart = np.abs(at[:, None] - np.arange(cells, dtype=np.float32))
    return np.asarray(np.maximum(1 - apart, 0), np.float32)
