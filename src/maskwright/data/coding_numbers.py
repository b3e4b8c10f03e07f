"""Masks that hold numbers: class ids, foreground marks, or one number an object."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from maskwright.data.coding_options import CodingError, CodingOptions, Inference
from maskwright.data.histogram import ONE_PART, MaskHistogram
from maskwright.masks.classes import PALETTE, Classes, ClassInfo
from maskwright.masks.coding import Kind, MaskCoding

MAX_CODES = 32  # gray levels far apart that stand for classes, as 0, 50, 100
USUAL_IDS = 32  # numbers up to here are class ids even where some between them never occur
OBJECTS_CERTAIN = 32  # a file with more numbers than this, each one connected part, holds objects
OBJECTS_LIKELY = 3  # the same for 16-bit files, where the numbers of each file run from 1 on and the last one varies
IGNORE_MARKS = (255, 65535, 2**32 - 1)


def infer_numbers(histograms: Sequence[MaskHistogram], options: CodingOptions) -> Inference:
    """The coding of masks that hold numbers. Raises `CodingError` where only a person can know it."""
    ignored = {value for value in options.ignore if isinstance(value, int)}
    pixels: Counter[int] = Counter()
    files: dict[int, list[Path]] = {}
    for each in histograms:
        for value, count in each.counts.items():
            pixels[value] += count
            files.setdefault(value, []).append(each.path)
    values = sorted(set(pixels) - ignored)
    _check_signs(values, files)
    kind = options.kind or _guess(histograms, values, ignored, options)
    rule = {"instances": _instances, "binary": _binary, "class-ids": _class_ids}[kind]
    inference = rule(histograms, values, files, options)
    words = list(inference.words)
    if ignored:
        count = sum(pixels[value] for value in ignored)
        words.append(f"{', '.join(map(str, sorted(ignored)))} marks {count} pixels to leave out")
    return Inference(inference.coding, tuple(words), inference.doubts)


def _check_signs(values: list[int], files: dict[int, list[Path]]) -> None:
    if values and values[0] < 0:
        raise CodingError(
            "negative-values",
            f"{files[values[0]][0]}: the mask holds {values[0]}, and class ids are never negative.",
            f"If it marks pixels to leave out, pass --ignore {values[0]}; otherwise export the mask again.",
            files[values[0]],
        )


def _guess(histograms: Sequence[MaskHistogram], values: list[int], ignored: set[int], options: CodingOptions) -> Kind:
    if options.foreground is not None:
        return "binary"
    if _are_objects(histograms, ignored):
        return "instances"
    named = options.class_names or ()
    return "binary" if _is_binary(histograms, values, ignored) and len(named) <= 2 else "class-ids"


def _is_binary(histograms: Sequence[MaskHistogram], values: list[int], ignored: set[int]) -> bool:
    """0 and one other number in each file; across the files the other one may be 1 and 255."""
    if len(values) <= 2:
        return len(values) < 2 or values[0] == 0
    return values == [0, 1, 255] and all(len(set(each.counts) - ignored) <= 2 for each in histograms)


def _are_objects(histograms: Sequence[MaskHistogram], ignored: set[int]) -> bool:
    """Whether numbers stand for objects: many in a file or running from 1 on in every file, and each one connected part."""
    present = [[value for value in each.counts if value > 0 and value not in ignored] for each in histograms]
    parts = [each.one_part for each in histograms if each.one_part is not None]
    if not parts or sum(parts) / len(parts) < ONE_PART or any(each.palette for each in histograms):
        return False
    most = max(map(len, present))
    if most > OBJECTS_CERTAIN:
        return True
    wide = all(each.bits > 8 for each in histograms)
    running = all(max(numbers, default=0) == len(numbers) for numbers in present)
    varying = len({len(numbers) for numbers in present}) > 1
    return wide and running and varying and most >= OBJECTS_LIKELY


def _instances(
    histograms: Sequence[MaskHistogram], values: list[int], files: dict[int, list[Path]], options: CodingOptions
) -> Inference:
    classes = _two_classes(options, "object", is_thing=True)
    most = max(sum(value > 0 for value in each.counts) for each in histograms)
    why = "as declared" if options.kind == "instances" else "each one connected area"
    words = (
        f"masks of {len(histograms)} files hold up to {most} numbers, {why}: instances, "
        f"every number above 0 is one object of class 1 {classes[1].name!r}"
    )
    return Inference(MaskCoding("instances", ((0, 0),), options.ignore, classes), (words,))


def _binary(
    histograms: Sequence[MaskHistogram], values: list[int], files: dict[int, list[Path]], options: CodingOptions
) -> Inference:
    classes = _two_classes(options, "foreground", is_thing=False)
    fore = {options.foreground} if options.foreground is not None else {value for value in values if value != 0}
    back = set(values) - fore | {0} - fore
    if len(set(values) - fore) > 1 or not (len(fore) <= 1 or fore == {1, 255}):
        raise CodingError(
            "not-binary",
            f"The masks hold {_listed(values)}, which is more than a background and a foreground.",
            "Name the values to leave out with --ignore, or pass --kind class-ids.",
            [files[value][0] for value in values[:5]],
        )
    doubts = []
    if not fore & set(values):
        doubts.append(f"All masks are empty: they hold only {_listed(values)}. There is nothing to learn from them.")
        fore = fore or {1, 255}
    if len(fore & set(values)) > 1:
        doubts.append(
            f"Masks with 0 and 1 ({len(files[1])} files, {files[1][0]} is one) are mixed with masks with 0 and 255 "
            f"({len(files[255])} files, {files[255][0]} is one); both marks are taken for the foreground."
        )
    coding = MaskCoding(
        "binary", tuple(sorted([(value, 0) for value in back] + [(value, 1) for value in fore])), options.ignore, classes
    )
    marks = " and ".join(map(str, sorted(fore & set(values)) or sorted(fore)))
    words = f"masks hold {_listed(values)} in {len(histograms)} files: binary, {marks} is class 1 {classes[1].name!r}"
    return Inference(coding, (words,), tuple(doubts))


def _class_ids(
    histograms: Sequence[MaskHistogram], values: list[int], files: dict[int, list[Path]], options: CodingOptions
) -> Inference:
    _check_ignore_mark(values, files, options)
    highest, named = max(values, default=0), options.class_names
    palette = next((each.palette for each in histograms if each.palette), None)
    if named and len(named) <= highest and len(named) == len(values):
        return _gray_codes(histograms, values, options)
    if named and len(named) <= highest:
        raise CodingError(
            "unknown-values",
            f"{files[highest][0]}: the mask holds {highest}, but there are {len(named)} classes (0 to {len(named) - 1}).",
            f"Name more classes, or pass --ignore {highest} if it marks pixels to leave out.",
            files[highest],
        )
    if not named and palette is None and not _are_ids(values):
        if len(values) > MAX_CODES:
            raise CodingError(
                "unclear-values",
                f"The masks hold {len(values)} values up to {highest} ({_listed(values)}), which are neither a few classes nor "
                f"connected objects.",
                "Say what they are: pass --kind instances, or --class-names with one name for every value.",
                [histograms[0].path],
            )
        return _gray_codes(histograms, values, options)
    names = tuple(named or ("background", *(f"class {i}" for i in range(1, highest + 1))))
    classes = Classes(tuple(ClassInfo(name, _class_color(i, palette)) for i, name in enumerate(names)))
    coding = MaskCoding("class-ids", tuple((i, i) for i in range(len(names))), options.ignore, classes)
    source = "palette indices" if palette else "class ids"
    words = f"masks hold {_listed(values)} in {len(histograms)} files: {source}, a value is the class of its number"
    absent = sorted(set(range(len(names))) - set(values))
    doubts = [f"The class ids {_listed(absent)} occur in no mask."] if absent else []
    if len({each.palette for each in histograms}) > 1:
        doubts.append("The masks have different palettes; the numbers count, not the colours.")
    if not named and len(values) > 2 and _one_part_each(histograms):
        doubts.append(
            "Every value is one connected area in nearly every mask: if the values number objects, pass --kind instances."
        )
    return Inference(coding, (words,), tuple(doubts))


def _gray_codes(histograms: Sequence[MaskHistogram], values: list[int], options: CodingOptions) -> Inference:
    """Gray levels far apart, each of which is a class, in their order."""
    named = options.class_names or tuple("background" if value == 0 else f"class {i}" for i, value in enumerate(values))
    classes = Classes.named(*named)
    coding = MaskCoding("class-ids", tuple((value, i) for i, value in enumerate(values)), options.ignore, classes)
    mapping = ", ".join(f"{value} is class {i} {named[i]!r}" for i, value in enumerate(values))
    words = f"masks hold {_listed(values)} in {len(histograms)} files: gray levels that stand for classes, {mapping}"
    doubt = "The mask values are no consecutive class ids; they were numbered in their order. Look whether that is meant."
    return Inference(coding, (words,), () if options.class_names else (doubt,))


def _check_ignore_mark(values: list[int], files: dict[int, list[Path]], options: CodingOptions) -> None:
    """255 above small class ids is nearly always 'leave out', and never to be guessed."""
    mark, others = (values[-1], values[:-1]) if len(values) > 1 else (0, values)
    named = options.class_names
    if mark not in IGNORE_MARKS or not _are_ids(others) or (named and len(named) > mark):
        return
    raise CodingError(
        "undeclared-ignore",
        f"{files[mark][0]}: the mask holds {mark} beside the class ids {_listed(others)}; so do {len(files[mark])} files.",
        f"If {mark} marks pixels to leave out, pass --ignore {mark}; if it is the foreground, pass --foreground {mark}.",
        files[mark],
    )


def _are_ids(values: list[int]) -> bool:
    """Small numbers, or numbers of which at least every second one up to the highest occurs."""
    highest = max(values, default=0)
    return highest < USUAL_IDS or 2 * len(values) > highest


def _one_part_each(histograms: Sequence[MaskHistogram]) -> bool:
    parts = [each.one_part for each in histograms if each.one_part is not None]
    return bool(parts) and sum(parts) / len(parts) >= ONE_PART


def _two_classes(options: CodingOptions, second: str, *, is_thing: bool) -> Classes:
    names = tuple(options.class_names or ("background", second))
    names = ("background", *names) if len(names) == 1 else names
    if len(names) != 2:
        raise CodingError(
            "class-names", f"{len(names)} classes are named, but the masks hold two.", "Name the background and the object."
        )
    return Classes.named(*names, things=names[1:] if is_thing else ())


def _class_color(class_id: int, palette: tuple[tuple[int, int, int], ...] | None) -> tuple[int, int, int]:
    if palette and class_id < len(palette):
        return palette[class_id]
    return PALETTE[class_id % len(PALETTE)]


def _listed(values: Sequence[int]) -> str:
    if len(values) > 3 and values[-1] - values[0] == len(values) - 1:
        return f"{values[0]} to {values[-1]}"
    listed = [str(value) for value in values[:12]] + [f"{len(values) - 12} more"] * (len(values) > 12)
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)
