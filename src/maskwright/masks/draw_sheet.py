"""One image with its segmentation as one kind or several, side by side, with titles and a legend of the classes."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from maskwright.masks.classes import IGNORE, ClassInfo
from maskwright.masks.convert import panoptic_of, to_instances, to_label_map
from maskwright.masks.draw import CLEAR, fitted, overlay, shortened
from maskwright.masks.types import Instances, LabelMap, Panoptic, Segmentation

View = Literal["image", "semantic", "instance", "panoptic"]
VIEWS: tuple[View, ...] = get_args(View)

MOST_CLASSES = 40  # in a legend
FONT, GAP, LINE = 14, 8, 22  # pixels: letters, between pictures, a line of text
SWATCH = 12
WHITE, BLACK, RIM = (255, 255, 255), (0, 0, 0), (150, 150, 150)


def views_of(segmentation: Segmentation) -> tuple[View, ...]:
    """The image, and the kinds that a segmentation tells with nothing made up: a panoptic map is all three."""
    own: tuple[View, ...] = ("semantic", "instance", "panoptic")
    if isinstance(segmentation, LabelMap):
        own = ("semantic",)
    elif isinstance(segmentation, Instances):
        own = ("instance",)
    return ("image", *own)


def seen_as(segmentation: Segmentation, view: View) -> tuple[Segmentation | None, str]:
    """A segmentation as one kind, None for the image alone; and a title. What is lost or made up: see `masks.convert`."""
    if view == "image":
        return None, view
    if view == "semantic":
        label_map = to_label_map(segmentation)
        return label_map, f"{view}: {_counted(len(set(np.unique(label_map.ids).tolist()) - {IGNORE}), 'class')}"
    if view == "instance":
        instances = to_instances(segmentation)
        return instances, f"{view}: {_counted(len(instances), 'object')}"
    panoptic = panoptic_of(segmentation)
    return panoptic, f"{view}: {_counted(len(panoptic.segments), 'segment')}"


def sheet(
    image: UInt8[np.ndarray, "h w 3"],
    segmentation: Segmentation,
    views: Sequence[View] | None = None,
    *,
    alpha: float = 0.5,
    size: int = 512,
) -> UInt8[np.ndarray, "h1 w1 3"]:
    """The image and its segmentation as each of `views` (those of `views_of` where None), in a row.

    alpha: how strongly they are painted. size: pixels of each picture's longer side; small images are made larger by whole
    factors. Below stand the colours of the classes that occur; of objects, colours say nothing but which is which.
    """
    shown = [seen_as(segmentation, view) for view in (views or views_of(segmentation))]
    pictures = [fitted(Image.fromarray(image if one is None else overlay(image, one, alpha=alpha)), size) for one, _ in shown]
    legend = _present([one for one, _ in shown])
    font = ImageFont.load_default(size=FONT)
    wide = max(picture.width for picture in pictures)
    width = len(pictures) * (wide + GAP) + GAP
    lines = _lines(legend, font, width - 2 * GAP)
    made = Image.new("RGB", (width, LINE + GAP + pictures[0].height + GAP + LINE * len(lines)), WHITE)
    pen = ImageDraw.Draw(made)
    for place, (picture, (_, title)) in enumerate(zip(pictures, shown, strict=True)):
        x = GAP + place * (wide + GAP)
        pen.text((x, GAP // 2), shortened(title, font, wide), fill=BLACK, font=font)
        made.paste(picture, (x, LINE + GAP // 2))
    y = LINE + GAP + pictures[0].height
    for line in lines:
        for x, name, color in line:
            box = (GAP + x, y + 4, GAP + x + SWATCH, y + 4 + SWATCH)
            pen.rectangle(box, fill=color, outline=RIM)
            pen.text((box[2] + 5, y + 1), name, fill=BLACK, font=font)
        y += LINE
    return np.array(made)


def _present(shown: Sequence[Segmentation | None]) -> list[ClassInfo]:
    """The classes that occur in a picture where their colours say which they are, in their order."""
    seen: dict[int, ClassInfo] = {}
    for one in shown:
        if isinstance(one, LabelMap):
            seen |= {i: one.classes[i] for i in np.unique(one.ids).tolist() if i != IGNORE}
        elif isinstance(one, Panoptic):
            seen |= {segment.class_id: one.classes[segment.class_id] for segment in one.segments}
    return [seen[class_id] for class_id in sorted(seen)]


def _lines(
    legend: Sequence[ClassInfo], font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int
) -> list[list[tuple[int, str, tuple[int, int, int]]]]:
    """Where in each line of the legend which name stands, and its colour."""
    entries = [
        (f"{info.name} (not painted)", WHITE) if info.color == CLEAR else (info.name, info.color)
        for info in legend[:MOST_CLASSES]
    ]
    if len(legend) > MOST_CLASSES:
        entries.append((f"and {len(legend) - MOST_CLASSES} more", WHITE))
    lines: list[list[tuple[int, str, tuple[int, int, int]]]] = []
    x = width
    for name, color in entries:
        words = shortened(name, font, max(width - SWATCH - 5, 1))
        needed = SWATCH + 5 + round(font.getlength(words)) + 2 * GAP
        if x + needed - 2 * GAP > width:
            lines.append([])
            x = 0
        lines[-1].append((x, words, color))
        x += needed
    return lines


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 'es' if what.endswith('s') else 's'}"
