"""Draw the figures of the page on the three tasks.

`python tools/figures/three_tasks.py` writes docs/images/three-tasks.png, a street as each of the three kinds, and
docs/images/three-tasks-scores.png, what a score of each kind says of three mistakes on it. The street is a drawn one.
"""

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from maskwright.formats.png import write_picture
from maskwright.masks.convert import things_of, to_label_map
from maskwright.masks.draw_sheet import sheet
from maskwright.masks.overlap import near_pairs
from maskwright.masks.types import Panoptic
from maskwright.metrics import instance, panoptic, semantic
from maskwright.metrics.instance_tally import tally
from maskwright.report.segment_pictures import segment_picture
from maskwright.synth.recipes import RECIPES, draw

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
SEED, NUMBER = 1, 0


def main() -> None:
    scene = draw(RECIPES["street"], SEED, NUMBER)
    write_picture(IMAGES / "three-tasks.png", sheet(scene.image, scene.panoptic, size=256))
    mistakes = {
        "two cars as one": two_as_one(scene.panoptic),
        "the pavement as road": renamed(scene.panoptic, "pavement", "road"),
        "a car as a person": thing_renamed(scene.panoptic, "car", "person"),
    }
    with mpl.rc_context({"font.size": 10, "figure.facecolor": "white", "axes.titlesize": 10}):
        figure, axes = plt.subplots(1, len(mistakes), figsize=(9, 3.65), layout="constrained")
        for ax, (name, prediction) in zip(axes, mistakes.items(), strict=True):
            ax.imshow(segment_picture(scene.image, scene.panoptic, prediction).errors, interpolation="nearest")
            numbers = [f"{metric}  {value:.3f}" for metric, value in scores_of(scene.panoptic, prediction).items()]
            ax.set_title("\n".join([name, *numbers]), loc="left")
            ax.set_axis_off()
        figure.savefig(IMAGES / "three-tasks-scores.png", dpi=100, metadata={"Software": None})
        plt.close(figure)


def scores_of(truth: Panoptic, prediction: Panoptic) -> dict[str, float]:
    """One number of each kind of score."""
    classes = truth.classes
    table = semantic.table_of(to_label_map(truth), to_label_map(prediction), id="street")
    of_pixels = semantic.score([table], ["street"], classes, background=None)
    of_objects = instance.scores(["street"], [tally(things_of(truth), things_of(prediction))], classes)
    of_segments = panoptic.scores(["street"], [panoptic.tally(truth, prediction)], classes)
    return {
        "semantic: mean IoU": of_pixels.row("iou", "all classes").value,
        "instance: F1": of_objects.row("F1 at IoU 0.5", "all objects").value,
        "panoptic: PQ": of_segments.headline_row.value,
    }


def two_as_one(truth: Panoptic) -> Panoptic:
    """The two largest cars that touch become one."""
    things = [segment for segment in truth.segments if truth.classes[segment.class_id].is_thing]
    regions = things_of(truth).regions
    cars = [
        (regions[i].area + regions[j].area, things[i].id, things[j].id)
        for i, j in near_pairs(regions, 0)
        if {truth.classes[things[place].class_id].name for place in (i, j)} == {"car"}
    ]
    _, kept, gone = max(cars)
    ids = np.where(truth.segment_ids == gone, np.int32(kept), truth.segment_ids)
    return Panoptic(ids, tuple(segment for segment in truth.segments if segment.id != gone), truth.classes)


def renamed(truth: Panoptic, old: str, new: str) -> Panoptic:
    """All of one class of stuff as another."""
    names = truth.classes.names
    gone, kept = (next(s.id for s in truth.segments if s.class_id == names.index(name)) for name in (old, new))
    ids = np.where(truth.segment_ids == gone, np.int32(kept), truth.segment_ids)
    return Panoptic(ids, tuple(segment for segment in truth.segments if segment.id != gone), truth.classes)


def thing_renamed(truth: Panoptic, old: str, new: str) -> Panoptic:
    """The largest thing of one class called another."""
    names, areas = truth.classes.names, np.bincount(truth.segment_ids.ravel())
    named = [segment for segment in truth.segments if segment.class_id == names.index(old)]
    largest = max(named, key=lambda segment: areas[segment.id])
    other = replace(largest, class_id=names.index(new))
    return replace(truth, segments=tuple(other if segment is largest else segment for segment in truth.segments))


if __name__ == "__main__":
    main()
