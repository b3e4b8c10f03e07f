"""Smooth random fields of any scale: what surfaces, stains and light are made of."""

from functools import lru_cache
from math import ceil

import numpy as np
from jaxtyping import Float64

FINE = float(2**20)  # fields are rounded to so many parts of 1, so that the last bits of a sum decide nothing
SPREAD = 1.444  # a cubic B-spline takes random nodes down to 0.48 of their variance in each direction
FINEST = 1.5  # pixels between nodes, below which noise is that of single pixels


def noise(
    rng: np.random.Generator, size_hw: tuple[int, ...], scale_px: float | tuple[float, float]
) -> Float64[np.ndarray, "h w"]:
    """Random values of mean 0 and variance 1 that change over about `scale_px`, or over that many down and across."""
    return rounded(_noise(rng, size_hw, scale_px if isinstance(scale_px, tuple) else (scale_px, scale_px)))


def fractal(
    rng: np.random.Generator, size_hw: tuple[int, int], scale_px: float, *, octaves: int = 4, gain: float = 0.5
) -> Float64[np.ndarray, "h w"]:
    """Noise of several scales, each half as coarse as the one before and `gain` as strong, of variance 1."""
    total = np.zeros(size_hw)
    power = sum(gain ** (2 * octave) for octave in range(octaves)) ** 0.5
    for octave in range(octaves):
        total += gain**octave / power * _noise(rng, size_hw, (scale_px / 2**octave, scale_px / 2**octave))
    return rounded(total)


def slope(rng: np.random.Generator, size_hw: tuple[int, int]) -> Float64[np.ndarray, "h w"]:
    """A plane that rises in a random direction, from -1 to 1 at most."""
    down, across = rng.uniform(-1, 1, 2)
    y, x = unit_grid(size_hw)
    return rounded((y * down + x * across) / max(1.0, abs(down) + abs(across)))


def vignette(size_hw: tuple[int, int], strength: float) -> Float64[np.ndarray, "h w"]:
    """What a lens lets through: 1 in the middle, less by `strength` in the corners."""
    y, x = unit_grid(size_hw)
    let_through: Float64[np.ndarray, "h w"] = 1 - strength * (y * y + x * x) / 2
    return let_through


def rounded(field: Float64[np.ndarray, "*n"]) -> Float64[np.ndarray, "*n"]:
    """The field in steps so fine that nobody sees them, but coarser than what machines differ in."""
    steps = field * FINE
    np.rint(steps, out=steps)
    steps *= 1 / FINE  # exact, since it is a power of two
    return steps


@lru_cache(maxsize=64)
def unit_grid(size_hw: tuple[int, int]) -> tuple[Float64[np.ndarray, "h 1"], Float64[np.ndarray, "1 w"]]:
    """Rows and columns as numbers from -1 to 1."""
    y, x = (np.linspace(-1, 1, side) for side in size_hw)
    return y[:, None], x[None]


def _noise(rng: np.random.Generator, size_hw: tuple[int, ...], scales: tuple[float, float]) -> Float64[np.ndarray, "h w"]:
    """As `noise`, before it is rounded."""
    down, across = (_weights(side, scale) if scale > FINEST else None for side, scale in zip(size_hw, scales, strict=True))
    field = rng.standard_normal((
        size_hw[0] if down is None else down.shape[1], size_hw[1] if across is None else across.shape[1]
    ))  # fmt: skip
    if across is not None:
        field = SPREAD * (field @ across.T)
    if down is not None:
        field = SPREAD * (down @ field)
    return field


@lru_cache(maxsize=256)
def _weights(length: int, spacing: float) -> Float64[np.ndarray, "length nodes"]:
    """How much each node of a cubic B-spline counts at each pixel."""
    place = np.arange(length) / spacing
    first = np.floor(place).astype(np.int64)
    t = place - first
    weights = np.zeros((length, ceil(length / spacing) + 4))
    pieces = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    for offset, piece in enumerate(pieces):
        weights[np.arange(length), first + offset] = piece / 6
    weights.setflags(write=False)
    return weights
