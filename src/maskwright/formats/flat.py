"""Objects laid flat into one picture of numbers, where a pixel has one object at most: who is on top, and who loses what."""

from pathlib import Path

import numpy as np
from jaxtyping import Int32, Int64

from maskwright.base.errors import MaskValueError
from maskwright.formats.annotations import Holds, Loss, not_held, path_below
from maskwright.masks.convert import instances_to_labels
from maskwright.masks.types import Instances


def flatten(name: str, instances: Instances, holds: Holds) -> tuple[Int32[np.ndarray, "h w"], list[Loss]]:
    """The place of the object at every pixel plus one, 0 where there is none or where pixels are ignored; and what is lost.

    Who is on top is decided as in `instances_to_labels`, but of objects of one score the smaller one is, so that least is lost.
    Lost are what `not_held` says, and pixels under other objects and under ignored pixels, each with the IoU of what is left.
    """
    window = (0, 0, instances.size_hw[1], instances.size_hw[0])
    areas = np.array([region.window(window).area for region in instances.regions], np.int64)
    labels = _largest_first(instances, areas)
    if instances.ignored is not None and holds.ignored:
        labels[instances.ignored] = 0
    losses = not_held(name, instances, holds)
    seen = np.bincount(labels.ravel(), minlength=len(instances) + 1)[1:]
    for place in np.flatnonzero(seen != areas).tolist():
        hidden = int(areas[place] - seen[place])
        what = f"{hidden} of its {areas[place]} pixels lie under other objects or ignored pixels"
        left = float(seen[place] / areas[place])
        losses.append(Loss(name, place, what if left else f"{what}, so that it is left out", left))
    return labels, losses


def _largest_first(instances: Instances, areas: Int64[np.ndarray, " n"]) -> Int32[np.ndarray, "h w"]:
    """`instances_to_labels`, for which of equals the later is on top, in an order in which the later is the smaller."""
    order = np.argsort(-areas, kind="stable")
    sorted_labels = instances_to_labels(instances.take(order.tolist()))
    labels: Int32[np.ndarray, "h w"] = np.append(0, order + 1).astype(np.int32)[sorted_labels]
    return labels


class OwnFiles:
    """The files that the images of a data set have for themselves, below a folder; no two images may have one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.image_of = folder, dict[str, str]()

    def stem(self, name: str) -> str:
        """The image's name without the suffix. Raises `MaskValueError` where it leads out of the folder or is taken."""
        stem = path_below(self.folder, name, "").relative_to(self.folder).as_posix()
        taken = self.image_of.get(stem.casefold())  # there are systems for which A.png is a.png
        if taken is not None:
            raise MaskValueError(
                f"{self.folder / stem}: would be written for '{taken}' and for '{name}'. Name images apart from their suffix."
            )
        self.image_of[stem.casefold()] = name
        return stem
