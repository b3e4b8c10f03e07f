"""Masks that paint every class in a colour: the table that a person gives, or the one to propose."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from maskwright.data.coding_options import CodingError, CodingOptions, Inference
from maskwright.data.histogram import MaskHistogram
from maskwright.masks.classes import ClassInfo, Classes
from maskwright.masks.coding import MaskCoding, unpacked

MAX_COLORS = 32  # more exact colours than this are no colour table but objects, or damage
BLACK = 0


def infer_colors(histograms: Sequence[MaskHistogram], options: CodingOptions) -> Inference:
    """The coding of colour masks. Raises `CodingError` with a proposed table where none is given, or a colour is in none."""
    pixels: Counter[int] = Counter()
    files: dict[int, list[Path]] = {}
    for each in histograms:
        for value, count in each.in_colors().items():
            pixels[value] += count
            files.setdefault(value, []).append(each.path)
    if options.colors:
        return _declared(pixels, files, options)
    ignored = {number for number in pixels if unpacked(number) in options.ignore}
    left = sorted(set(pixels) - ignored)
    if len(left) <= 2 and BLACK in left:
        return _two_colors(left, len(histograms), options)
    message = f"The masks of {len(histograms)} files hold {len(left)} colours."
    if len(left) > MAX_COLORS:
        remedy = (
            "That is no table of classes. If every colour is one object, pass --kind instances; if the masks were saved as JPEG "
            "or resized smoothly, export them again, or name the true colours with --colors and pass --repair nearest."
        )
        raise CodingError("too-many-colors", message, remedy, [histograms[0].path])
    names = _proposed_names(left, options)
    proposal = ",".join(f"{_hex(number)}={name}" for number, name in zip(left, names, strict=True))
    remedy = f'Name what each means: --colors "{proposal}".'
    raise CodingError("undeclared-colors", message, remedy, [files[number][0] for number in left])


def _declared(pixels: Counter[int], files: dict[int, list[Path]], options: CodingOptions) -> Inference:
    names = list(dict.fromkeys(options.colors.values()))
    known = {
        red << 16 | green << 8 | blue
        for red, green, blue in [*options.colors, *(c for c in options.ignore if isinstance(c, tuple))]
    }
    unknown = sorted(set(pixels) - known, key=lambda number: -pixels[number])
    if unknown and options.repair is None:
        seen = ", ".join(f"{_hex(number)} in {pixels[number]} pixels of {len(files[number])} files" for number in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        remedy = "Add them to --colors, pass them with --ignore, or pass --repair nearest where they are smoothed borders."
        message = f"{files[unknown[0]][0]}: the masks hold colours that are in no table: {seen}{more}."
        raise CodingError("unknown-colors", message, remedy, [files[number][0] for number in unknown])
    first = {name: color for color, name in reversed(options.colors.items())}
    classes = Classes(tuple(ClassInfo(name, first[name]) for name in names))
    values = tuple((color, names.index(name)) for color, name in options.colors.items())
    coding = MaskCoding("colors", values, options.ignore, classes, nearest=bool(unknown))
    words = f"masks hold colours: {', '.join(f'{_hex_of(color)} is class {names.index(name)} {name!r}' for color, name in options.colors.items())}"
    absent = [name for color, name in options.colors.items() if color[0] << 16 | color[1] << 8 | color[2] not in pixels]
    doubts = [f"The colours of {', '.join(absent)} occur in no mask."] if absent else []
    if unknown:
        doubts.append(
            f"{sum(pixels[number] for number in unknown)} pixels hold {len(unknown)} other colours; they take the nearest."
        )
    return Inference(coding, (words,), tuple(doubts))


def _two_colors(left: list[int], files: int, options: CodingOptions) -> Inference:
    """Black and one other colour can only be background and foreground."""
    names = tuple(options.class_names or ("background", "foreground"))
    if len(names) != 2:
        raise CodingError(
            "class-names", f"The masks hold {len(left)} colours, but {len(names)} classes are named.", "Name two classes."
        )
    infos = tuple(ClassInfo(name, unpacked(number)) for name, number in zip(names, (*left, 0xFFFFFF), strict=False))
    coding = MaskCoding("colors", tuple((unpacked(number), i) for i, number in enumerate(left)), options.ignore, Classes(infos))
    words = f"masks hold {' and '.join(map(_hex, left))} in {files} files: {_hex(left[-1])} is class {len(left) - 1} {names[len(left) - 1]!r}"
    return Inference(coding, (words,))


def _proposed_names(left: list[int], options: CodingOptions) -> list[str]:
    if options.class_names and len(options.class_names) == len(left):
        return list(options.class_names)
    return ["background" if number == BLACK else f"class {i}" for i, number in enumerate(left)]


def _hex(number: int) -> str:
    return f"#{number:06X}"


def _hex_of(color: tuple[int, int, int]) -> str:
    return "#{:02X}{:02X}{:02X}".format(*color)
