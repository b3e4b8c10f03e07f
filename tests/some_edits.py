"""Edits for the tests of the studio, on images of 16 x 12 pixels."""

import uuid
from typing import Any

import numpy as np

from maskwright.masks import box_runs
from maskwright.masks.region import Region
from maskwright.studio.edits import Wanted
from maskwright.studio.history import Edit, Outcome, Step, edit
from maskwright.studio.objects import Mask
from maskwright.studio.store import Store

SIZE_HW = (12, 16)


def mask(*boxes_xyxy: tuple[int, int, int, int]) -> Mask:
    """The union of boxes."""
    drawn = np.zeros(SIZE_HW, bool)
    for x0, y0, x1, y1 in boxes_xyxy:
        drawn[y0:y1, x0:x1] = True
    return mask_of(drawn)


def mask_of(drawn: np.ndarray) -> Mask:
    region = Region.of_mask(drawn)
    return Mask(region.box_xyxy, box_runs.text_of(region))


def pixels(found: Mask) -> np.ndarray:
    return box_runs.region_of(found.box, found.runs).mask(SIZE_HW)


def new_edit(base: int, *changes: Wanted, **values: Any) -> Edit:
    """An edit with an id of its own."""
    return Edit(edit_id=str(uuid.uuid4()), base_revision=base, changes=changes, **values)


def step(base: int) -> Step:
    return Step(edit_id=str(uuid.uuid4()), base_revision=base)


def draw(store: Store, image: int, base: int, name: str, *boxes: tuple[int, int, int, int], **values: Any) -> Outcome:
    """One new object of class 1."""
    return edit(store.database, image, new_edit(base, Wanted(name, {"class_id": 1}, add=mask(*boxes)), **values))
