"""Stored pixels as every reader gives them: channels last, in three types, without palette, inks and alpha."""

from pathlib import Path

import numpy as np
from jaxtyping import Num, Shaped, UInt8

from maskwright.base.errors import ImageFileError
from maskwright.formats.stored import Header


def shown(pixels: Shaped[np.ndarray, "h w *c"], header: Header, path: Path) -> Num[np.ndarray, "h w c"]:
    """Stored pixels, all or a part of them, as `read_image` gives them, but not turned upright and with NaN as they are."""
    if pixels.dtype.kind not in "buif":
        raise ImageFileError(f"{path}: pixels of the type {pixels.dtype} are not read. Save them as 8-bit, 16-bit or float.")
    if header.color == "white is 0" and pixels.dtype.kind in "bu":
        pixels = np.logical_not(pixels) if pixels.dtype == np.bool_ else np.iinfo(pixels.dtype).max - pixels
    return _converted(_channels_last(pixels, header), header)


def shown_as(header: Header) -> tuple[int, np.dtype[np.generic]]:
    """Channels and type of what `shown` makes of a file's pixels."""
    return 3 if header.color in ("palette", "cmyk") else header.channels - header.has_alpha, _target(header.dtype)


def _channels_last(pixels: Shaped[np.ndarray, "h w *c"], header: Header) -> Shaped[np.ndarray, "h w c"]:
    """Gray, RGB or channels without palette, inks and alpha."""
    if header.palette is not None:
        colors = np.zeros((np.iinfo(pixels.dtype).max + 1, 3), np.uint8)
        colors[: len(header.palette)] = header.palette
        painted: UInt8[np.ndarray, "h w c"] = colors[pixels]
        return painted
    if pixels.ndim == 2:
        return pixels[..., None]
    if header.color == "cmyk":
        top = np.iinfo(pixels.dtype).max
        light = top - pixels.astype(np.float64)
        return (light[..., :3] * light[..., 3:] / top).round().astype(pixels.dtype)
    if header.has_alpha:
        return _over_black(pixels)
    return pixels


def _over_black(pixels: Shaped[np.ndarray, "h w c"]) -> Shaped[np.ndarray, "h w c1"]:
    """The channels weighted by the last one, alpha, whose full value is the type's largest number (1 for floats)."""
    color, alpha = pixels[..., :-1], pixels[..., -1:]
    opaque = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "iu" else 1
    if (alpha == opaque).all():
        return color
    weighted = color * (alpha.astype(np.float64) / opaque)
    return (weighted.round() if pixels.dtype.kind in "iu" else weighted).astype(pixels.dtype)


def _target(dtype: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """The type that an image of this stored type gets."""
    if dtype in (np.bool_, np.uint8):
        return np.dtype(np.uint8)
    return np.dtype(np.uint16) if dtype.newbyteorder("=") == np.uint16 else np.dtype(np.float32)


def _converted(pixels: Shaped[np.ndarray, "h w c"], header: Header) -> Num[np.ndarray, "h w c"]:
    if header.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    return pixels.astype(_target(pixels.dtype))
