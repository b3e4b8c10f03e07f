"""Draw the figure of the page on objects by maps.

`python tools/figures/object_maps.py` writes docs/images/object-maps.png from the nuclei that come with the package.
"""

from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

from maskwright.engine.reading import Reading
from maskwright.formats.images import read_image
from maskwright.masks.convert import to_instances
from maskwright.masks.draw import overlay, to_display
from maskwright.masks.object_maps import CLASS, DEPTH, OUTLINE, to_maps

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "docs" / "images" / "object-maps.png"
CUT = slice(395, 505), slice(54, 164)  # a part where nuclei touch


def main() -> None:
    data = Reading(path=ROOT / "src" / "maskwright" / "demo_data").read(None)
    sample = data[0]
    assert sample.segmentation is not None  # it comes with its masks
    objects = to_instances(sample.segmentation)
    maps = to_maps(objects)
    image = to_display(read_image(data.records[0].image))
    panels = (
        ("image", image[CUT], None),
        ("class", maps[CLASS][CUT], "gray"),
        ("outline", maps[OUTLINE][CUT], "gray"),
        ("depth", maps[DEPTH][CUT], "magma"),
        ("objects", overlay(image, objects)[CUT], None),
    )
    with mpl.rc_context({"font.size": 10, "figure.facecolor": "white", "axes.titlesize": 10}):
        figure, axes = plt.subplots(1, len(panels), figsize=(10, 2.3), layout="constrained")
        for ax, (title, picture, colors) in zip(axes, panels, strict=True):
            ax.imshow(picture, cmap=colors, interpolation="nearest")
            ax.set_title(title)
            ax.set_axis_off()
        figure.savefig(OUT, dpi=110, metadata={"Software": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
