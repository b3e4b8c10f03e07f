"""Objects drawn over images one by one: in colours that differ from their neighbours', filled, outlined, dashed or numbered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from maskwright.masks.overlap import near_pairs
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

Color = tuple[int, int, int]

# The bright ones of Okabe and Ito's colours, which show on dark images and on light ones.
OBJECT_COLORS: tuple[Color, ...] = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (213, 94, 0), (204, 121, 167), (0, 114, 178),
)  # fmt: skip
NEAR = 8  # pixels between two boxes up to which objects are neighbours
DASH = 5.0  # lengths of a dash, and of the gap behind it, in widths of the line


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """How some objects are drawn: their colour, how strongly they are filled with it, and the line along their inner rim."""

    regions: Sequence[Region]
    color: Color
    fill: float = 0.0  # 0 is clear, 1 covers the image
    line: int = 1  # pixels; 0 draws none
    dashed: bool = False


def object_colors(instances: Instances) -> list[Color]:
    """A colour for each object, another one than its neighbours have; of the colours that are left, the one used least."""
    return [OBJECT_COLORS[color] for color in unlike_neighbours(instances, len(OBJECT_COLORS))]


def unlike_neighbours(instances: Instances, colors: int) -> list[int]:
    """A number below `colors` for each object, chosen as `object_colors` says."""
    neighbours: list[list[int]] = [[] for _ in instances.regions]
    for one, other in near_pairs(instances.regions, NEAR):
        neighbours[one].append(other)
        neighbours[other].append(one)
    used, chosen = [0] * colors, [-1] * len(instances)
    for place, near in enumerate(neighbours):
        taken = {chosen[other] for other in near}
        free = [color for color in range(colors) if color not in taken]
        chosen[place] = min(free or range(colors), key=used.__getitem__)
        used[chosen[place]] += 1
    return chosen


def draw(image: UInt8[np.ndarray, "h w 3"], strokes: Iterable[Stroke]) -> UInt8[np.ndarray, "h w 3"]:
    """The image with objects drawn over it, stroke after stroke; what lies outside the image is cut off."""
    drawn = image.copy()
    box = (0, 0, image.shape[1], image.shape[0])
    for stroke in strokes:
        for region in stroke.regions:
            inside = region.window(box)
            x0, y0, x1, y1 = inside.box_xyxy
            part = drawn[y0:y1, x0:x1]
            rim = _rim(inside.pixels, stroke)
            if stroke.fill:
                part[inside.pixels] = np.rint((1 - stroke.fill) * part[inside.pixels] + stroke.fill * np.array(stroke.color))
            part[rim] = stroke.color
    return drawn


def outlined(
    image: UInt8[np.ndarray, "h w 3"], instances: Instances, *, line: int = 1, fill: float = 0.25
) -> UInt8[np.ndarray, "h w 3"]:
    """Every object outlined and lightly filled in a colour that its neighbours do not have."""
    pairs = zip(instances.regions, object_colors(instances), strict=True)
    return draw(image, (Stroke(regions=[region], color=color, fill=fill, line=line) for region, color in pairs))


def numbered(image: UInt8[np.ndarray, "h w 3"], instances: Instances, *, size: int = 11) -> UInt8[np.ndarray, "h w 3"]:
    """The number of every object, from 1 on, in its middle: white letters with a dark rim of `size` pixels' height."""
    picture = Image.fromarray(image)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=size)
    for number, region in enumerate(instances.regions, 1):
        x0, y0, x1, y1 = region.box_xyxy
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        pen.text(middle, str(number), fill=(255, 255, 255), font=font, anchor="mm", stroke_width=1, stroke_fill=(0, 0, 0))
    return np.array(picture)


def magnified(instances: Instances, factor: int) -> Instances:
    """Objects as they lie on an image that is made larger by a whole factor."""
    ignored = instances.ignored
    return replace(
        instances,
        size_hw=(factor * instances.size_hw[0], factor * instances.size_hw[1]),
        regions=tuple(_larger(region, factor) for region in instances.regions),
        ignored=None if ignored is None else ignored.repeat(factor, axis=0).repeat(factor, axis=1),
    )


def _larger(region: Region, factor: int) -> Region:
    x0, y0, x1, y1 = (factor * side for side in region.box_xyxy)
    return Region((x0, y0, x1, y1), region.pixels.repeat(factor, axis=0).repeat(factor, axis=1))


def _rim(pixels: Bool[np.ndarray, "h w"], stroke: Stroke) -> Bool[np.ndarray, "h w"]:
    """The line along the inner rim."""
    if stroke.line == 0 or not pixels.any():
        return np.zeros(pixels.shape, bool)
    rim = pixels & ~ndimage.binary_erosion(pixels, iterations=stroke.line)
    if not stroke.dashed:
        return np.asarray(rim)
    rows, columns = np.nonzero(rim)
    down, right = rows - rows.mean(), columns - columns.mean()
    around = len(rows) / stroke.line  # about the length of the line
    dashes = max(round(around / (2 * DASH * stroke.line)), 3)
    kept = np.arctan2(down, right) * dashes / np.pi % 2 < 1
    dashed = np.zeros(pixels.shape, bool)
    dashed[rows[kept], columns[kept]] = True
    return dashed
