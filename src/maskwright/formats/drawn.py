"""Objects of rings and masks, as people draw them: parts joined by their group, filled when their image is loaded."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from maskwright.base.errors import MaskValueError
from maskwright.formats.annotations import AnnotatedImage
from maskwright.masks.classes import Classes
from maskwright.masks.polygons import Polygon, fill_regions, united
from maskwright.masks.region import Region
from maskwright.masks.types import Instances


@dataclass(frozen=True, eq=False)
class DrawnObject:
    """An object as its file has it; it covers what one of its rings or masks covers. where: what the file calls it."""

    where: str
    class_id: int
    rings: tuple[Polygon, ...] = ()
    masks: tuple[Region, ...] = ()
    score: float = 1.0
    is_crowd: bool = False


def joined(shapes: Iterable[tuple[Hashable | None, DrawnObject]]) -> list[DrawnObject]:
    """Shapes of one group and class as one object, at the place of its first; None is no group."""
    objects: dict[Hashable, DrawnObject] = {}
    for place, (group, shape) in enumerate(shapes):
        key = ("alone", place) if group is None else (group, shape.class_id)
        first = objects.get(key)
        if first is not None:
            shape = replace(first, rings=first.rings + shape.rings, masks=first.masks + shape.masks)
        objects[key] = shape
    return list(objects.values())


def regions_of(objects: Sequence[DrawnObject], size_hw: tuple[int, int]) -> tuple[Region, ...]:
    """The pixels of each object on an image; what lies outside is cut off."""
    filled = fill_regions([one.rings for one in objects], size_hw)
    window = (0, 0, size_hw[1], size_hw[0])
    return tuple(
        united([region, *(mask.window(window) for mask in one.masks)]) if one.masks else region
        for one, region in zip(objects, filled, strict=True)
    )


def drawn_image(
    name: str,
    size_hw: tuple[int, int] | None,
    objects: Sequence[DrawnObject],
    classes: Classes,
    path: Path,
    *,
    where: str = "",
    ignored: Sequence[DrawnObject] = (),
    is_relative: bool = False,
) -> AnnotatedImage:
    """An image with its objects, to be filled when it is loaded.

    ignored: what is to count nowhere. is_relative: coordinates are parts of the image's width and height.
    """

    def load(size: tuple[int, int]) -> Instances:
        if size_hw is not None and size_hw != size:
            raise MaskValueError(
                f"{path}: the annotations of '{name}' are for {size_hw[1]} x {size_hw[0]} pixels, but the image has "
                f"{size[1]} x {size[0]}. Use the image that was annotated, neither resized nor rotated."
            )
        shown = [_scaled(one, size) for one in objects] if is_relative else objects
        return Instances(
            size_hw=size,
            regions=regions_of(shown, size),
            class_ids=np.array([one.class_id for one in objects], np.int64),
            scores=np.array([one.score for one in objects], np.float64),
            is_crowd=np.array([one.is_crowd for one in objects], bool),
            classes=classes,
            ignored=_mask(ignored, size) if ignored else None,
        )

    return AnnotatedImage(name, size_hw, load, path, len(objects), where)


def _scaled(one: DrawnObject, size_hw: tuple[int, int]) -> DrawnObject:
    return replace(one, rings=tuple(ring * np.array(size_hw[::-1], np.float64) for ring in one.rings))


def _mask(objects: Sequence[DrawnObject], size_hw: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    return united(regions_of(objects, size_hw)).mask(size_hw)
