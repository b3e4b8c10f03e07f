"""Draw the figures of the page on dilation.

`python tools/figures/dilation.py` writes docs/images/dilation-*.svg, the same bytes each time.
"""

from pathlib import Path

import matplotlib as mpl
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor, nn

from maskwright.nn.aspp import convolution

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
STYLE = {"svg.hashsalt": "maskwright", "font.size": 10, "figure.facecolor": "white", "axes.titlesize": 10}
TEAL, ORANGE, LINE = "#00796b", "#e65100", "#90a4ae"


def paths_to(rates: tuple[int, ...], side: int) -> Tensor:
    """In how many ways each input pixel reaches the middle output pixel through stacked 3x3 convolutions: the gradient."""
    stack = nn.Sequential(*(convolution(1, 1, rate=rate)[0] for rate in rates))
    for weights in stack.parameters():
        nn.init.ones_(weights)
    image = torch.zeros(1, 1, side, side, requires_grad=True)
    (paths,) = torch.autograd.grad(stack(image)[0, 0, side // 2, side // 2], image)
    return paths[0, 0]


def grid(axes: Axes, paths: Tensor, title: str) -> None:
    """The pixels of a map, darker where more paths lead to the middle, white where none does."""
    shade = torch.where(paths > 0, paths.sqrt(), torch.nan).numpy()  # a root, so that few paths can be told from none
    length = len(paths)
    axes.imshow(shade, cmap="GnBu", vmin=-0.6 * paths.max() ** 0.5, interpolation="none", extent=(0, length, length, 0))
    axes.vlines(range(length + 1), 0, length, color=LINE, linewidth=0.5)
    axes.hlines(range(length + 1), 0, length, color=LINE, linewidth=0.5)
    rows, columns = paths.nonzero().T.tolist()
    side = max(rows) - min(rows) + 1
    frame = {"fill": False, "linewidth": 2, "zorder": 3}  # over the lines
    axes.add_patch(Rectangle((min(columns), min(rows)), side, side, edgecolor=TEAL, **frame))
    axes.add_patch(Rectangle((length // 2, length // 2), 1, 1, edgecolor=ORANGE, **frame))
    axes.set(title=f"{title}\n{len(rows)} of {side}x{side} pixels", xlim=(-0.2, length + 0.2), ylim=(length + 0.2, -0.2))
    axes.set_axis_off()


def kernels() -> Figure:
    """One 3x3 kernel at three dilations."""
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.5), layout="constrained")
    for panel, rate in zip(axes, (1, 2, 4), strict=True):
        grid(panel, paths_to((rate,), 11), f"dilation {rate}")
    return figure


def gridding() -> Figure:
    """What three convolutions in a row see, at one rate and at rates that grow."""
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.5), layout="constrained")
    for panel, rates in zip(axes, ((2, 2, 2), (1, 2, 4), (1, 2, 5)), strict=True):
        grid(panel, paths_to(rates, 19), f"dilations {', '.join(map(str, rates))}")
    return figure


def main() -> None:
    """Write every figure."""
    with mpl.rc_context(STYLE):
        for name, draw in (("kernels", kernels), ("gridding", gridding)):
            figure = draw()
            figure.savefig(IMAGES / f"dilation-{name}.svg", metadata={"Date": None})
            plt.close(figure)


if __name__ == "__main__":
    mpl.use("svg")
    main()
