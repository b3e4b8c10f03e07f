"""Masks as TIFF files: integers of any width."""

from contextlib import closing
from pathlib import Path

import numpy as np
import tifffile
from jaxtyping import Integer

from maskwright.base.files import atomic_path
from maskwright.formats import tiff_pages
from maskwright.formats.content import MAX_PIXELS, check_pixels
from maskwright.formats.instance_labels import instance_labels
from maskwright.formats.mask_values import mask_values
from maskwright.formats.plane_paths import file_of, is_plane
from maskwright.formats.planes import Plane
from maskwright.masks.coding import RawMask
from maskwright.masks.types import Instances, LabelMap

IGNORE_32BIT = 2**32 - 1


def read_mask(path: Path, *, max_pixels: int = MAX_PIXELS) -> RawMask:
    """The mask as it lies in the file. Raises `ImageFileError`, and `MaskValueError` on values that are no labels."""
    path = Path(path)
    if not is_plane(path):
        return mask_values(*tiff_pages.read_pixels(path, max_pixels), path)
    with closing(Plane(path)) as plane:
        check_pixels(file_of(path), plane.size_hw, max_pixels)
        return mask_values(*plane.stored(), path)


def write_label_map(path: Path, label_map: LabelMap) -> None:
    """Class ids as 16-bit, `IGNORE` as 65535."""
    _write(Path(path), label_map.ids)


def write_instances(path: Path, instances: Instances, *, allow_loss: bool = False) -> tuple[str, ...]:
    """Objects as 1 to n in 32-bit, 0 the background, ignored pixels 4294967295. Returns in words what was lost.

    Raises `MaskValueError` on overlaps and several classes unless `allow_loss`.
    """
    labels, lost = instance_labels(instances, Path(path), allow_loss=allow_loss)
    ids = labels.astype(np.uint32)
    if instances.ignored is not None:
        ids[instances.ignored] = IGNORE_32BIT
    _write(Path(path), ids)
    return lost


def _write(path: Path, values: Integer[np.ndarray, "h w"]) -> None:
    with atomic_path(path) as temporary:
        tifffile.imwrite(temporary, values, photometric="minisblack", compression="zlib", metadata={"axes": "YX"})
