"""Draw the figures of the page on transposed convolution.

`python tools/figures/transposed_convolution.py` writes docs/images/transposed-*.svg, the same bytes each time.
"""

from pathlib import Path

import matplotlib as mpl
import torch
import torch.nn.functional as F
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from maskwright.nn.upsample import upsample

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
STYLE = {"svg.hashsalt": "maskwright", "font.size": 10, "figure.facecolor": "white", "axes.titlesize": 10}
TEAL, ORANGE = "#00796b", "#e65100"


def grid(axes: Axes, values: Tensor, title: str, *, top: float, frame_hw: tuple[int, int], numbers: bool = True) -> None:
    """A map as squares, darker where the value is higher, in the middle of a panel of `frame_hw` squares."""
    rows, columns = values.shape
    axes.pcolormesh(values, cmap="Blues", vmin=0, vmax=top, edgecolors="#90a4ae", linewidth=0.6)
    if numbers:
        for y in range(rows):
            for x in range(columns):
                value = float(values[y, x])
                colour = "white" if value > 0.6 * top else "#37474f"
                axes.text(x + 0.5, y + 0.5, f"{value:g}", ha="center", va="center", color=colour)
    height, width = frame_hw
    left, above = (columns - width) / 2, (rows - height) / 2
    axes.set(title=title, aspect="equal", xlim=(left - 0.1, left + width + 0.1), ylim=(above + height + 0.1, above - 0.1))
    axes.set_axis_off()


def outline(axes: Axes, top_left: tuple[int, int], side: int, colour: str, style: str = "-") -> None:
    """A frame around `side` x `side` squares."""
    y, x = top_left
    axes.add_patch(Rectangle((x, y), side, side, fill=False, edgecolor=colour, linewidth=2.4, linestyle=style))


def patches() -> Figure:
    """One input pixel, what it paints with a kernel of 2x2 and of 3x3, and (dashed) where its neighbour paints."""
    figure, axes = plt.subplots(2, 3, figsize=(8, 8), width_ratios=[3, 3, 7], layout="constrained")
    maps = torch.zeros(3, 3)
    maps[1, 1] = 2
    for row, side in zip(axes, (2, 3), strict=True):
        kernel = torch.arange(1.0, side * side + 1).reshape(side, side)
        painted = F.conv_transpose2d(maps[None, None], kernel[None, None], stride=2)[0, 0]
        grid(row[0], maps, "input", top=18, frame_hw=(7, 3))
        outline(row[0], (1, 1), 1, TEAL)
        outline(row[0], (1, 2), 1, ORANGE, "--")
        grid(row[1], kernel, f"kernel {side}x{side}", top=18, frame_hw=(7, 3))
        grid(row[2], painted, f"output at stride 2: {len(painted)}x{len(painted)}", top=18, frame_hw=(7, 7))
        outline(row[2], (2, 2), side, TEAL)
        outline(row[2], (2, 4), side, ORANGE, "--")
    return figure


def checkerboard() -> Figure:
    """How many input pixels paint each output pixel: constant input, constant kernel."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.9), layout="constrained")
    maps = torch.ones(1, 1, 4, 4)
    for panel, side in zip(axes, (2, 3, 4), strict=True):
        counts = F.conv_transpose2d(maps, torch.ones(1, 1, side, side), stride=2)[0, 0]
        grid(panel, counts, f"kernel {side}x{side}, stride 2", top=5, frame_hw=(10, 10))
    return figure


def kinds() -> Figure:
    """The same small map at twice the resolution, by each of the four ways, with weights that show the way."""
    y, x = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    maps = ((y - 3.5) ** 2 + (x - 3.5) ** 2 < 8).float()
    mean = torch.full((1, 1, 3, 3), 1 / 9)
    # Of each way, the weights of its convolution: a 2x2 stamp; nothing; the mean of 3x3 pixels.
    weights = {
        "transposed": torch.tensor([[[[1.0, 0.7], [0.7, 0.4]]]]),
        "bilinear": torch.ones(1, 1, 1, 1),
        "nearest": mean,
        "shuffle": mean.expand(4, 1, 3, 3),
    }
    titles = {
        "transposed": "transposed 2x2, stride 2",
        "bilinear": "bilinear",
        "nearest": "nearest, then 3x3",
        "shuffle": "3x3, then pixel shuffle\n(as it starts)",
    }
    figure, axes = plt.subplots(1, 5, figsize=(12, 3), layout="constrained")
    grid(axes[0], maps, "input", top=1.2, frame_hw=(8, 8), numbers=False)
    for panel, (kind, weight) in zip(axes[1:], weights.items(), strict=True):
        up = upsample(kind, 1, 1)
        with torch.no_grad():
            for parameter in up.parameters():
                parameter.copy_(weight if parameter.ndim == 4 else torch.zeros_like(parameter))
            grid(panel, up(maps[None, None])[0, 0], titles[kind], top=1.2, frame_hw=(16, 16), numbers=False)
    return figure


def main() -> None:
    """Write every figure."""
    with mpl.rc_context(STYLE):
        for name, draw in (("patches", patches), ("checkerboard", checkerboard), ("kinds", kinds)):
            figure = draw()
            figure.savefig(IMAGES / f"transposed-{name}.svg", metadata={"Date": None})
            plt.close(figure)


if __name__ == "__main__":
    mpl.use("svg")
    main()
