"""Images and masks at a fraction of their size, for networks that see large objects whole."""

from dataclasses import replace

import numpy as np
from jaxtyping import Num, UInt16

from maskwright.masks.region import Region
from maskwright.masks.types import Instances


def shrink_image(image: Num[np.ndarray, "h w c"], factor: int) -> Num[np.ndarray, "h1 w1 c"]:
    """The mean of every block of `factor` x `factor` pixels, in the image's own type; at the rim the image is mirrored.

    What `nn.shrunk.Shrunk` does to an image, but for the rounding of whole numbers.
    """
    if factor == 1:
        return image
    means = _blocks(image, factor).mean(axis=(1, 3), dtype=np.float32)
    shrunk: Num[np.ndarray, "h1 w1 c"] = (np.rint(means) if image.dtype.kind in "ui" else means).astype(image.dtype)
    return shrunk


def shrink_classes(ids: UInt16[np.ndarray, "h w"], factor: int) -> UInt16[np.ndarray, "h1 w1"]:
    """The class that most pixels of a block have; of classes that are even the one of the pixel in its middle, if it is one."""
    if factor == 1:
        return ids
    blocks = _blocks(ids, factor)
    middle = blocks[:, factor // 2, :, factor // 2]
    found = np.zeros(middle.shape, np.uint16)
    most = np.zeros(middle.shape, np.int64)
    for class_id in np.unique(ids):
        votes = 2 * np.count_nonzero(blocks == class_id, axis=(1, 3)) + (middle == class_id)
        found[votes > most] = class_id
        most = np.maximum(most, votes)
    return found


def shrink_objects(objects: Instances, factor: int) -> Instances:
    """Each object has the blocks of which it has most pixels; one that has none is left out."""
    if factor == 1:
        return objects
    height, width = objects.size_hw
    regions = []
    for region in objects.regions:
        x0, y0, x1, y1 = region.box_xyxy
        left, top, right, bottom = x0 // factor, y0 // factor, -(-x1 // factor), -(-y1 // factor)
        window = region.window((left * factor, top * factor, right * factor, bottom * factor))
        pixels = window.mask(((bottom - top) * factor, (right - left) * factor))
        regions.append(Region((left, top, right, bottom), shrink_classes(pixels.astype(np.uint16), factor) > 0))
    shrunk = replace(
        objects,
        size_hw=(-(-height // factor), -(-width // factor)),
        regions=tuple(regions),
        ignored=None if objects.ignored is None else shrink_classes(objects.ignored.astype(np.uint16), factor) > 0,
    )
    return shrunk.take([place for place, region in enumerate(regions) if region.area])


def _blocks(values: Num[np.ndarray, "h w *c"], factor: int) -> Num[np.ndarray, "rows y columns x *c"]:
    """The array in blocks, with its last rows and columns mirrored, or repeated where it is smaller than that, to fill them."""
    missing = [(0, -side % factor) for side in values.shape[:2]]
    mirrors = all(after < side for (_, after), side in zip(missing, values.shape, strict=False))
    whole = np.pad(values, [*missing, *[(0, 0)] * (values.ndim - 2)], mode="reflect" if mirrors else "edge")
    rows, columns = (side // factor for side in whole.shape[:2])
    return whole.reshape(rows, factor, columns, factor, *values.shape[2:])
