"""Which pixels of its input each pixel of an operation's output is made from, along one axis."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from maskwright.nn.reach import OUTSIDE

Taps = Int64[np.ndarray, "t m"]
Arguments = Mapping[str, Any]  # of an ATen operation, by name
Rule = Callable[[Arguments, int, int, int], Taps]  # arguments, axis (0 rows, 1 columns), length of input and output


def _kept(places: Int64[np.ndarray, "t m"], inside: Bool[np.ndarray, "t m"]) -> Taps:
    return np.where(inside, places, OUTSIDE)


def _of_axis(value: Any, axis: int) -> Any:
    """One axis' value of an argument that may be given once for both; None where it is left out."""
    if not isinstance(value, list | tuple):
        return value
    return value[axis if len(value) > 1 else 0] if len(value) else None


def convolution(arguments: Arguments, axis: int, before: int, after: int) -> Taps:
    """Kernel taps `dilation` apart; transposed, an output pixel takes what lands on it."""
    kernel = np.arange(arguments["weight"].shape[2 + axis])[:, None] * _of_axis(arguments["dilation"], axis)
    stride, padding = _of_axis(arguments["stride"], axis), _of_axis(arguments["padding"], axis)
    outputs = np.arange(after)[None]
    if arguments["transposed"]:
        shifted = outputs + padding - kernel
        return _kept(shifted // stride, (shifted % stride == 0) & (shifted >= 0) & (shifted // stride < before))
    places = outputs * stride - padding + kernel
    return _kept(places, (places >= 0) & (places < before))


def pooling(arguments: Arguments, axis: int, before: int, after: int) -> Taps:
    """Windows, which overlap where the stride is less than their size."""
    size = _of_axis(arguments["kernel_size"], axis)
    stride = _of_axis(arguments.get("stride"), axis) or size
    padding, dilation = _of_axis(arguments.get("padding", 0), axis), _of_axis(arguments.get("dilation", 1), axis)
    places = np.arange(after)[None] * stride - padding + np.arange(size)[:, None] * dilation
    return _kept(places, (places >= 0) & (places < before))


def _shift(arguments: Arguments, axis: int) -> int:
    """How much padding stands before the map: left, right, top, bottom."""
    sides = [*arguments["padding" if "padding" in arguments else "pad"], 0, 0]
    return int(sides[0 if axis == 1 else 2])


def zeros_around(arguments: Arguments, axis: int, before: int, after: int) -> Taps:
    places = np.arange(after)[None] - _shift(arguments, axis)
    return _kept(places, (places >= 0) & (places < before))


def mirrored(arguments: Arguments, axis: int, before: int, after: int) -> Taps:
    places = np.abs(np.arange(after)[None] - _shift(arguments, axis))
    return np.where(places < before, places, 2 * (before - 1) - places)


def repeated(arguments: Arguments, axis: int, before: int, after: int) -> Taps:
    return np.clip(np.arange(after)[None] - _shift(arguments, axis), 0, before - 1)


def cut(arguments: Arguments, axis: int, before: int, after: int) -> Taps:
    if arguments["dim"] % 4 != 2 + axis:
        return np.arange(before)[None]
    start = arguments.get("start") or 0
    start = max(0, start + before if start < 0 else start)
    step: int = arguments.get("step", 1)
    return start + np.arange(after)[None] * step


def nearest(arguments: Arguments, axis: int, before: int, after: int) -> Taps:
    return np.minimum((np.arange(after)[None] * _scale(arguments, axis, before, after)).astype(np.int64), before - 1)


def bilinear(arguments: Arguments, axis: int, before: int, after: int) -> Taps:
    """The two nearest; the one where the other's share is 0."""
    if arguments["align_corners"]:
        exact = np.arange(after) * ((before - 1) / max(1, after - 1))
    else:
        exact = np.maximum((np.arange(after) + 0.5) * _scale(arguments, axis, before, after) - 0.5, 0)
    low = np.minimum(exact.astype(np.int64), before - 1)
    return np.stack([low, np.minimum(low + (exact > low), before - 1)])


def _scale(arguments: Arguments, axis: int, before: int, after: int) -> float:
    factor = arguments.get("scales_w" if axis else "scales_h")
    return 1 / factor if factor else before / after


def shuffled(arguments: Arguments, axis: int, before: int, after: int) -> Taps:
    return np.arange(after)[None] // int(arguments["upscale_factor"])


# What moves pixels. Operations that work pixel by pixel need no rule.
RULES: dict[str, Rule] = {
    "convolution": convolution,
    "max_pool2d_with_indices": pooling,
    "avg_pool2d": pooling,
    "constant_pad_nd": zeros_around,
    "reflection_pad2d": mirrored,
    "replication_pad2d": repeated,
    "slice": cut,
    "upsample_nearest2d": nearest,
    "upsample_bilinear2d": bilinear,
    "pixel_shuffle": shuffled,
}
