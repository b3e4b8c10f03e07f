"""Pascal VOC's classes and colours, and the labelmap.txt by which data sets with classes of their own name theirs."""

import functools
import re
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from maskwright.base.errors import DataError, MaskValueError
from maskwright.formats.annotations import read_text
from maskwright.masks.coding import Color

BACKGROUND = "background"
NAMES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog", "horse",
    "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
BORDER = 255  # pixels around objects that count nowhere

LABELMAP = "labelmap.txt"
MAX_BYTES = 1 << 20
NO_TEXT = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")  # characters that XML cannot hold


@functools.cache
def palette() -> UInt8[np.ndarray, "256 3"]:
    """VOC's colours: the bits of a number, dealt out in turn to red, green and blue from the highest bit on."""
    numbers = np.arange(256)
    colors = np.zeros((256, 3), np.uint8)
    for place in range(8):
        for channel in range(3):
            colors[:, channel] |= ((numbers >> (3 * place + channel) & 1) << (7 - place)).astype(np.uint8)
    return colors


def color(number: int) -> Color:
    """The colour of a number in VOC's palette."""
    red, green, blue = palette()[number].tolist()
    return red, green, blue


def read_labelmap(path: Path) -> list[tuple[str, Color | None]]:
    """Names and colours by line, as Datumaro and CVAT write them: 'name:red,green,blue:parts:actions'.

    A line without a colour has that of its number. Raises `DataError` on lines that are something else, and on names or colours
    that two lines have.
    """
    rows: list[tuple[str, Color | None]] = []
    for number, line in enumerate(read_text(path, MAX_BYTES).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, rest = line.partition(":")
        parts = re.fullmatch(r"\s*(?:(\d+)\s*,\s*(\d+)\s*,\s*(\d+))?\s*(?::.*)?", rest)
        rgb = None if parts is None or parts[1] is None else (int(parts[1]), int(parts[2]), int(parts[3]))
        if parts is None or not name.strip() or (rgb is not None and max(rgb) > 255):
            raise DataError(f"{path}, line {number}: '{line[:60]}' is not NAME:RED,GREEN,BLUE:: with numbers from 0 to 255.")
        rows.append((name.strip(), rgb))
    if len(rows) > BORDER:
        raise DataError(f"{path}: lists {len(rows)} classes, and 8-bit pictures hold {BORDER}. Take out those without objects.")
    names, colors = [name for name, _ in rows], [rgb for _, rgb in rows if rgb is not None]
    for what, several in (("name", names), ("colour", colors)):
        twice = sorted({str(one) for one in several if several.count(one) > 1})  # type: ignore[arg-type]
        if twice:
            raise DataError(f"{path}: two lines have the {what} {twice[0]}, so it is not known which class it is. Change one.")
    return rows


def written_labelmap(names: list[str], path: Path) -> str:
    """The text of a labelmap.txt in which each class has its colour in VOC's palette."""
    for name in names:
        if ":" in name or name.startswith("#") or name != name.strip() or NO_TEXT.search(name):
            raise MaskValueError(f"{path}: {LABELMAP} cannot hold the class name {name!r}. Rename it.")
    if sum(name.lower() == BACKGROUND for name in names) > 1:
        raise MaskValueError(f"{path}: no class of objects can be called '{BACKGROUND}' in {LABELMAP}. Rename it.")
    lines = (f"{name}:{','.join(map(str, color(number)))}::\n" for number, name in enumerate(names))
    return "# label:color_rgb:parts:actions\n" + "".join(lines)
