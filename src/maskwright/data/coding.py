"""How the masks of a folder code their classes, inferred from the values that occur in them, or declared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from maskwright.data.coding_colors import infer_colors
from maskwright.data.coding_numbers import infer_numbers
from maskwright.data.coding_options import CodingError, CodingOptions, Inference
from maskwright.data.histogram import MaskHistogram, histogram
from maskwright.masks.coding import MaskCoding, RawMask, number_of, repair_nearest, unpacked

__all__ = ["CodingError", "CodingOptions", "Inference", "MaskHistogram", "check_known", "histogram", "infer"]


def infer(histograms: Sequence[MaskHistogram], options: CodingOptions | None = None) -> Inference:
    """The coding of the masks with these histograms. Raises `CodingError` where only a person can know it."""
    options = options or CodingOptions()
    if not histograms:
        raise CodingError("no-masks", "There is no mask to learn the classes from.", "Name the masks' folder with --masks.")
    histograms, doubts = _repaired(histograms, options)
    in_color = options.kind == "colors" or bool(options.colors) or any(each.is_color for each in histograms)
    rule = infer_colors if in_color and options.kind != "instances" else infer_numbers
    inference = rule(histograms, options)
    if not doubts:
        return inference
    return replace(inference, coding=replace(inference.coding, nearest=True), doubts=(*doubts, *inference.doubts))


def check_known(histograms: Sequence[MaskHistogram], coding: MaskCoding) -> None:
    """Raises `CodingError` where a mask holds a value that the coding does not know."""
    if coding.kind == "instances" or coding.nearest:
        return
    known = {number_of(value) for value in (*dict(coding.values), *coding.ignore)}
    for each in histograms:
        counts = each.in_colors() if coding.kind == "colors" else each.counts
        unknown = {value: count for value, count in counts.items() if value not in known}
        if unknown or (each.is_color and coding.kind != "colors"):
            seen = ", ".join(f"{value} in {count} pixels" for value, count in list(unknown.items())[:5]) or "colours"
            raise CodingError(
                "unknown-values",
                f"{each.path}: the mask holds values that are no class: {seen}.",
                "Add them to the data set's classes or to what it ignores, or correct the mask.",
                [each.path],
            )


def _repaired(histograms: Sequence[MaskHistogram], options: CodingOptions) -> tuple[Sequence[MaskHistogram], tuple[str, ...]]:
    """The histograms as repair by the nearest value leaves them, and that in words. Raises on damage without the option."""
    damaged = [each for each in histograms if each.damaged and (options.kind != "instances" or each.lossy)]
    if not damaged:
        return histograms, ()
    legal, first = _legal(histograms, options), damaged[0]
    values = ", ".join(map(("#{:06X}" if any(each.is_color for each in histograms) else "{}").format, legal[:20]))
    cause = (
        "what JPEG makes of values"
        if first.lossy
        else "thin rims of values between others, as smooth resizing or JPEG leaves them"
    )
    message = (
        f"{len(damaged)} of {len(histograms)} masks hold {cause}; {first.path} holds {len(first.counts)} values, "
        f"its areas only {values or 'none'}."
    )
    repairable = len(legal) >= 2 and options.kind != "instances"
    if not repairable:
        remedy = "They cannot be repaired: export them again as PNG, without smoothing."
    else:
        remedy = f"Export them again as PNG without smoothing, or pass --repair nearest to take the nearest of {values}."
    if not first.lossy:
        remedy += " If every value is one object, pass --kind instances."
    if not repairable or options.repair is None:
        raise CodingError("damaged-masks", message, remedy, [each.path for each in damaged])
    return [_to_nearest(each, legal) for each in histograms], (
        f"{message} Repaired: every pixel takes the nearest of {values}.",
    )


def _legal(histograms: Sequence[MaskHistogram], options: CodingOptions) -> list[int]:
    """The values that damaged masks had before: declared colours, else those of whole masks and of large areas.

    None where whole masks hold values so near to each other that damage cannot be told from them.
    """
    if options.colors:
        return sorted(number_of(color) for color in options.colors)
    far = next((each.far for each in histograms if each.is_color), histograms[0].far)
    legal = sorted({value for each in histograms if not each.damaged for value in each.counts})
    if not all(far(value, other) for value, other in pairwise(legal)):
        return []
    for value, _ in Counter(value for each in histograms if each.damaged for value in each.peaks()).most_common():
        if all(far(value, other) for other in legal):
            legal.append(value)
    return sorted(legal)


def _to_nearest(each: MaskHistogram, legal: Sequence[int]) -> MaskHistogram:
    """The histogram of the repaired mask."""
    values = np.array(list(each.counts), np.int64)[None]
    colors = np.stack([values >> 16, values >> 8 & 255, values & 255], axis=-1).astype(np.uint8)
    raw = RawMask(colors if each.is_color else values)
    repaired = repair_nearest(raw, [unpacked(value) for value in legal] if each.is_color else legal).numbers()[0].tolist()
    counts: Counter[int] = Counter()
    for value, count in zip(repaired, each.counts.values(), strict=True):
        counts[value] += count
    return replace(each, counts=dict(counts), damaged=False)
