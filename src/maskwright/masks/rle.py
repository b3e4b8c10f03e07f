"""COCO run lengths: masks as counts of pixels, column by column, and the text that COCO packs them into.

The only codec of the project. It agrees bit for bit with pycocotools (encode, decode, area, toBbox), but its cost follows the
object and not the image where it is given or gives a `Region`.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int64

from maskwright.base.errors import MaskValueError
from maskwright.masks.region import Region

LONGEST_NUMBER = 12  # characters of one number in the text, of 5 bits each: what 64 bits hold


def encode(mask: Bool[np.ndarray, "h w"]) -> tuple[int, ...]:
    """Lengths of the runs down the columns, left to right; the first is of zeros and may be 0."""
    return counts_of(Region.of_mask(mask), (mask.shape[0], mask.shape[1]))


def decode(counts: Sequence[int], size_hw: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """The mask of run lengths. Raises `MaskValueError` where they do not add up to the image."""
    return region_of(counts, size_hw).mask(size_hw)


def counts_of(region: Region, size_hw: tuple[int, int]) -> tuple[int, ...]:
    """Run lengths of a region on an image; parts outside the image are cut off."""
    height, width = size_hw
    inside = region.window((0, 0, width, height))
    x0, y0, _, _ = inside.box_xyxy
    padded = np.pad(inside.pixels, ((1, 1), (0, 0)))
    rows, columns = np.nonzero(padded[1:] != padded[:-1])
    turns = np.sort((columns + x0) * height + rows + y0)
    if len(turns):
        # A column full to its foot and the next full from its head are one run: both turns are at one place.
        twice = np.flatnonzero(turns[1:] == turns[:-1])
        turns = np.delete(turns, np.concatenate([twice, twice + 1]))
    if not len(turns) or turns[-1] != height * width:
        turns = np.append(turns, height * width)
    return tuple(np.diff(turns, prepend=0).tolist())


def region_of(counts: Sequence[int], size_hw: tuple[int, int]) -> Region:
    """The region of run lengths, in its tight box. Raises `MaskValueError` where they do not add up to the image."""
    runs = _checked(counts, size_hw)
    height = size_hw[0]
    ends = np.cumsum(runs)
    starts = ends - runs
    is_set = (np.arange(len(runs)) % 2 == 1) & (runs > 0)
    starts, ends = starts[is_set], ends[is_set]
    if not len(starts):
        return Region((0, 0, 0, 0), np.zeros((0, 0), bool))
    left, right = int(starts[0]) // height, -(-int(ends[-1]) // height)
    turns = np.stack([starts, ends], axis=1).ravel()
    lengths = np.diff(turns, prepend=left * height, append=right * height)
    columns = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(right - left, height)
    rows = np.flatnonzero(columns.any(axis=0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    return Region((left, top, right, bottom), np.ascontiguousarray(columns[:, top:bottom].T))


def area(counts: Sequence[int], size_hw: tuple[int, int]) -> int:
    """Pixels of the mask. Raises `MaskValueError` where the runs do not add up to the image."""
    return int(_checked(counts, size_hw)[1::2].sum())


def to_text(counts: Sequence[int]) -> str:
    """COCO's compressed string: differences to the last run but one, 5 bits a character and one that says that more follow."""
    runs = np.asarray(counts, np.int64)
    differences = runs.copy()
    differences[3:] -= runs[1:-2]
    shifts = 5 * np.arange(LONGEST_NUMBER)
    digits = differences[:, None] >> shifts
    rest = digits >> 5
    digits &= 0x1F
    ends = rest == np.where(digits & 0x10, -1, 0)
    length = ends.argmax(axis=1)
    place = np.arange(LONGEST_NUMBER)
    digits |= np.where(place < length[:, None], 0x20, 0)
    return str((digits + 48).astype(np.uint8)[place <= length[:, None]].tobytes(), "ascii")


def from_text(text: str) -> tuple[int, ...]:
    """Run lengths of COCO's compressed string. Raises `MaskValueError` where the text is damaged."""
    digits = np.frombuffer(text.encode("utf-8", "replace"), np.uint8).astype(np.int64) - 48
    if not len(digits):
        return ()
    is_last = (digits & 0x20) == 0
    if digits.min() < 0 or digits.max() > 63 or not is_last[-1]:
        raise MaskValueError("The run-length text is damaged: it is cut off, or holds characters that none has.")
    ends = np.flatnonzero(is_last)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > LONGEST_NUMBER:
        raise MaskValueError(f"The run-length text is damaged: a number has {lengths.max()} digits.")
    place = np.arange(len(digits)) - np.repeat(starts, lengths)
    numbers = np.add.reduceat((digits & 0x1F) << (5 * place), starts)
    negative = (digits[ends] & 0x10) != 0
    numbers[negative] -= np.int64(1) << (5 * lengths[negative])
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return tuple(numbers.tolist())


def _checked(counts: Sequence[int], size_hw: tuple[int, int]) -> Int64[np.ndarray, " n"]:
    """The counts as numbers, all at least 0 and of the image's pixels in sum."""
    height, width = size_hw
    try:
        runs = np.asarray(counts, np.int64)
    except OverflowError as error:
        raise MaskValueError(f"A run of {max(counts)} pixels cannot be in {height * width}.") from error
    if runs.size and (runs.min() < 0 or runs.max() > height * width):
        raise MaskValueError(f"A run of {runs.min() if runs.min() < 0 else runs.max()} pixels cannot be in {height * width}.")
    if runs.sum() != height * width:
        raise MaskValueError(
            f"The runs add up to {runs.sum()} pixels, but the image has {height} x {width} = {height * width}."
        )
    return runs
