"""One binary mask cropped to its box, so that its cost follows the object and not the image."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from maskwright.base.errors import MaskValueError


@dataclass(frozen=True, eq=False)
class Region:
    """The pixels of one object inside its half-open box (x0, y0, x1, y1). The box may lie anywhere in its image."""

    box_xyxy: tuple[int, int, int, int]
    pixels: Bool[np.ndarray, "h w"]

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.box_xyxy
        if self.pixels.dtype != np.bool_ or self.pixels.shape != (y1 - y0, x1 - x0):
            raise MaskValueError(
                f"A region's pixels must be a boolean array of its box's size {(y1 - y0, x1 - x0)}, "
                f"not {self.pixels.dtype} {self.pixels.shape}."
            )
        self.pixels.setflags(write=False)

    @classmethod
    def of_mask(cls, mask: Bool[np.ndarray, "h w"]) -> "Region":
        """The region of a whole-image mask, cropped to the tight box; an empty mask has the empty box (0, 0, 0, 0)."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows) == 0:
            return cls((0, 0, 0, 0), np.zeros((0, 0), bool))
        x0, x1, y0, y1 = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
        return cls((x0, y0, x1, y1), mask[y0:y1, x0:x1].copy())

    @property
    def area(self) -> int:
        """Pixels of the object."""
        return int(np.count_nonzero(self.pixels))

    def mask(self, size_hw: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
        """The region as a mask of the whole image; parts outside the image are cut off."""
        mask = np.zeros(size_hw, bool)
        x0, y0, x1, y1 = self.box_xyxy
        left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, size_hw[1]), min(y1, size_hw[0])
        if left < right and top < bottom:
            mask[top:bottom, left:right] = self.pixels[top - y0 : bottom - y0, left - x0 : right - x0]
        return mask
