"""Segmentations painted over images, mistakes in colour, and sheets of pictures."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Integer, Num, UInt8
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE
from maskwright.masks.convert import instances_to_labels
from maskwright.masks.draw_objects import Color, object_colors
from maskwright.masks.draw_segments import segment_colors
from maskwright.masks.regions import boundaries, distinct
from maskwright.masks.types import Instances, LabelMap, Segmentation

CLEAR: Color = (0, 0, 0)  # the background's colour in the palette: what has it is not painted
IGNORED: Color = (128, 128, 128)  # striped, so that it is told apart without colour
LARGE = 1024  # pixels of the longer side from which outlines are wider, since such an image is looked at made smaller

# Okabe and Ito's colours, far apart for every kind of colour sight and in lightness.
MISTAKES: dict[str, Color] = {
    "hit": (86, 180, 233),
    "missed": (240, 228, 66),
    "spurious": (213, 94, 0),
    "wrong class": (204, 121, 167),
    "ignored": IGNORED,
}


def to_display(image: Num[np.ndarray, "h w c"]) -> UInt8[np.ndarray, "h w 3"]:
    """Any image as 8-bit RGB to look at: the range from the 0.5th to the 99.5th percentile is stretched to black and white.

    One channel is shown gray, two magenta and green, more as the first three in red, green and blue. The channels of a colour
    picture (three or four) share one range, so that hues stay; others have a range each. What is not finite is black.
    """
    channels = image.shape[2]
    shown = image[:, :, :3]
    parts = [shown] if channels in (3, 4) else [shown[:, :, i : i + 1] for i in range(shown.shape[2])]
    stretched = np.concatenate([_stretched(part) for part in parts], axis=2)
    red_green_blue = {1: [0, 0, 0], 2: [0, 1, 0]}.get(channels, [0, 1, 2])
    return np.take(stretched, red_green_blue, axis=2)


def color_map(label_map: LabelMap) -> UInt8[np.ndarray, "h w 3"]:
    """Every pixel in the colour of its class; ignored pixels gray."""
    colors = np.array([*(info.color for info in label_map.classes), IGNORED], np.uint8)
    return np.asarray(colors[np.minimum(label_map.ids, len(label_map.classes))])


def overlay(
    image: UInt8[np.ndarray, "h w 3"], segmentation: Segmentation, *, alpha: float = 0.45, outline: bool = True
) -> UInt8[np.ndarray, "h w 3"]:
    """The segmentation over its image: tinted by `alpha`, with solid outlines between classes or objects.

    Stuff has the colour of its class, things of a panoptic map shades of theirs, and objects a colour each; neighbours differ.
    Black classes (the background) stay clear, and ignored pixels are striped.
    """
    ids, colors = _parts(segmentation)
    return _painted(image, ids, colors, alpha=alpha, outline=outline)


def framed(picture: UInt8[np.ndarray, "h w 3"], box_xyxy: tuple[int, int, int, int]) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with a white line along the inner rim of a half-open box."""
    x0, y0, x1, y1 = box_xyxy
    drawn = picture.copy()
    for rows, columns in ((y0, slice(x0, x1)), (y1 - 1, slice(x0, x1)), (slice(y0, y1), x0), (slice(y0, y1), x1 - 1)):
        drawn[rows, columns] = 255
    return drawn


def error_map(
    image: UInt8[np.ndarray, "h w 3"], ground_truth: LabelMap, prediction: LabelMap, *, background: int | None = 0
) -> UInt8[np.ndarray, "h w 3"]:
    """Where a prediction is right and how it is wrong, in the colours of `MISTAKES` over the gray image.

    Missed: foreground that was predicted as background, or not predicted at all. Spurious: background that was predicted as
    foreground. Background that was found stays clear. Without a background class every mistake is a wrong class, and hits
    stay clear as well, since they would cover the whole image.
    """
    truth, found = ground_truth.ids, prediction.ids
    right, nothing = truth == found, IGNORE if background is None else background
    hit, missed, spurious, wrong_class, ignored = range(1, 6)
    outcomes = np.select(
        [truth == IGNORE, found == IGNORE, right & (found == nothing), right, truth == nothing, found == nothing],
        [ignored, missed, 0, 0 if background is None else hit, spurious, missed],
        default=wrong_class,
    )
    gray = np.broadcast_to(image.mean(axis=2, keepdims=True).astype(np.uint8), image.shape)
    return _painted(gray, outcomes, [CLEAR, *MISTAKES.values()][:ignored], alpha=0.6, outline=False)


def contact_sheet(
    images: Sequence[UInt8[np.ndarray, "_h _w 3"]], captions: Sequence[str], *, columns: int = 4, cell: int = 256
) -> UInt8[np.ndarray, "h w 3"]:
    """Pictures of any sizes in rows of `columns`, each fitted into a square of `cell` pixels, its caption below."""
    if len(images) != len(captions):
        raise ValueError(f"Every picture needs a caption: there are {len(images)} pictures and {len(captions)} captions.")
    font, gap, caption_height = ImageFont.load_default(size=12), 6, 20
    pictures = [fitted(Image.fromarray(image), cell) for image in images]
    columns = max(1, min(columns, len(pictures)))
    rows = [range(start, min(start + columns, len(pictures))) for start in range(0, len(pictures), columns)]
    heights = [max(pictures[i].height for i in row) + caption_height + gap for row in rows]
    sheet = Image.new("RGB", (columns * (cell + gap) + gap, sum(heights) + gap), (255, 255, 255))
    pen = ImageDraw.Draw(sheet)
    y = gap
    for row, height in zip(rows, heights, strict=True):
        for column, i in enumerate(row):
            x = gap + column * (cell + gap)
            sheet.paste(pictures[i], (x + (cell - pictures[i].width) // 2, y))
            pen.text((x, y + height - caption_height - gap + 3), shortened(captions[i], font, cell), fill=(0, 0, 0), font=font)
        y += height
    return np.array(sheet)


def _stretched(channels: Num[np.ndarray, "h w c"]) -> UInt8[np.ndarray, "h w c"]:
    """Channels stretched over one range of theirs."""
    step = max(1, round((channels[:, :, 0].size / 1e6) ** 0.5))  # a million pixels say enough about the range
    sample = channels[::step, ::step]
    values = sample[np.isfinite(sample)]
    if values.size == 0:
        return np.zeros(channels.shape, np.uint8)
    low, high = (float(value) for value in np.percentile(values, [0.5, 99.5]))
    if high <= low:  # nearly all pixels alike: show the few that are not
        low, high = float(values.min()), float(values.max())
    scaled = (channels.astype(np.float32).clip(low, high) - low) * (255 / max(high - low, 1e-12))
    return np.asarray(np.where(np.isfinite(channels), scaled, 0).round(), np.uint8)


def _parts(segmentation: Segmentation) -> tuple[Integer[np.ndarray, "h w"], list[Color]]:
    """The part that each pixel belongs to, from 0 on, and the colour of each part; numbers past the colours are ignored."""
    if isinstance(segmentation, LabelMap):
        return segmentation.ids, [info.color for info in segmentation.classes]
    if isinstance(segmentation, Instances):
        labels, colors = instances_to_labels(segmentation), [CLEAR, *object_colors(segmentation)]
        if segmentation.ignored is not None:
            labels[segmentation.ignored] = len(colors)
        return labels, colors
    values, places = distinct(segmentation.segment_ids)
    colors_of = segment_colors(segmentation)
    drawn = [value for value in values.tolist() if value]
    number = {value: place for place, value in enumerate(drawn)} | {0: len(drawn)}
    return np.array([number[value] for value in values.tolist()])[places], [colors_of[value] for value in drawn]


def _painted(
    image: UInt8[np.ndarray, "h w 3"], parts: Integer[np.ndarray, "h1 w1"], colors: list[Color], *, alpha: float, outline: bool
) -> UInt8[np.ndarray, "h w 3"]:
    """The image with each part in its colour; parts past the colours are striped."""
    if parts.shape != image.shape[:2]:
        raise MaskValueError(
            f"The image has the size {image.shape[:2]}, its segmentation {parts.shape}; they must be the same."
        )
    parts = np.minimum(parts, len(colors))
    paint = np.array([*colors, IGNORED], np.uint8)
    visible = np.asarray(paint.any(axis=1))[parts]
    strength = np.where(visible, np.float32(alpha), np.float32(0))
    if outline:
        border = boundaries(parts)
        if max(parts.shape) >= LARGE:
            border = ndimage.binary_dilation(border)
        strength[border & visible] = 1
    rows, columns = np.ogrid[: parts.shape[0], : parts.shape[1]]
    strength[(parts == len(colors)) & ((rows + columns) % 8 < 4)] = 0
    painted = image + (paint[parts] - image.astype(np.float32)) * strength[:, :, None]
    return np.asarray(painted.round(), np.uint8)


def fitted(picture: Image.Image, cell: int) -> Image.Image:
    """A picture that fills the cell: made smaller smoothly, or larger by whole factors, so that pixels stay square."""
    scale = cell / max(picture.size)
    scale = float(int(scale)) if scale > 1 else scale
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS)


def shortened(caption: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    """One line of a caption that fits the width."""
    line = " ".join(caption.split())[:200]
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "...") > width:
        line = line[:-1]
    return line + "..."
