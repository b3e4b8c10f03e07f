"""Stored pixels as mask values: exact, never converted to gray, refused where they are no labels."""

from pathlib import Path

import numpy as np
from jaxtyping import Num, Shaped

from maskwright.base.errors import MaskValueError
from maskwright.formats.stored import Header, oriented
from maskwright.masks.coding import RawMask


def mask_values(header: Header, pixels: Shaped[np.ndarray, "h w *c"], path: Path) -> RawMask:
    """The raw mask of a file's pixels. Raises `MaskValueError` on fractions and on channels that are no colour."""
    notes = list(header.notes)
    values = oriented(pixels, header.orientation)
    if header.color == "white is 0":
        notes.append("a TIFF that shows 0 as white; the values are taken as stored")
    if values.ndim == 3 and header.has_alpha:
        values = _without_alpha(values, notes)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim == 3 and (values.shape[2] != 3 or header.color not in ("rgb", "channels")):
        raise MaskValueError(
            f"{path}: a mask has one value or one RGB colour a pixel, but this file has {values.shape[2]} channels. "
            f"Save one channel as its own file."
        )
    values = _whole(values, path, notes)
    if values.ndim == 3:
        values = _eight_bit(values, path)
    elif header.kind == "png" and header.color == "gray" and header.bits in (2, 4):
        values //= np.uint8(255 // (2**header.bits - 1))  # Pillow spreads 2- and 4-bit gray over 0 to 255
    return RawMask(np.ascontiguousarray(values), header.palette, header.lossy, tuple(notes))


def _without_alpha(values: Shaped[np.ndarray, "h w c"], notes: list[str]) -> Shaped[np.ndarray, "h w c1"]:
    """Drops an opaque alpha; where only alpha varies it is the mask; else what is transparent becomes 0."""
    color, alpha = values[..., :-1], values[..., -1]
    if (alpha == alpha.flat[0]).all():
        return color
    if (color == color[0, 0]).all():
        notes.append("one colour and a varying alpha; the alpha is the mask")
        return alpha[..., None]
    notes.append("an alpha channel; transparent pixels are read as 0")
    return np.where((alpha > 0)[..., None], color, 0).astype(values.dtype)


def _whole(values: Shaped[np.ndarray, "h w *c"], path: Path, notes: list[str]) -> Num[np.ndarray, "h w *c"]:
    """The values as integers in this machine's byte order."""
    if values.dtype == np.bool_:
        return values.astype(np.uint8)
    if values.dtype.kind in "iu":
        return values.astype(values.dtype.newbyteorder("="))
    if values.dtype.kind != "f":
        raise MaskValueError(f"{path}: mask values of the type {values.dtype} are no labels. Save them as integers.")
    whole = np.isfinite(values) & (values == np.round(values)) & (np.abs(values) < 2**31)
    if not whole.all():
        fractions = values[~whole]
        raise MaskValueError(
            f"{path}: {fractions.size} of {values.size} float values are no whole numbers; one is {fractions.flat[0]:.6g}. "
            f"If they are probabilities, save 'value >= 0.5' as an 8-bit mask; otherwise save the class ids as integers."
        )
    notes.append(f"whole numbers stored as {values.dtype}")
    return values.astype(np.int32)


def _eight_bit(values: Num[np.ndarray, "h w 3"], path: Path) -> Num[np.ndarray, "h w 3"]:
    """Colours as 0 to 255; 16-bit colours that are 257 times as large are divided."""
    if values.dtype != np.uint8 and values.max(initial=0) > 255 and not (values % 257).any():
        values = values // 257
    if values.min(initial=0) < 0 or values.max(initial=0) > 255:
        raise MaskValueError(f"{path}: mask colours go from 0 to 255, but here is {values.max()}. Save the mask as 8-bit RGB.")
    return values.astype(np.uint8)
