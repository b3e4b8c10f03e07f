"""How large a pixel is: read from words such as '0.65um', and turned into other units."""

import math
import re
from dataclasses import dataclass

from maskwright.base.errors import DataError

METRES = {
    "nm": 1e-9, "um": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0, "km": 1e3,
    "inch": 0.0254, "ft": 0.3048,
}  # fmt: skip
SPELLED = {
    "µm": "um", "μm": "um", "micron": "um", "microns": "um", "micrometer": "um", "micrometre": "um",
    "nanometer": "nm", "nanometre": "nm", "millimeter": "mm", "millimetre": "mm", "centimeter": "cm", "centimetre": "cm",
    "meter": "m", "metre": "m", "kilometer": "km", "kilometre": "km", "in": "inch", "inches": "inch", '"': "inch",
    "foot": "ft", "feet": "ft",
}  # fmt: skip
AMOUNT = re.compile(r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)?\s*(?P<unit>[^\d\s.,+-][^\d\s,]*)?", re.IGNORECASE)
HOW = "Write it with its unit, as 0.65um, or height and width as 0.65um,0.5um."


@dataclass(frozen=True)
class PixelSize:
    """Height and width of a pixel in a unit of `METRES`. Raises `DataError` where they are no lengths."""

    y: float
    x: float
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in METRES or not all(math.isfinite(side) and side > 0 for side in (self.y, self.x)):
            raise DataError(
                f"A pixel of {self.y} x {self.x} {self.unit} cannot be: both sides must be larger than 0, "
                f"in {', '.join(METRES)}. {HOW}"
            )

    @property
    def is_square(self) -> bool:
        """Whether both sides are equal but for rounding, as lengths of curves need."""
        return math.isclose(self.y, self.x, rel_tol=1e-6)

    def to(self, unit: str) -> "PixelSize":
        """The same size in another unit."""
        if unit == self.unit:
            return self
        factor = METRES[self.unit] / METRES[unit]
        return PixelSize(self.y * factor, self.x * factor, unit)

    def __str__(self) -> str:
        """'0.65um', or height and width as '0.65um,0.5um'; `pixel_size` reads it back."""
        if self.is_square:
            return f"{self.y:.6g}{self.unit}"
        return f"{self.y:.6g}{self.unit},{self.x:.6g}{self.unit}"


def pixel_size(text: str) -> PixelSize:
    """'0.65um' for square pixels, '0.65um,0.5um' for height and width. Raises `DataError` in words on anything else."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 2:
        raise DataError(f"'{text}' is no pixel size: it has {len(parts)} parts, not one or two. {HOW}")
    sides = [_side(part, text) for part in parts]
    units = [unit for _, unit in sides]
    wide = PixelSize(sides[-1][0], sides[-1][0], units[-1]).to(units[0])
    return PixelSize(sides[0][0], wide.x, units[0])


def unit_named(name: str) -> str | None:
    """The unit of `METRES` that a program calls so ('µm', 'micron'), or None."""
    plain = name.strip().strip("\x00")
    for each in (plain, plain.lower()):
        if each in METRES:
            return each
        if each in SPELLED:
            return SPELLED[each]
    return None


def _side(part: str, text: str) -> tuple[float, str]:
    found = AMOUNT.fullmatch(part)
    if found is None or (not found["number"] and not found["unit"]):
        raise DataError(f"'{text}' is no pixel size. {HOW}")
    if not found["number"]:
        raise DataError(f"'{text}' is no pixel size: the number is missing. {HOW}")
    if not found["unit"]:
        raise DataError(f"'{text}' is no pixel size: the unit is missing. {HOW} Units are {', '.join(METRES)}.")
    unit, number = unit_named(found["unit"]), float(found["number"])
    if unit is None:
        raise DataError(f"'{text}' is no pixel size: '{found['unit']}' is no unit of length. Units are {', '.join(METRES)}.")
    if not (math.isfinite(number) and number > 0):
        raise DataError(f"'{text}' is no pixel size: {found['number']} is not larger than 0. {HOW}")
    return number, unit
