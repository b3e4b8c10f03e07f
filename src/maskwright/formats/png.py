"""Masks as PNG files, and as the other files that Pillow reads."""

from pathlib import Path

import imagecodecs
import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import Image

from maskwright.base.errors import MaskValueError
from maskwright.base.files import atomic_path, atomic_write
from maskwright.formats import stored
from maskwright.formats.content import MAX_PIXELS
from maskwright.formats.instance_labels import instance_labels
from maskwright.formats.mask_values import mask_values
from maskwright.formats.palette import write_palette
from maskwright.masks.classes import IGNORE
from maskwright.masks.coding import RawMask
from maskwright.masks.types import Instances, LabelMap

IGNORE_8BIT = 255
MOST_OBJECTS = IGNORE - 1  # that 16 bits number, beside the background and what is ignored
IGNORE_COLOR = (255, 255, 255)


def read_mask(path: Path, *, max_pixels: int = MAX_PIXELS) -> RawMask:
    """The mask as it lies in the file: palette indices, gray values, or colours. Raises `ImageFileError`, `MaskValueError`."""
    path = Path(path)
    return mask_values(*stored.read_pixels(path, max_pixels), path)


def write_label_map(path: Path, label_map: LabelMap) -> None:
    """Class ids as an 8-bit palette PNG that shows the classes' colours, `IGNORE` as 255; 16-bit gray beyond 255 classes."""
    path = Path(path)
    if len(label_map.classes) > IGNORE_8BIT:
        atomic_write(path, bytes(imagecodecs.png_encode(label_map.ids)))
        return
    ids = np.where(label_map.ids == IGNORE, IGNORE_8BIT, label_map.ids).astype(np.uint8)
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(label_map.classes)] = [info.color for info in label_map.classes]
    palette[IGNORE_8BIT] = IGNORE_COLOR
    write_palette(path, ids, palette)


def write_instances(path: Path, instances: Instances, *, allow_loss: bool = False) -> tuple[str, ...]:
    """Objects as 1 to n in a 16-bit PNG, 0 the background, ignored pixels 65535. Returns in words what was lost.

    Raises `MaskValueError` on overlaps and several classes unless `allow_loss`, and on more than 65534 objects always.
    """
    if len(instances) > MOST_OBJECTS:
        raise MaskValueError(
            f"{path}: a 16-bit PNG holds {MOST_OBJECTS} objects, not {len(instances)}. Write a .tif file instead."
        )
    labels, lost = instance_labels(instances, Path(path), allow_loss=allow_loss)
    ids: UInt16[np.ndarray, "h w"] = labels.astype(np.uint16)
    if instances.ignored is not None:
        ids[instances.ignored] = IGNORE
    atomic_write(Path(path), bytes(imagecodecs.png_encode(ids)))
    return lost


def write_picture(path: Path, picture: UInt8[np.ndarray, "h w 3"]) -> None:
    """8-bit RGB to be looked at, such as an overlay."""
    with atomic_path(Path(path)) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG")


def write_image(path: Path, image: UInt8[np.ndarray, "h w c"] | UInt16[np.ndarray, "h w c"]) -> None:
    """Gray or RGB of 8 or 16 bits, as `read_image` reads it back. Raises `MaskValueError` on other numbers of channels."""
    if image.shape[2] not in (1, 3):
        raise MaskValueError(f"{path}: a PNG holds 1 or 3 channels, not {image.shape[2]}. Convert the images to gray or RGB.")
    pixels = np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)
    atomic_write(Path(path), bytes(imagecodecs.png_encode(pixels)))
