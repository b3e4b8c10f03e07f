"""What was decided on an image already, its objects and the rejected proposals, which nobody needs proposed again."""

from collections.abc import Sequence

import numpy as np

from maskwright.masks.spans import Spans
from maskwright.studio.database import Database
from maskwright.studio.objects import Mask
from maskwright.studio.rows import objects_of

COVERED = 0.5  # of a proposal that is known, from which it is

REJECTED = "SELECT x0, y0, x1, y1, runs FROM proposals WHERE image = ? AND state = 'rejected'"


class Known:
    """Masks of an image, each of which may hold what is asked about."""

    def __init__(self, masks: Sequence[Mask], size_hw: tuple[int, int]) -> None:
        self._masks, self._size_hw = masks, size_hw
        self._boxes = np.array([mask.box for mask in masks], np.int64).reshape(-1, 4)
        self._spans: dict[int, Spans] = {}

    def holds(self, mask: Mask) -> bool:
        """Whether most of a mask lies in one of them. Raises `MaskValueError` where it does not fit the image."""
        spans = mask.spans(self._size_hw)
        x0, y0, x1, y1 = mask.box
        boxes = self._boxes
        meet = (boxes[:, 0] < x1) & (boxes[:, 1] < y1) & (boxes[:, 2] > x0) & (boxes[:, 3] > y0)
        return any((spans & self._of(place)).area >= COVERED * spans.area for place in np.flatnonzero(meet).tolist())

    def _of(self, place: int) -> Spans:
        if place not in self._spans:
            self._spans[place] = self._masks[place].spans(self._size_hw)
        return self._spans[place]


def known_on(database: Database, image: int, size_hw: tuple[int, int]) -> Known:
    """What is known of an image."""
    with database.reading() as connection:
        masks = [drawn.mask for _, drawn in objects_of(connection, image)]
        rows = connection.execute(REJECTED, (image,))
        masks += [Mask((row["x0"], row["y0"], row["x1"], row["y1"]), row["runs"]) for row in rows]
    return Known(masks, size_hw)
