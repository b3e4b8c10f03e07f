"""Draw the figure of the page on Mask R-CNN.

`python tools/figures/roi_align.py` writes docs/images/roi-align.svg, the same bytes each time.
"""

import math
from pathlib import Path

import matplotlib as mpl
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from maskwright.nn.roi_align import Pooling, roi_align

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
STYLE = {"svg.hashsalt": "maskwright", "font.size": 10, "figure.facecolor": "white", "axes.titlesize": 10}
TEAL, ORANGE, LINE = "#00796b", "#e65100", "#90a4ae"

SIDE = 8  # of the map
BINS = 2  # a side of the output
BOX = (1.2, 2.1, 5.2, 6.1)  # x0, y0, x1, y1 in pixels of the map


def small_map() -> Tensor:
    """A blob with one bright corner, so that a shift of a fraction of a pixel shows."""
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    return (10 * torch.exp(-((x - 2.5) ** 2 + (y - 5) ** 2) / 6)).round()


def roi_pool(values: Tensor) -> tuple[Tensor, list[Rectangle]]:
    """The largest value in each bin, after box and bins are rounded to whole pixels (Fast R-CNN), and those bins."""
    x0, y0, x1, y1 = (math.floor(side + 0.5) for side in BOX)
    width, height = x1 - x0 + 1, y1 - y0 + 1  # the last pixel included
    output, bins = torch.zeros(BINS, BINS), []
    for row in range(BINS):
        for column in range(BINS):
            top, bottom = y0 + math.floor(row * height / BINS), y0 + math.ceil((row + 1) * height / BINS)
            left, right = x0 + math.floor(column * width / BINS), x0 + math.ceil((column + 1) * width / BINS)
            output[row, column] = values[top:bottom, left:right].max()
            bins.append(Rectangle((left, top), right - left, bottom - top))
    return output, bins


def map_panel(axes: Axes, values: Tensor, title: str) -> None:
    """The pixels with their values, and the box as it was asked for."""
    axes.imshow(values, cmap="GnBu", vmax=18, extent=(0, SIDE, SIDE, 0), interpolation="none")
    axes.vlines(range(SIDE + 1), 0, SIDE, color=LINE, linewidth=0.5)
    axes.hlines(range(SIDE + 1), 0, SIDE, color=LINE, linewidth=0.5)
    for row in range(SIDE):
        for column in range(SIDE):
            axes.text(column + 0.42, row + 0.5, f"{values[row, column]:.0f}", ha="center", va="center", fontsize=8)
    x0, y0, x1, y1 = BOX
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, linewidth=2, edgecolor=ORANGE, zorder=3))
    axes.set(title=title, xlim=(-0.2, SIDE + 0.2), ylim=(SIDE + 0.2, -0.2))
    axes.set_axis_off()


def output_panel(axes: Axes, output: Tensor) -> None:
    """The grid that the heads see."""
    axes.imshow(output, cmap="GnBu", vmin=0, vmax=18, extent=(0, BINS, BINS, 0), interpolation="none")
    axes.vlines(range(BINS + 1), 0, BINS, color=LINE, linewidth=0.5)
    axes.hlines(range(BINS + 1), 0, BINS, color=LINE, linewidth=0.5)
    for row in range(BINS):
        for column in range(BINS):
            axes.text(column + 0.5, row + 0.5, f"{output[row, column]:.1f}", ha="center", va="center")
    axes.set(xlim=(-0.1, BINS + 0.1), ylim=(BINS + 0.1, -0.1))
    axes.set_axis_off()


def main() -> None:
    """Write the figure."""
    values = small_map()
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(1, 4, figsize=(10, 3.4), layout="constrained", width_ratios=(4, 1.4, 4, 1.4))
        pooled, bins = roi_pool(values)
        map_panel(axes[0], values, "RoIPool: rounded to pixels, largest value")
        for rectangle in bins:
            rectangle.set(fill=False, edgecolor=TEAL, linewidth=1.6, zorder=4)
            axes[0].add_patch(rectangle)
        output_panel(axes[1], pooled)
        x0, y0, x1, y1 = BOX
        aligned = roi_align(
            values[None, None], torch.tensor([BOX]), torch.zeros(1, dtype=torch.int64), Pooling((BINS, BINS), 2)
        )
        map_panel(axes[2], values, "RoIAlign: exact bins, mean of 2x2 samples")
        shares = [(step + 0.5) / (2 * BINS) for step in range(2 * BINS)]
        points = [(x0 + across * (x1 - x0), y0 + down * (y1 - y0)) for across in shares for down in shares]
        axes[2].vlines((x0 + x1) / 2, y0, y1, color=TEAL, linewidth=1.6, zorder=4)
        axes[2].hlines((y0 + y1) / 2, x0, x1, color=TEAL, linewidth=1.6, zorder=4)
        axes[2].scatter(*zip(*points, strict=True), s=14, color=TEAL, zorder=5)
        output_panel(axes[3], aligned[0, 0])
        figure.savefig(IMAGES / "roi-align.svg", metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    mpl.use("svg")
    main()
