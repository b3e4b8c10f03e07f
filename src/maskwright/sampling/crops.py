"""Where crops are cut: evenly over every image, or around pixels of a class so that rare classes are seen."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, UInt16

from maskwright.base.rng import stream
from maskwright.masks.classes import IGNORE

POSITIONS_PER_CLASS = 2000  # remembered pixels per image and class: enough for variety, a few kilobytes an image
JITTER = 0.25  # a chosen pixel lies up to this share of the crop's side from its centre


@dataclass(frozen=True, eq=False)
class ClassIndex:
    """Where the classes of a data set lie: per sample the `positions_yx` of some pixels of each class it shows."""

    positions_yx: tuple[dict[int, Int32[np.ndarray, "_ 2"]], ...]

    @property
    def samples_with(self) -> dict[int, tuple[int, ...]]:
        """The samples that show each class."""
        found: dict[int, list[int]] = {}
        for number, positions in enumerate(self.positions_yx):
            for class_id in positions:
                found.setdefault(class_id, []).append(number)
        return {class_id: tuple(numbers) for class_id, numbers in sorted(found.items())}


def class_positions(target: UInt16[np.ndarray, "h w"], number: int) -> dict[int, Int32[np.ndarray, "_ 2"]]:
    """Some pixels (row, column) of every class of sample `number`; ignored pixels are no class."""
    rng = stream(0, "class positions", number)
    flat = target.ravel()
    found = {}
    for class_id in np.unique(flat).tolist():
        if class_id == IGNORE:
            continue
        places = np.flatnonzero(flat == class_id)
        if len(places) > POSITIONS_PER_CLASS:
            places = rng.choice(places, POSITIONS_PER_CLASS, replace=False)
        found[class_id] = np.stack(np.unravel_index(places, target.shape), axis=1).astype(np.int32)
    return found


def uniform_corner(rng: np.random.Generator, size_hw: tuple[int, int], crop_hw: tuple[int, int]) -> tuple[int, int]:
    """The upper left corner (y, x) of a crop anywhere in the image; negative where the image is smaller than the crop."""
    return _between(rng, size_hw[0] - crop_hw[0]), _between(rng, size_hw[1] - crop_hw[1])


def corner_around(
    rng: np.random.Generator, center_yx: tuple[int, int], size_hw: tuple[int, int], crop_hw: tuple[int, int]
) -> tuple[int, int]:
    """The upper left corner (y, x) of a crop inside the image with the given pixel near its middle."""
    corner = []
    for center, size, side in zip(center_yx, size_hw, crop_hw, strict=True):
        start = center - side // 2 + round(rng.uniform(-JITTER, JITTER) * side)
        corner.append(min(max(start, 0), size - side) if size >= side else _between(rng, size - side))
    return corner[0], corner[1]


def _between(rng: np.random.Generator, room: int) -> int:
    """A whole number between 0 and `room`, both included, on whichever side of 0 that lies."""
    return int(rng.integers(min(room, 0), max(room, 0), endpoint=True))
