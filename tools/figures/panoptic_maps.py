"""Draw the figure of the page on things and stuff.

`python tools/figures/panoptic_maps.py` writes docs/images/panoptic-maps.png, a drawn street and the maps that a network learns.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from jaxtyping import Float32
from matplotlib import pyplot as plt

from maskwright.losses.centers import center_targets
from maskwright.masks.draw import overlay, to_display
from maskwright.masks.panoptic_layers import THING, to_layers
from maskwright.synth.recipes import RECIPES, draw

OUT = Path(__file__).resolve().parents[2] / "docs" / "images" / "panoptic-maps.png"
SEED, NUMBER = 1, 0  # the street of the page on the three tasks
CENTER_PX = 8.0
FAR_PX = 24.0  # from where on the colour of a direction is full


def main() -> None:
    scene = draw(RECIPES["street"], SEED, NUMBER)
    layers = to_layers(scene.panoptic)
    near, offsets = center_targets(torch.from_numpy(layers[THING].astype(np.int64))[None], CENTER_PX)
    image = to_display(scene.image)
    panels = (
        ("image", image, None),
        ("segments", overlay(image, scene.panoptic), None),
        ("nearness to a centre", near[0].numpy(), "magma"),
        ("way to the centre", directions(offsets[0].numpy(), layers[THING] > 0), None),
    )
    with mpl.rc_context({"font.size": 10, "figure.facecolor": "white", "axes.titlesize": 10}):
        figure, axes = plt.subplots(1, len(panels), figsize=(10, 2.75), layout="constrained")
        for ax, (title, picture, colors) in zip(axes, panels, strict=True):
            ax.imshow(picture, cmap=colors, interpolation="nearest")
            ax.set_title(title)
            ax.set_axis_off()
        figure.savefig(OUT, dpi=110, metadata={"Software": None})
        plt.close(figure)


def directions(offsets_yx: Float32[np.ndarray, "2 h w"], is_thing: np.ndarray) -> Float32[np.ndarray, "h w 3"]:
    """Each direction as a hue, the stronger the farther; white where there is no thing."""
    down, right = offsets_yx
    hue = (np.arctan2(down, right) / (2 * np.pi)) % 1
    strength = np.clip(np.hypot(down, right) / FAR_PX, 0, 1) ** 0.5
    colors = mpl.colors.hsv_to_rgb(np.stack([hue, strength, np.full_like(hue, 0.9)], axis=-1))
    return np.where(is_thing[..., None], colors, 1).astype(np.float32)


if __name__ == "__main__":
    main()
