"""Which values a mask holds and how they lie, so that a coding can be inferred without keeping the masks."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Num
from scipy import ndimage

from maskwright.masks.coding import Color, RawMask, packed, unpacked
from maskwright.masks.regions import components

# A damaged mask has many values, beyond the usual class ids, in pixels that lie between others instead of in areas.
FEW_VALUES = 8
USUAL_IDS = 64
AREA_SHARE = 0.01  # of a file's pixels: what covers less cannot be told from damage by its size
SOLID_SHARE = 0.25  # of the pixels in small values: with more that have equal neighbours, they are small objects
PEAK_DISTANCE = 8  # gray levels, or 3 times as much in a colour: JPEG spreads a value that far
ONE_PART = 0.8  # share of a file's values that are one connected part, from which on they are objects
PARTS_EXAMINED = 24  # values of a file whose connected parts are counted


@dataclass(frozen=True)
class MaskHistogram:
    """The values of one mask file with their pixel counts; a colour is packed as R * 65536 + G * 256 + B.

    one_part: share of the examined values above 0 that are one connected part, as objects are; None where not examined.
    damaged: the values look like what JPEG or smooth resizing leaves.
    """

    path: Path
    counts: dict[int, int]
    is_color: bool
    bits: int
    palette: tuple[Color, ...] | None
    lossy: bool
    one_part: float | None
    damaged: bool
    notes: tuple[str, ...] = ()

    def in_colors(self) -> dict[int, int]:
        """The counts with every value as a packed colour, through the palette where there is one."""
        if self.is_color:
            return self.counts
        if self.palette is not None:
            table = packed(np.asarray(self.palette, np.uint8)).tolist()
            return {table[value] if value < len(table) else value * 0x010101: count for value, count in self.counts.items()}
        return {value * 0x010101: count for value, count in self.counts.items()}

    def peaks(self) -> tuple[int, ...]:
        """The values that the mask had before it was damaged, as far as its histogram shows them."""
        total, peaks = sum(self.counts.values()), list[int]()
        for value, count in sorted(self.counts.items(), key=lambda item: -item[1]):
            if count >= AREA_SHARE * total and all(self.far(value, peak) for peak in peaks):
                peaks.append(value)
        return tuple(sorted(peaks))

    def far(self, value: int, peak: int) -> bool:
        """Whether two values lie farther apart than damage spreads one value."""
        if not self.is_color:
            return abs(value - peak) > PEAK_DISTANCE
        return sum(abs(a - b) for a, b in zip(unpacked(value), unpacked(peak), strict=True)) > 3 * PEAK_DISTANCE


def histogram(raw: RawMask, path: Path, *, count_parts: bool = True) -> MaskHistogram:
    """Count a mask's values. `count_parts` costs a few passes over the mask and tells objects from classes."""
    raw = raw.plain()
    numbers, is_color = raw.numbers(), raw.is_color
    values, counts = np.unique(numbers, return_counts=True)
    table = dict(zip(values.tolist(), counts.tolist(), strict=True))
    return MaskHistogram(
        path,
        table,
        is_color,
        8 * raw.values.dtype.itemsize,
        raw.palette,
        raw.lossy,
        _one_part(numbers, table) if count_parts and not is_color and len(table) > 2 else None,
        _is_damaged(numbers, table, raw.lossy),
        raw.notes,
    )


def _is_damaged(numbers: Num[np.ndarray, "h w"], counts: dict[int, int], lossy: bool) -> bool:
    if len(counts) <= 2:
        return False
    if lossy:
        return True
    if len(counts) < FEW_VALUES or max(counts) < USUAL_IDS:
        return False
    small = [value for value, count in counts.items() if count < AREA_SHARE * numbers.size]
    if len(small) < FEW_VALUES - 2:
        return False
    in_small = np.isin(numbers, small)
    return bool(np.count_nonzero(in_small & _solid(numbers)) < SOLID_SHARE * np.count_nonzero(in_small))


def _solid(numbers: Num[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Pixels that lie in a 2 x 2 square of one value."""
    square = (
        (numbers[1:, 1:] == numbers[:-1, :-1]) & (numbers[1:, :-1] == numbers[:-1, 1:]) & (numbers[1:, 1:] == numbers[1:, :-1])
    )
    solid = np.zeros(numbers.shape, bool)
    for rows in (slice(1, None), slice(None, -1)):
        for columns in (slice(1, None), slice(None, -1)):
            solid[rows, columns] |= square
    return solid


def _one_part(numbers: Num[np.ndarray, "h w"], counts: dict[int, int]) -> float:
    """Share of the largest values above 0 that are one connected part."""
    largest = sorted((value for value in counts if value > 0), key=lambda value: -counts[value])[:PARTS_EXAMINED]
    places = np.searchsorted(np.array(sorted(largest)), numbers)
    inside = np.isin(numbers, largest)
    boxes = ndimage.find_objects(np.where(inside, places + 1, 0))
    single = [components(numbers[box] == value)[1] == 1 for value, box in zip(sorted(largest), boxes, strict=True) if box]
    return float(np.mean(single)) if single else 0.0
