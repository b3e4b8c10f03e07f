"""How the values of a mask file map to classes, and the check that every value is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Int64, Num, UInt16

from maskwright.base.errors import DataError, MaskValueError
from maskwright.masks.classes import IGNORE, Classes, ClassInfo
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.types import Instances, LabelMap

Color = tuple[int, int, int]
Value = int | Color
Kind = Literal["class-ids", "binary", "colors", "instances"]
KINDS: tuple[Kind, ...] = ("class-ids", "binary", "colors", "instances")

UNKNOWN = IGNORE - 1  # no class can have this id: there are at most 65534 classes
OBJECT_CLASS = 1  # the class of every object of an instance mask; class 0 is the background


@dataclass(frozen=True, eq=False)
class RawMask:
    """A mask as its file holds it: one number a pixel, or a colour a pixel, and the palette where the numbers point into one.

    `lossy` marks a file format that changes pixels (JPEG), which no mask survives unharmed.
    """

    values: Num[np.ndarray, "h w *color"]
    palette: tuple[Color, ...] | None = None
    lossy: bool = False
    notes: tuple[str, ...] = ()

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.values.shape[0], self.values.shape[1]

    @property
    def is_color(self) -> bool:
        return self.values.ndim == 3

    def plain(self) -> "RawMask":
        """The same mask with one number a pixel where its colours are all gray."""
        if self.is_color and (self.values == self.values[..., :1]).all():
            return replace(self, values=self.values[..., 0])
        return self

    def numbers(self) -> Num[np.ndarray, "h w"]:
        """The values as one integer a pixel; a colour is R * 65536 + G * 256 + B."""
        return packed(self.values) if self.is_color else self.values

    def colors(self) -> Int64[np.ndarray, "h w"]:
        """The colour of every pixel as R * 65536 + G * 256 + B: its own, its palette entry, or its gray level thrice."""
        if self.is_color:
            return packed(self.values)
        if self.palette is not None and self.values.max(initial=0) < len(self.palette):
            colors: Int64[np.ndarray, "h w"] = packed(np.asarray(self.palette, np.uint8))[self.values]
            return colors
        return self.values.astype(np.int64) * 0x010101


@dataclass(frozen=True)
class MaskCoding:
    """Which value of a mask file is which class. Every value must be listed here or in `ignore`; nothing is passed over.

    kind: "class-ids" and "binary" hold numbers, "colors" holds (red, green, blue), "instances" holds 0 for the background
    and any other number for one object of class 1. `nearest` gives an unknown value the class of the nearest known one:
    the repair of masks that JPEG or smooth resizing has damaged, to be asked for, never a default.
    """

    kind: Kind
    values: tuple[tuple[Value, int], ...]
    ignore: tuple[Value, ...]
    classes: Classes
    nearest: bool = False

    def __post_init__(self) -> None:
        wrong = [class_id for _, class_id in self.values if not 0 <= class_id < len(self.classes)]
        if self.kind not in KINDS or wrong or not self.values:
            raise DataError(
                f"A mask coding is one of {', '.join(KINDS)} with at least one value and class ids from 0 to "
                f"{len(self.classes) - 1}, not '{self.kind}' with {len(self.values)} values and the class ids {wrong}."
            )
        twice = sorted({str(value) for value, _ in self.values if value in self.ignore})
        if twice:
            raise DataError(
                f"The mask values {', '.join(twice)} cannot be a class and ignored at once: leave out one of the two."
            )

    def decode(self, raw: RawMask, path: Path) -> LabelMap | Instances:
        """The segmentation that a raw mask stands for. Raises `MaskValueError` on a value that is not in the coding."""
        raw = raw.plain()
        if self.kind == "instances":
            return self._instances(raw, path)
        if raw.is_color and self.kind != "colors":
            raise MaskValueError(
                f"{path}: this mask holds colours, but the data set's masks hold numbers ({self._known()}). "
                f"Save it like the others, or name what every colour means with --colors."
            )
        if self.nearest:
            raw = repair_nearest(raw, self._legal())
        numbers = raw.colors() if self.kind == "colors" else raw.numbers()
        ids = self._ids(numbers)
        if (ids == UNKNOWN).any():
            raise MaskValueError(self._complaint(numbers[ids == UNKNOWN], path))
        return LabelMap(ids, self.classes)

    def _legal(self) -> tuple[Value, ...]:
        """Every value that a mask may hold."""
        return (*(value for value, _ in self.values), *self.ignore)

    def _ids(self, numbers: Num[np.ndarray, "h w"]) -> UInt16[np.ndarray, "h w"]:
        """Class id, `IGNORE` or `UNKNOWN` of every number."""
        table = dict.fromkeys(map(number_of, self.ignore), IGNORE)
        table |= {number_of(value): class_id for value, class_id in self.values}
        if numbers.dtype in (np.uint8, np.uint16):  # a table of all possible values is the fastest way
            of_value = np.full(np.iinfo(numbers.dtype).max + 1, UNKNOWN, np.uint16)
            for number, class_id in table.items():
                if 0 <= number < len(of_value):
                    of_value[number] = class_id
            ids: UInt16[np.ndarray, "h w"] = of_value[numbers]
            return ids
        legal = np.array(sorted(table), np.int64)
        of_legal = np.array([table[number] for number in sorted(table)], np.uint16)
        place = np.searchsorted(legal, numbers).clip(max=len(legal) - 1)
        return np.where(legal[place] == numbers, of_legal[place], np.uint16(UNKNOWN))

    def _instances(self, raw: RawMask, path: Path) -> Instances:
        numbers = raw.numbers()
        ignored = np.isin(numbers, [number_of(value) for value in self.ignore])
        if (numbers[~ignored] < 0).any():
            lowest = numbers[~ignored].min()
            raise MaskValueError(
                f"{path}: an instance mask holds 0 for the background and positive numbers for objects, but here is "
                f"{lowest}. If it marks pixels to leave out, pass --ignore {lowest}."
            )
        instances = instances_from_labels(np.where(ignored, 0, numbers).astype(np.int64), self.classes, OBJECT_CLASS)
        return replace(instances, ignored=ignored) if ignored.any() else instances

    def _complaint(self, unknown: Num[np.ndarray, " n"], path: Path) -> str:
        """What is wrong with the unknown values, worst first, and what to do."""
        numbers, counts = np.unique(unknown, return_counts=True)
        worst = sorted(zip(counts.tolist(), numbers.tolist(), strict=True), reverse=True)[:5]
        name = self._name
        seen = ", ".join(
            f"{name(number)} in {count} pixels (nearest known: {name(self._nearest(number))})" for count, number in worst
        )
        more = f" and {len(numbers) - len(worst)} more values" if len(numbers) > len(worst) else ""
        flag = "--colors" if self.kind == "colors" else "--class-names"
        return (
            f"{path}: the mask holds values that are no class: {seen}{more}. Known are {self._known()}. "
            f"If a value marks pixels to leave out, pass --ignore {name(worst[0][1])}; if it is a class, name it with {flag}; "
            f"if the file was saved as JPEG or resized smoothly, pass --repair nearest."
        )

    def _nearest(self, number: int) -> int:
        raw = RawMask(np.array([[unpacked(number)]], np.uint8) if self.kind == "colors" else np.array([[number]]))
        return int(repair_nearest(raw, self._legal()).numbers()[0, 0])

    def _name(self, number: int) -> str:
        return f"#{number:06X}" if self.kind == "colors" else str(number)

    def _known(self) -> str:
        names = [self._name(number) for number in sorted(map(number_of, self._legal()))]
        return ", ".join(names[:20]) + ", ..." * (len(names) > 20)

    def to_json(self) -> dict[str, Any]:
        """The coding as JSON values; `from_json` gives it back."""
        return {
            "kind": self.kind,
            "values": [[_plain(value), class_id] for value, class_id in self.values],
            "ignore": [_plain(value) for value in self.ignore],
            "nearest": self.nearest,
            "classes": [{"name": info.name, "color": list(info.color), "is_thing": info.is_thing} for info in self.classes],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "MaskCoding":
        """The coding that `to_json` wrote. Raises `DataError` where a part is missing or of another type."""
        try:
            infos = tuple(
                ClassInfo(str(info["name"]), _color(info["color"]), bool(info.get("is_thing", False)))
                for info in value["classes"]
            )
            return cls(
                kind=value["kind"],
                values=tuple((_value(entry), int(class_id)) for entry, class_id in value["values"]),
                ignore=tuple(_value(entry) for entry in value["ignore"]),
                classes=Classes(infos),
                nearest=bool(value.get("nearest", False)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"A mask coding needs kind, values, ignore and classes; this one is wrong at: {error!r}."
            ) from error


def repair_nearest(raw: RawMask, legal: Sequence[Value]) -> RawMask:
    """Every value of a mask replaced by the nearest legal one (the smaller one of two equally near).

    Gives masks back that JPEG or smooth resizing damaged, as long as the legal values lie apart. Between three or more
    values a smooth border crosses the values between them, so a thin rim of a wrong class can stay there. Colours are
    compared by the distance in red, green and blue.
    """
    known = np.array(sorted(map(number_of, legal)), np.int64)
    is_color = any(isinstance(value, tuple) for value in legal)
    present, where = np.unique(raw.colors() if is_color else raw.numbers(), return_inverse=True)
    if is_color:
        distances = ((_channels(present)[:, None] - _channels(known)[None]) ** 2).sum(axis=2)
    else:
        distances = np.abs(present.astype(np.int64)[:, None] - known[None])
    repaired = known[distances.argmin(axis=1)]
    if is_color:
        return RawMask(_channels(repaired).astype(np.uint8)[where].reshape(*raw.size_hw, 3))
    return RawMask(repaired[where].reshape(raw.size_hw))


def packed(colors: Num[np.ndarray, "*n 3"]) -> Int64[np.ndarray, "*n"]:
    """Colours as R * 65536 + G * 256 + B."""
    wide = colors.astype(np.int64)
    return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]


def unpacked(number: int) -> Color:
    """The colour that `packed` made this number of."""
    return number >> 16, number >> 8 & 255, number & 255


def number_of(value: Value) -> int:
    """A file value as one integer; a colour as `packed` gives it."""
    return value if isinstance(value, int) else value[0] << 16 | value[1] << 8 | value[2]


def _channels(numbers: Num[np.ndarray, " n"]) -> Int64[np.ndarray, "n 3"]:
    wide = numbers.astype(np.int64)
    return np.stack([wide >> 16, wide >> 8 & 255, wide & 255], axis=-1)


def _plain(value: Value) -> int | list[int]:
    return value if isinstance(value, int) else list(value)


def _value(value: int | list[int]) -> Value:
    return _color(value) if isinstance(value, list) else int(value)


def _color(value: Iterable[int]) -> Color:
    red, green, blue = (int(channel) for channel in value)
    return red, green, blue
