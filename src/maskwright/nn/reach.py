"""Which input pixels every pixel of a map depends on, along one axis: intervals, carried from map to map."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from jaxtyping import Bool, Int64

OUTSIDE = -1  # a tap beyond the map, where padding lies
NEVER_FIRST, NEVER_LAST = 2**40, -(2**40)  # of an interval without pixels


@dataclass(frozen=True, eq=False)
class Reach:
    """For each of a map's n rows (or columns) the first and the last of the image that it depends on.

    Where it depends on none, as the mean of a whole map does when that is left out, `first` is above `last`.
    """

    first: Int64[np.ndarray, " n"]
    last: Int64[np.ndarray, " n"]

    @classmethod
    def of_image(cls, length: int) -> "Reach":
        """Each pixel of the image depends on itself."""
        return cls(np.arange(length), np.arange(length))

    @classmethod
    def of_nothing(cls, length: int) -> "Reach":
        """A map that depends on no pixel in particular."""
        return cls(np.full(length, NEVER_FIRST), np.full(length, NEVER_LAST))

    def through(self, taps: Int64[np.ndarray, "t m"]) -> "Reach":
        """The reach of a map whose pixel j is made from the pixels `taps[:, j]` of this one; `OUTSIDE` is no pixel."""
        outside = taps == OUTSIDE
        return Reach(
            np.where(outside, NEVER_FIRST, self.first[taps]).min(axis=0),
            np.where(outside, NEVER_LAST, self.last[taps]).max(axis=0),
        )

    def spread(self, length: int) -> "Reach":
        """One value, used at every pixel of a map of this length."""
        return self if len(self.first) == length else Reach(np.repeat(self.first, length), np.repeat(self.last, length))

    @property
    def is_something(self) -> Bool[np.ndarray, " n"]:
        return np.asarray(self.first <= self.last)

    @property
    def size(self) -> int:
        """The longest interval; 0 where none has a pixel."""
        return int(np.where(self.is_something, self.last - self.first + 1, 0).max())

    @property
    def stride(self) -> float | None:
        """Image pixels from one pixel of the map to the next, in the middle half of it; None for a single value.

        It is measured over a multiple of 64 pixels where there are as many, since an upsampled map moves on in jumps.
        """
        places = np.flatnonzero(self.is_something)
        steps = len(places) // 2
        steps -= steps % 64 if steps >= 64 else 0
        if steps == 0:
            return None
        low = places[(len(places) - steps) // 2]
        moved = self.first[low + steps] + self.last[low + steps] - self.first[low] - self.last[low]
        return float(moved / 2 / steps)


def union(reaches: list[Reach]) -> Reach:
    """The reach of a map made from several, pixel by pixel; single values are used at every pixel."""
    length = max(len(reach.first) for reach in reaches)
    wide = [reach.spread(length) for reach in reaches]
    return reduce(lambda a, b: Reach(np.minimum(a.first, b.first), np.maximum(a.last, b.last)), wide)
