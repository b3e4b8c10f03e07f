"""What each object of an image measures: size, place, shape and intensities, by scikit-image's definitions."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Num
from skimage.measure import regionprops

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE, Classes, ClassInfo
from maskwright.masks.convert import to_instances
from maskwright.masks.pixel_size import PixelSize
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, LabelMap, Segmentation

Value = str | int | float  # a float that cannot be measured is NaN
Row = dict[str, Value]

WHO = ("object", "class", "score")
AREA = "area"
LENGTHS = (
    "perimeter", "centroid_x", "centroid_y", "box_x0", "box_y0", "box_x1", "box_y1", "major_axis", "minor_axis",
    "equivalent_diameter",
)  # fmt: skip
SHAPES = ("eccentricity", "orientation_deg", "solidity")
STRETCHED = ("eccentricity_stretched", "orientation_stretched_deg")  # where pixels are not square
INTENSITIES = ("mean", "min", "max", "integrated")


def measure(
    segmentation: Segmentation,
    image: Num[np.ndarray, "h w c"] | None = None,
    *,
    pixel_size: PixelSize | None = None,
    channel_names: Sequence[str] | None = None,
) -> list[Row]:
    """One row an object, in the objects' order, with the columns that `columns` lists.

    Each object is measured in its own box, so that overlaps and objects of several parts count whole and memory stays small.
    Of a label map every connected part of a class is an object, see `objects_of`. Crowds stand for no single object: they have
    no row. An object without a pixel has the area 0 and NaN elsewhere. With `pixel_size`, lengths and areas stand in its unit
    beside those in pixels. Raises `MaskValueError` where the image has another size or other channels than there are names.
    """
    instances = objects_of(segmentation)
    height, width = instances.size_hw
    if image is not None and image.shape[:2] != instances.size_hw:
        raise MaskValueError(
            f"The image has {image.shape[1]} x {image.shape[0]} pixels, its mask {width} x {height}. "
            "Measure a mask on the image that it was made for."
        )
    names = [] if image is None else _channel_names(image.shape[2], channel_names)
    rows: list[Row] = []
    for place, region in enumerate(instances.regions):
        if instances.is_crowd[place]:
            continue
        inside = region.window((0, 0, width, height)).tight()
        row: Row = {
            "object": place + 1,
            "class": instances.classes[int(instances.class_ids[place])].name,
            "score": float(instances.scores[place]),
        }
        row |= _shape(inside)
        if pixel_size is not None:
            row |= _in_units(inside, row, pixel_size)
        if image is not None:
            row |= _intensities(inside, image, names)
        rows.append(row)
    return rows


def columns(channels: Sequence[str] = (), *, unit: str | None = None, is_square: bool = True) -> tuple[str, ...]:
    """The columns of the rows: who, pixels, units, intensities; what is stretched only where pixels are not square."""
    units: tuple[str, ...] = ()
    if unit is not None:
        units = (f"{AREA}_{unit}2", *(f"{name}_{unit}" for name in LENGTHS), *(() if is_square else STRETCHED))
    intensities = tuple(f"{name}_{channel}" for channel in channels for name in INTENSITIES)
    return (*WHO, AREA, *LENGTHS, *SHAPES, *units, *intensities)


def objects_of(segmentation: Segmentation) -> Instances:
    """The objects of a segmentation; of a label map, the connected parts (8 neighbours) of every class but the background."""
    if not isinstance(segmentation, LabelMap) or segmentation.classes.background == 0:
        return to_instances(segmentation)
    ids = segmentation.ids
    behind = Classes((ClassInfo("\x00", (0, 0, 0)), *segmentation.classes))  # so that class 0, which is real, counts
    shifted = to_instances(LabelMap(np.where(ids == IGNORE, ids, ids + 1).astype(np.uint16), behind))
    return Instances(
        size_hw=shifted.size_hw,
        regions=shifted.regions,
        class_ids=shifted.class_ids - 1,
        scores=shifted.scores.copy(),
        is_crowd=shifted.is_crowd.copy(),
        classes=segmentation.classes,
        ignored=shifted.ignored,
    )


def numbered_channels(count: int) -> tuple[str, ...]:
    """'c1', 'c2' ..., where a file gives its channels no names."""
    return tuple(f"c{number}" for number in range(1, count + 1))


def _shape(region: Region) -> Row:
    """In pixels; the middle of the first pixel is (0, 0), boxes are half-open."""
    if not region.area:
        return {AREA: 0, **dict.fromkeys((*LENGTHS, *SHAPES), math.nan)}
    x0, y0, x1, y1 = region.box_xyxy
    found = _properties(region)
    y, x = found.centroid
    return {
        AREA: int(found.area),
        "perimeter": float(found.perimeter),
        "centroid_x": float(x) + x0,
        "centroid_y": float(y) + y0,
        "box_x0": x0,
        "box_y0": y0,
        "box_x1": x1,
        "box_y1": y1,
        "major_axis": float(found.axis_major_length),
        "minor_axis": float(found.axis_minor_length),
        "equivalent_diameter": float(found.equivalent_diameter_area),
        "eccentricity": float(found.eccentricity),
        "orientation_deg": math.degrees(found.orientation),
        "solidity": float(found.solidity),
    }


def _properties(region: Region, *, spacing: tuple[float, float] = (1, 1)) -> Any:
    """scikit-image's properties of a region's pixels, all of which are one object."""
    (found,) = regionprops(region.pixels.astype(np.uint8), spacing=spacing)  # type: ignore[no-untyped-call]
    return found


def _in_units(region: Region, row: Mapping[str, Value], size: PixelSize) -> Row:
    """The lengths and the area of `row` in the unit of a pixel's sides; ellipses fitted anew where pixels are not square."""
    sides = {name: size.x if "_x" in name else size.y for name in LENGTHS}
    units: Row = {f"{AREA}_{size.unit}2": float(row[AREA]) * size.y * size.x}
    units |= {f"{name}_{size.unit}": float(row[name]) * side for name, side in sides.items()}
    if size.is_square:
        return units
    units[f"perimeter_{size.unit}"] = math.nan  # scikit-image defines it on square pixels alone
    if not region.area:
        return units | dict.fromkeys(STRETCHED, math.nan)
    found = _properties(region, spacing=(size.y, size.x))
    units[f"major_axis_{size.unit}"] = float(found.axis_major_length)
    units[f"minor_axis_{size.unit}"] = float(found.axis_minor_length)
    units[f"equivalent_diameter_{size.unit}"] = float(found.equivalent_diameter_area)
    return units | {
        "eccentricity_stretched": float(found.eccentricity),
        "orientation_stretched_deg": math.degrees(found.orientation),
    }


def _intensities(region: Region, image: Num[np.ndarray, "h w c"], names: Sequence[str]) -> Row:
    x0, y0, x1, y1 = region.box_xyxy
    pixels: Bool[np.ndarray, "h w"] = region.pixels
    row: Row = {}
    for channel, name in enumerate(names):
        values = image[y0:y1, x0:x1, channel][pixels]
        number = int if values.dtype.kind in "iu" else float
        total = values.sum(dtype=np.int64 if number is int else np.float64)
        found = (
            (float(total / len(values)), *map(number, (values.min(), values.max(), total))) if len(values) else (math.nan,) * 4
        )
        row |= {f"{what}_{name}": value for what, value in zip(INTENSITIES, found, strict=True)}
    return row


def _channel_names(count: int, given: Sequence[str] | None) -> Sequence[str]:
    if given is not None and (len(given) != count or len(set(given)) != count):
        raise MaskValueError(f"The image has {count} channels, which need as many different names, not {list(given)}.")
    return numbered_channels(count) if given is None else given
