"""Masks that paint every class in a colour: the table that a person gives, or the one to propose."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from maskwright.data.coding_options import CodingError, CodingOptions, Inference
from maskwright.data.histogram import MaskHistogram
from maskwright.masks.classes import Classes, ClassInfo
from maskwright.masks.coding import MaskCoding, number_of, unpacked

MAX_COLORS = 32  # more exact colours than this are no colour table but objects, or damage
SHOWN = 5
BLACK = 0


def infer_colors(histograms: Sequence[MaskHistogram], options: CodingOptions) -> Inference:
    """The coding of colour masks. Raises `CodingError` with a proposed table where none is given, or a colour is in none."""
    pixels: Counter[int] = Counter()
    files: dict[int, list[Path]] = {}
    for each in histograms:
        for color, count in each.in_colors().items():
            pixels[color] += count
            files.setdefault(color, []).append(each.path)
    if options.colors:
        return _declared(pixels, files, options)
    left = sorted(set(pixels) - {number_of(value) for value in options.ignore})
    if len(left) <= 2 and BLACK in left:
        return _two_colors(left, len(histograms), options)
    message = f"The masks of {len(histograms)} files hold {len(left)} colours."
    if len(left) > MAX_COLORS:
        remedy = (
            "That is no table of classes. If a colour is one object, pass --kind instances; if the masks were saved as JPEG or "
            "resized smoothly, export them again, or name the true colours with --colors and pass --repair nearest."
        )
        raise CodingError("too-many-colors", message, remedy, [histograms[0].path])
    names: Sequence[str] = ["background" if color == BLACK else f"class {i}" for i, color in enumerate(left)]
    if options.class_names and len(options.class_names) == len(left):
        names = options.class_names
    proposal = ",".join(f"{_hex(color)}={name}" for color, name in zip(left, names, strict=True))
    remedy = f'Say what each means: --colors "{proposal}".'
    raise CodingError("undeclared-colors", message, remedy, dict.fromkeys(files[color][0] for color in left))


def _declared(pixels: Counter[int], files: dict[int, list[Path]], options: CodingOptions) -> Inference:
    """The table that was given, if it holds every colour that occurs."""
    table = {number_of(color): name for color, name in options.colors.items()}
    names = list(dict.fromkeys(table.values()))
    unknown = sorted(
        set(pixels) - set(table) - {number_of(value) for value in options.ignore}, key=lambda color: -pixels[color]
    )
    if unknown and options.repair is None:
        seen = ", ".join(f"{_hex(color)} in {pixels[color]} pixels of {len(files[color])} files" for color in unknown[:SHOWN])
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        raise CodingError(
            "unknown-colors",
            f"{files[unknown[0]][0]}: the masks hold colours that are in no table: {seen}{more}.",
            "Add them to --colors, pass them with --ignore, or pass --repair nearest where they are smoothed borders.",
            dict.fromkeys(files[color][0] for color in unknown),
        )
    first = {name: color for color, name in reversed(list(table.items()))}
    classes = Classes(tuple(ClassInfo(name, unpacked(first[name])) for name in names))
    values = tuple((unpacked(color), names.index(name)) for color, name in table.items())
    coding = MaskCoding("colors", values, options.ignore, classes, nearest=bool(unknown))
    mapping = ", ".join(f"{_hex(color)} is class {names.index(name)} {name!r}" for color, name in table.items())
    absent = ", ".join(f"{_hex(color)} ({name})" for color, name in table.items() if color not in pixels)
    doubts = [f"These colours occur in no mask: {absent}."] if absent else []
    if unknown:
        count = sum(pixels[color] for color in unknown)
        doubts.append(f"{count} pixels hold {len(unknown)} other colours; repaired: every one takes the nearest of the table.")
    return Inference(coding, (f"masks hold colours, as declared: {mapping}",), tuple(doubts))


def _two_colors(left: list[int], files: int, options: CodingOptions) -> Inference:
    """Black and at most one other colour can only be background and foreground."""
    names = tuple(options.class_names or ("background", "foreground"))
    if len(names) != 2:
        raise CodingError(
            "class-names", f"{len(names)} classes are named, but the masks hold black and one colour.", "Name two."
        )
    fore = left[-1] if len(left) == 2 else 0xFFFFFF
    classes = Classes((ClassInfo(names[0], unpacked(BLACK)), ClassInfo(names[1], unpacked(fore))))
    coding = MaskCoding("colors", ((unpacked(BLACK), 0), (unpacked(fore), 1)), options.ignore, classes)
    held = " and ".join(map(_hex, left))
    doubts = () if len(left) == 2 else ("All masks are black. There is nothing to learn from them.",)
    return Inference(coding, (f"masks hold {held} in {files} files: binary, {_hex(fore)} is class 1 {names[1]!r}",), doubts)


def _hex(color: int) -> str:
    return f"#{color:06X}"
