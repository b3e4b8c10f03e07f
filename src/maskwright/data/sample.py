"""One image and, where it is known, its segmentation."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Num

from maskwright.base.errors import DataError
from maskwright.masks.types import Segmentation


@dataclass(frozen=True, eq=False)
class Sample:
    """An image of 8-bit, 16-bit or float values with 1..n channels, its ground truth or None, and the group it belongs to.

    Samples of one group (a patient, a slide, a movie) never stand on both sides of a split.
    """

    id: str
    image: Num[np.ndarray, "h w c"]
    segmentation: Segmentation | None = None
    group: str = ""

    def __post_init__(self) -> None:
        if self.image.dtype not in (np.uint8, np.uint16, np.float32) or self.image.ndim != 3:
            raise DataError(
                f"{self.id}: an image is uint8, uint16 or float32 of shape (h, w, channels), "
                f"not {self.image.dtype} of shape {self.image.shape}."
            )
        if self.segmentation is not None and self.segmentation.size_hw != self.size_hw:
            raise DataError(f"{self.id}: the image has the size {self.size_hw}, its mask {self.segmentation.size_hw}.")
        self.image.setflags(write=False)

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.image.shape[0], self.image.shape[1]
