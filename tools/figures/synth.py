"""Draw the figures of the page on synthetic data.

`python tools/figures/synth.py` writes docs/images/synth.jpg, scenes of every recipe over their labels, and
docs/images/copy-paste.jpg, the nuclei that come with the package pasted onto their own image.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from maskwright.data.dataset import read
from maskwright.engine.pasting import gather, scenes
from maskwright.masks.draw import overlay, to_display
from maskwright.synth.copy_paste import CopyPaste
from maskwright.synth.recipes import RECIPES, draw
from maskwright.synth.scene import Scene

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
SEED = 2
STYLE = {"font.size": 10, "figure.facecolor": "white", "axes.titlesize": 10}


def main() -> None:
    columns = [(name, draw(recipe, SEED, _telling(name))) for name, recipe in RECIPES.items()]
    grid(columns, IMAGES / "synth.jpg")
    found = gather(read(ROOT / "src" / "maskwright" / "demo_data"))
    pasting = scenes(CopyPaste(count=(25, 25)), found, seed=SEED, count=3)
    before = found.backgrounds[0]
    pasted = [(f"pasted, image {number}", pasting.draw(number)) for number in range(3)]
    grid([("as it was", Scene(before.image, before.panoptic)), *pasted], IMAGES / "copy-paste.jpg")


def _telling(name: str) -> int:
    """Of the first scenes one with many segments, since an almost empty one shows little."""
    counts = [len(draw(RECIPES[name], SEED, index).panoptic.segments) for index in range(6)]
    return int(np.argsort(counts)[len(counts) // 2 + 1])


def grid(columns: list[tuple[str, Scene]], out: Path) -> None:
    """Images above, their labels below."""
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(2, len(columns), figsize=(2 * len(columns), 4.2), layout="constrained")
        for (title, scene), (above, below) in zip(columns, axes.T, strict=True):
            image = to_display(scene.image)
            above.imshow(image, interpolation="nearest")
            below.imshow(overlay(image, scene.panoptic), interpolation="nearest")
            above.set_title(title)
            above.set_axis_off()
            below.set_axis_off()
        figure.savefig(out, dpi=128, pil_kwargs={"quality": 88})
        plt.close(figure)


if __name__ == "__main__":
    main()
