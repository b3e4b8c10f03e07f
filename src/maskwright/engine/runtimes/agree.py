"""How far a network in bfloat16 says what it says in single precision, on real images."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Num
from torch import Tensor

from maskwright.base.errors import MaskwrightError
from maskwright.data.channels import with_channels
from maskwright.data.pairing import image_files
from maskwright.engine.export_said import agreement
from maskwright.engine.runtimes.ready import Ready
from maskwright.formats.images import read_image
from maskwright.formats.large_image import is_large, open_large
from maskwright.masks.tiles import whole_tile
from maskwright.masks.types import Segmentation
from maskwright.plan.plan import Plan
from maskwright.tasks.task import Task

COMPARED = 3  # images
SIDE = 512  # of what is compared of each, at most
LEAST = {"pixels": 0.999, "panoptic quality": 0.995}

Images = Sequence[Num[np.ndarray, "_ _ c"]]


@dataclass(frozen=True)
class Agreement:
    """From 0 to 1, and what that counts: pixels of the same class, or objects by their panoptic quality."""

    share: float
    by: str
    images: int

    @property
    def is_enough(self) -> bool:
        """Whether the faster of the two may stand for the other."""
        return self.share >= LEAST[self.by]

    @property
    def words(self) -> str:
        """For a terminal."""
        on = f"of {self.images} image{'s' if self.images > 1 else ''}"
        if self.by == "pixels":
            return f"{self.share:.2%} of the pixels {on} ({LEAST[self.by]:.1%} are asked for)"
        return f"a {self.by} of {self.share:.3f} {on} ({LEAST[self.by]} is asked for)"


def agreement_of(task: Task, plan: Plan, first: Ready, other: Ready, images: Images) -> Agreement:
    """How far the segmentations of both agree, all images together."""
    pairs = [(_found(task, plan, first, image), _found(task, plan, other, image)) for image in images]
    return Agreement(*agreement(pairs), len(images))


@torch.inference_mode()
def _found(task: Task, plan: Plan, ready: Ready, image: Num[np.ndarray, "h w c"]) -> Segmentation:
    """The segmentation of an image as one tile."""
    pixels = torch.from_numpy(plan.normalization.apply(with_channels(image, plan.channels, name="this image")))
    size_hw = (image.shape[0], image.shape[1])
    (said,) = task.predict_tile(ready.network, ready.takes(pixels[None]))
    outputs = said.cpu().numpy() if isinstance(said, Tensor) else said
    return task.confident(task.merge([(whole_tile(size_hw), outputs)], size_hw))


def some_of(paths: Iterable[Path]) -> list[Num[np.ndarray, "_ _ c"]]:
    """The middle of the first images of files and folders; what cannot be read is told when it is predicted."""
    found: list[Num[np.ndarray, "_ _ c"]] = []
    for path in islice(image_files(map(Path, paths)), 2 * COMPARED):
        with suppress(MaskwrightError, OSError):
            found.append(_middle_of(path))
        if len(found) == COMPARED:
            break
    return found


def middle(image: Num[np.ndarray, "h w c"]) -> Num[np.ndarray, "h1 w1 c"]:
    """What a comparison looks at of an image."""
    return image[_box(image.shape[0]), _box(image.shape[1])]


def _middle_of(path: Path) -> Num[np.ndarray, "h w c"]:
    if not is_large(path):
        return middle(read_image(path))
    opened = open_large(path)
    try:
        rows, columns = (_box(length) for length in opened.size_hw)
        return opened.read((columns.start, rows.start, columns.stop, rows.stop), len(opened.planes) // 2)
    finally:
        opened.close()


def _box(length: int) -> slice:
    side = min(length, SIDE)
    return slice((length - side) // 2, (length - side) // 2 + side)
