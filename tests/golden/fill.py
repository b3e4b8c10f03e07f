"""Weights and images by formula, the same in every environment, so that golden files hold outputs alone."""

import math
import zlib
from collections.abc import Mapping

import numpy as np

KEPT = 600  # values of a map in a golden file, at most about


def fill(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """A value for every weight of a state dict, drawn from a stream that its name begins.

    Convolutions and dense layers keep the size of what passes through them and ReLU; normalisations do a little, so that a
    mistake in any of their numbers shows.
    """
    return {name: _value(name, tuple(shape)) for name, shape in shapes.items()}


def image(batch: int, channels: int, height: int, width: int) -> np.ndarray:
    """An image of noise, smooth enough that every scale of it says something, with mean 0 and variance 1."""
    shape = (batch, channels, height, width)
    rng = np.random.default_rng(zlib.crc32(f"image {shape}".encode()))
    noise = rng.standard_normal(shape) + np.kron(
        rng.standard_normal((batch, channels, height // 8, width // 8)), np.ones((8, 8))
    )
    return (noise / math.sqrt(2)).astype(np.float32)


def sample(values: np.ndarray) -> np.ndarray:
    """Some of the values, evenly through all axes: a stride that is odd and therefore in step with no power of two."""
    return values.ravel()[:: values.size // KEPT | 1]


def _value(name: str, shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if not shape:  # a batch norm's count of batches
        return np.array(0)
    drawn = rng.standard_normal(shape, dtype=np.float32)
    if len(shape) > 1:
        return drawn * np.float32(math.sqrt(2 / math.prod(shape[1:])))
    if name.endswith("running_var"):
        return 1 + np.float32(0.1) * np.tanh(drawn)
    if name.endswith("weight"):
        return 1 + np.float32(0.1) * drawn
    return np.float32(0.1) * drawn
