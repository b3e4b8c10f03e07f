"""Numbers of a recipe: what their names say they may be, and how they are drawn."""

import math
from dataclasses import fields
from typing import Any

import numpy as np

from maskwright.base.errors import DataError

Range = tuple[float, float]  # of which each image, or each object, draws a value

LEAST_SIDE, MOST_SIDE = 32, 8192
FINE = float(2**20)


def check_numbers(recipe: Any) -> None:
    """Raises `DataError` where a number of a recipe is none that it can be.

    Names that end in `_share` are parts of a whole, from 0 to 1; all others are 0 or more. Of two numbers the first is the
    lower. `size_hw` is height and width in pixels.
    """
    for field in fields(recipe):
        value = getattr(recipe, field.name)
        if isinstance(value, str | bool):
            continue
        numbers = value if isinstance(value, tuple) else (value,)
        if field.name == "size_hw":
            _require(
                all(LEAST_SIDE <= side <= MOST_SIDE for side in numbers), recipe, field.name, value,
                f"height and width of {LEAST_SIDE} to {MOST_SIDE} pixels",
            )  # fmt: skip
            continue
        most = 1.0 if field.name.endswith("_share") else math.inf
        kind = "from 0 to 1" if most == 1 else "a number of 0 or more"
        _require(
            all(math.isfinite(number) and 0 <= number <= most for number in numbers) and list(numbers) == sorted(numbers),
            recipe, field.name, value, f"{kind}, the lower of two first",
        )  # fmt: skip


def uniform(rng: np.random.Generator, bounds: Range) -> float:
    """A number between the bounds, all equally likely."""
    low, high = bounds
    return float(low + (high - low) * rng.random())


def log_uniform(rng: np.random.Generator, bounds: Range) -> float:
    """A number between the bounds, all magnitudes equally likely; where the lower is 0, as `uniform`."""
    low, high = bounds
    if low <= 0:
        return uniform(rng, bounds)
    drawn: float = low * (high / low) ** float(rng.random())
    return round(drawn * FINE) / FINE


def whole(rng: np.random.Generator, bounds: Range) -> int:
    """A whole number between the bounds, both of which may come."""
    low, high = round(bounds[0]), round(bounds[1])
    return int(rng.integers(low, high + 1))


def _require(holds: bool, recipe: Any, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise DataError(f"The recipe '{recipe.kind}' has {name} = {value!r}; it must be {allowed}.")
