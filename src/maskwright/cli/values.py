"""Values as a person writes them on the command line: times, numbers or colours, lists, assignments."""

import re
from collections.abc import Iterable
from pathlib import Path

import typer

MINUTES = {"s": 1 / 60, "sec": 1 / 60, "m": 1.0, "min": 1.0, "h": 60.0}
TIME = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
SIZE = re.compile(r"(\d{1,5})(?:x(\d{1,5}))?")
COLOR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")

Color = tuple[int, int, int]


def minutes(text: str) -> float:
    """'90s', '10min' or '1.5h' as minutes."""
    found = TIME.fullmatch(text.strip().lower())
    if found is None or found[2] not in MINUTES or float(found[1]) == 0:
        raise typer.BadParameter(f"'{text}' is no time. Write seconds, minutes or hours: 90s, 10min or 1.5h.")
    return float(found[1]) * MINUTES[found[2]]


def size_hw(text: str) -> tuple[int, int]:
    """'512' or '360x480', height first, as height and width."""
    found = SIZE.fullmatch(text.strip().lower())
    if found is None or not int(found[1]) or found[2] == "0":
        raise typer.BadParameter(f"'{text}' is no size. Write pixels a side as 512, or height and width as 360x480.")
    return int(found[1]), int(found[2] or found[1])


def color(text: str) -> Color:
    """'#9B9B9B' as red, green and blue."""
    found = COLOR.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"'{text}' is no colour. Write red, green and blue as #9B9B9B.")
    red, green, blue = (int(part, 16) for part in found.groups())
    return red, green, blue


def mask_value(text: str) -> int | Color:
    """A value of a mask file: a number, or a colour."""
    if text.strip().startswith("#"):
        return color(text)
    try:
        return int(text)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is no mask value. Write a number as 255, or a colour as #9B9B9B.") from error


def written(value: int | Color) -> str:
    """A mask value as `mask_value` reads it."""
    return str(value) if isinstance(value, int) else "#{:02X}{:02X}{:02X}".format(*value)


def names(text: str) -> tuple[str, ...]:
    """'background,cell' as names."""
    return tuple(name.strip() for name in text.split(","))


def color_table(text: str) -> tuple[tuple[Color, str], ...]:
    """'#000000=background,#9B9B9B=cell' as colours and the names of their classes."""
    pairs = [entry.partition("=") for entry in text.split(",")]
    wrong = [value for value, sign, name in pairs if not sign or not name.strip()]
    if wrong:
        raise typer.BadParameter(
            f"'{wrong[0]}' names no class. Write colours with their classes: #000000=background,#9B9B9B=cell"
        )
    return tuple((color(value), name.strip()) for value, _, name in pairs)


def assignments(texts: Iterable[str]) -> dict[str, str]:
    """Each 'name=value' as an entry; a name that is set twice is an error."""
    values: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise typer.BadParameter(f"'{text}' sets nothing. Write --set name=value, such as --set model.dropout=0.2.")
        if name.strip() in values:
            raise typer.BadParameter(f"'{name.strip()}' is set twice. Leave one of them out.")
        values[name.strip()] = value.strip()
    return values


def numbered(folder: Path, *, first: int) -> Path:
    """The first of folder-1, folder-2 ... (from `first` on) that is not there yet."""
    number = first
    while (free := folder.with_name(f"{folder.name}-{number}")).exists():
        number += 1
    return free
