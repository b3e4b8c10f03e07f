"""A receptive field over its image: what counts as warm colour, and what could count as a frame."""

from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from jaxtyping import Float32, UInt8
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy import ndimage

from maskwright.report.drawing import INK, STYLE

LONGEST = 6.0  # inches of the image's longer side
CAPTION = 0.75  # inches below it
LEAST_WIDTH = 5.6  # inches, for the caption
DIMMED = 0.55  # of the image's light
FRAME, HEAT, HELD = "#56b4e9", "#e8601c", "#ffffff"  # of the theoretical field, the effective, and the squares around it
FADED = 0.05  # of the strongest: what counts less is not painted


@dataclass(frozen=True, kw_only=True)
class MeasuredField:
    """What a picture shows: the image, the share of each pixel, and sizes in pixels a side.

    `box` is the theoretical field of the centre pixel (top, left, bottom, right; half-open), cut by the image, `theoretical_hw`
    the largest of any pixel, uncut. `sides` are the squares that hold so much of the whole, by share.
    """

    image: UInt8[np.ndarray, "h w 3"]
    shares: Float32[np.ndarray, "h w"]
    box: tuple[int, int, int, int]
    theoretical_hw: tuple[int, int]
    sees_all: bool
    sides: dict[float, int]
    weights: str  # whose they are, in words


@mpl.rc_context(STYLE)
def draw_field(measured: MeasuredField) -> Figure:
    """The dimmed image, the effective field on it, the frame of the theoretical one, and a caption with both sizes."""
    height, width = measured.image.shape[:2]
    scale = LONGEST / max(height, width)
    wide, high = max(LEAST_WIDTH, width * scale), height * scale
    figure = Figure(figsize=(wide, high + CAPTION))
    left = (wide - width * scale) / 2 / wide
    axes = figure.add_axes((left, CAPTION / (high + CAPTION), width * scale / wide, high / (high + CAPTION)))
    axes.imshow(_painted(measured), interpolation="nearest", aspect="auto", extent=(0, width, height, 0))
    top, left_edge, bottom, right = measured.box
    axes.add_patch(Rectangle((left_edge, top), right - left_edge, bottom - top, fill=False, ec=FRAME, lw=1.6))
    for share, side in measured.sides.items():
        corner = (width // 2 - side // 2, height // 2 - side // 2)
        style = "-" if share == min(measured.sides) else ":"
        axes.add_patch(Rectangle(corner, side, side, fill=False, ec=HELD, lw=1.2, ls=style))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    for place, (words, color) in enumerate(caption(measured)):
        y = (CAPTION - 0.2 - 0.19 * place) / (high + CAPTION)
        if color:
            figure.text(0.1 / wide, y, "■", size=9, color=color, va="center")
        figure.text((0.3 if color else 0.1) / wide, y, words, size=8, color=INK, va="center")
    return figure


def caption(measured: MeasuredField) -> list[tuple[str, str]]:
    """The lines below the picture, each with the colour that it explains."""
    high, wide = measured.theoretical_hw
    size = f"{high}" if high == wide else f"{high} x {wide}"
    (top, left, bottom, right), (height, width) = measured.box, measured.shares.shape
    cut = ", cut by the image" if min(top, left, height - bottom, width - right) == 0 else ""
    besides = ", and a mean over the whole image" if measured.sees_all else ""
    held = ", ".join(f"{share:.0%} within {side} pixels a side" for share, side in measured.sides.items())
    effective = f"Effective: {held} (white)" if all(measured.sides.values()) else "Effective: none, no pixel counts"
    return [
        (f"Theoretical: up to {size} pixels a side{cut}{besides}", FRAME),
        (effective, HEAT),
        (f"Weights: {measured.weights}", ""),
    ]


def _painted(measured: MeasuredField) -> UInt8[np.ndarray, "h w 3"]:
    """Shares as warm colours on the dimmed image, softened a little, since single pixels are noise."""
    strength = ndimage.gaussian_filter(measured.shares, 1.0)
    strength = np.sqrt(strength / max(float(strength.max()), 1e-30))  # else the centre outshines all
    heat = mpl.colormaps["inferno"](0.25 + 0.75 * strength)[:, :, :3] * 255
    opacity = np.clip((strength - FADED) / 0.4, 0, 0.9)[:, :, None]
    painted: UInt8[np.ndarray, "h w 3"] = ((1 - opacity) * measured.image * DIMMED + opacity * heat).astype(np.uint8)
    return painted
