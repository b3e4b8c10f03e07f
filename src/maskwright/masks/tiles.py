"""Where tiles lie on an image, and how what was made of them is blended into one whole again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from maskwright.base.errors import PlanError


@dataclass(frozen=True, eq=False)
class Tile:
    """A half-open box of an image and its share in every pixel there: the outer product of two ramps.

    Neighbours share the pixels of their overlap; the shares of all tiles add up to one at every pixel, so that blending is
    a plain weighted sum. Nothing is divided by what was summed, which is what darkens the rim of an image elsewhere.
    """

    box_xyxy: tuple[int, int, int, int]
    row_shares: Float32[np.ndarray, " h"]
    column_shares: Float32[np.ndarray, " w"]

    @property
    def rows(self) -> slice:
        """Index the height of an image with it."""
        return slice(self.box_xyxy[1], self.box_xyxy[3])

    @property
    def columns(self) -> slice:
        """Index the width of an image with it."""
        return slice(self.box_xyxy[0], self.box_xyxy[2])


def tiles(size_hw: tuple[int, int], tile_hw: tuple[int, int], overlap: int) -> tuple[Tile, ...]:
    """Tiles of one size that cover every pixel, evenly spread, row by row; neighbours share at least `overlap` pixels.

    Where the image is smaller than a tile, the tile is as small as the image. Raises `PlanError` when tiles of this overlap
    could not advance.
    """
    if min(size_hw) < 1 or overlap < 0 or min(tile_hw) <= overlap:
        raise PlanError(f"Tiles of {tile_hw} pixels with an overlap of {overlap} cannot cover an image of {size_hw}.")
    rows, columns = (_spans(length, tile, overlap) for length, tile in zip(size_hw, tile_hw, strict=True))
    return tuple(
        Tile((x0, y0, x0 + len(column_shares), y0 + len(row_shares)), row_shares, column_shares)
        for y0, row_shares in rows
        for x0, column_shares in columns
    )


def whole_tile(size_hw: tuple[int, int]) -> Tile:
    """The one tile of an image that is seen at once."""
    (tile,) = tiles(size_hw, size_hw, 0)
    return tile


def even_tile(length: int, most: int, overlap: int, multiple: int) -> int:
    """The smallest tile, a multiple of `multiple`, that covers an axis with as few tiles as tiles of `most` pixels would.

    Tiles of full size would share more than the overlap: 2048 pixels take three tiles of 1024, but also three of 768.
    """
    if length <= most:
        return most
    count = -((overlap - length) // (most - overlap))
    return min(most, multiple * -(-(length + (count - 1) * overlap) // (count * multiple)))


def blend(
    outputs: Iterable[tuple[Tile, Float32[np.ndarray, "c h w"]]], size_hw: tuple[int, int], *, first_row: int = 0
) -> Iterator[tuple[int, Float32[np.ndarray, "c rows width"]]]:
    """Turn the outputs of `tiles`, in their order, into strips of the whole: (first row, values), top to bottom.

    A strip leaves as soon as no later tile can touch it, so that the memory is that of one row of tiles. From `first_row` on
    tiles that end above it may be left out. Raises `ValueError` when others are missing or out of order: that is a fault of the
    caller, not of the image.
    """
    height, width = size_hw
    strip: Float32[np.ndarray, "c rows width"] | None = None
    top, covered = first_row, 0.0
    for tile, values in outputs:
        _, y0, _, y1 = tile.box_xyxy
        if y1 <= first_row:
            continue
        above = max(first_row - y0, 0)
        y0, values, row_shares = y0 + above, values[:, above:], tile.row_shares[above:]
        if strip is None:
            strip = np.zeros((len(values), 0, width), np.float32)
        if not top <= y0 <= top + strip.shape[1]:
            raise ValueError(f"The tile at row {y0} is out of order; the rows from {top} on are being blended.")
        if y0 > top:
            yield top, strip[:, : y0 - top]
            top, strip = y0, strip[:, y0 - top :].copy()  # so that the rest of it is let go
        if y1 - top > strip.shape[1]:
            strip = np.concatenate([strip, np.zeros((len(values), y1 - top - strip.shape[1], width), np.float32)], axis=1)
        strip[:, y0 - top : y1 - top, tile.columns] += values * np.outer(row_shares, tile.column_shares)
        covered += float(row_shares.sum(dtype=np.float64) * tile.column_shares.sum(dtype=np.float64))
    pixels = (height - first_row) * width
    if strip is None or abs(covered / pixels - 1) > 1e-6:
        raise ValueError(f"Tiles are missing: {covered:.0f} of {pixels} pixels were blended.")
    yield top, strip


def _spans(length: int, tile: int, overlap: int) -> list[tuple[int, Float32[np.ndarray, " n"]]]:
    """The tiles of one axis: where each starts, and its share in each of its pixels."""
    if length <= tile:
        return [(0, np.ones(length, np.float32))]
    count = -((overlap - length) // (tile - overlap))  # rounded up
    starts = [round(i * (length - tile) / (count - 1)) for i in range(count)]
    ramps = [_ramp(tile, *_shared(starts, i, tile)) for i in range(count)]
    total = np.zeros(length)
    for start, ramp in zip(starts, ramps, strict=True):
        total[start : start + tile] += ramp
    return [(start, (ramp / total[start : start + tile]).astype(np.float32)) for start, ramp in zip(starts, ramps, strict=True)]


def _shared(starts: list[int], i: int, tile: int) -> tuple[int, int]:
    """The pixels that tile `i` of an axis shares with the one before it and the one after it."""
    before = starts[i - 1] + tile - starts[i] if i > 0 else 0
    after = starts[i] + tile - starts[i + 1] if i + 1 < len(starts) else 0
    return before, after


def _ramp(tile: int, before: int, after: int) -> Float64[np.ndarray, " n"]:
    """Above zero everywhere, one where no neighbour is: a squared sine up over `before` pixels, and down over `after`."""
    ramp = np.ones(tile)
    ramp[:before] = np.sin(np.pi / 2 * (np.arange(before) + 0.5) / max(before, 1)) ** 2
    ramp[tile - after :] *= np.sin(np.pi / 2 * (np.arange(after, 0, -1) - 0.5) / max(after, 1)) ** 2
    return ramp
