"""The page about what a mask costs, written from the records of benchmarks/annotator.py alone."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from experiments import ROOT
from matplotlib import pyplot as plt
from matplotlib.ticker import MaxNLocator

from maskwright.base.files import atomic_path, atomic_write, read_json

PAGE, CURVE = "labelling.md", "labelling.svg"
WAYS = {
    "polygons": "polygons by hand",
    "clicks": "click to mask",
    "proposals": "proposals",
    "learning": "proposals that learn",
}
COLORS = {"polygons": "#999999", "clicks": "#d55e00", "proposals": "#e69f00", "learning": "#0072b2"}
STYLES = ("--", "-")  # of other assistants, and of the one without weights
AIM_SECONDS, AIM_AFTER = 5.0, 10  # a mask of nuclei, after so many images
WINDOW = 5  # images that a point of the curve is the mean of
ACTIONS = {
    "look": "look at an image",
    "glance": "glance at a proposal",
    "click": "click",
    "accept": "accept a mask, or all that are shown",
    "reject": "reject a proposal",
    "vertex": "corner of a polygon",
    "brush": "take up the brush",
    "stroke": "50 wrong pixels painted over",
    "finish": "mark an image as done",
}


def write_page(records: Path, *, is_tried: bool) -> None:
    """Write page and curve; nothing where nothing was measured."""
    found = [read_json(path) for path in sorted(records.glob("labelling-*.json"))]
    found = sorted(found, key=lambda one: (one["data"], list(WAYS).index(one["policy"]), one["assistant"]))
    if not found:
        return
    curve(found, (records if is_tried else ROOT / "docs" / "images") / CURVE)
    atomic_write((records if is_tried else ROOT / "docs" / "results") / PAGE, "\n".join(words(found)))


def a_mask(images: list[dict[str, Any]]) -> float:
    """Seconds a mask over some images."""
    return float(sum(one["seconds"] for one in images) / max(sum(one["objects"] for one in images), 1))


def words(found: list[dict[str, Any]]) -> list[str]:
    """The page, line by line."""
    first = found[0]
    lines = [
        "## What a mask costs",
        "",
        "A scripted person, who knows the truth and pays for every action by the table below, labels through the studio's HTTP "
        f"API (`benchmarks/annotator.py`). A mask is left as it is from an IoU of {first['good']:g}; clicking on an object "
        "ends once it has cost as much as finishing by hand will, and on an image where it fails oftener than not. "
        f"{first['after']} images done start a training of {first['minutes']:g} min, whose proposals come when they would come "
        "to a person; then what has learned answers clicks, too, where the assistant has no weights of its own.",
        "",
        f"![Seconds a mask against images labelled](../images/{CURVE})",
        "",
        f"| data | help | images | masks | s a mask | of it the first {AIM_AFTER} images | after them | mean IoU |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        images = one["images"]
        after = f"{a_mask(images[AIM_AFTER:]):.1f}" if len(images) > AIM_AFTER else "-"
        ious = np.average([i["iou"] or 0 for i in images], weights=[i["objects"] for i in images])
        masks, first_ones = sum(i["objects"] for i in images), a_mask(images[:AIM_AFTER])
        lines.append(
            f"| {one['data']} | {way(one)} | {len(images)} | {masks} | {a_mask(images):.1f} "
            f"| {first_ones:.1f} | {after} | {ious:.3f} |"
        )
    lines += ["", f"The aim: under {AIM_SECONDS:g} s a mask of nuclei after {AIM_AFTER} images. {aim(found)}", ""]
    lines += ["| action | seconds |", "|---|---|"]
    lines += [f"| {ACTIONS[name]} | {seconds:g} |" for name, seconds in first["prices"].items()]
    return [*lines, ""]


def way(one: dict[str, Any]) -> str:
    """How masks were made, and who helped."""
    return WAYS[one["policy"]] + (f", {one['assistant']}" if one["policy"] != "polygons" else "")


def aim(found: list[dict[str, Any]]) -> str:
    """Whether it was reached."""
    for one in found:
        if one["data"].startswith("dsb2018") and one["policy"] == "learning" and len(one["images"]) > AIM_AFTER:
            seconds = a_mask(one["images"][AIM_AFTER:])
            return f"Reached: {seconds:.1f} s." if seconds < AIM_SECONDS else f"Not reached: {seconds:.1f} s."
    return "Not measured yet."


def curve(found: list[dict[str, Any]], path: Path) -> None:
    """Seconds a mask against images labelled, one panel a data set."""
    names = sorted({one["data"] for one in found})
    with mpl.rc_context({"svg.hashsalt": "maskwright", "font.size": 9}):
        figure, panels = plt.subplots(1, len(names), figsize=(4.6 * len(names), 3.6), squeeze=False, layout="constrained")
        for panel, name in zip(panels[0], names, strict=True):
            for one in (one for one in found if one["data"] == name):
                images = one["images"]
                seconds = [a_mask(images[max(0, end - WINDOW) : end]) for end in range(1, len(images) + 1)]
                ends, style = range(1, len(images) + 1), STYLES[one["assistant"] == "classical"]
                panel.plot(ends, seconds, color=COLORS[one["policy"]], label=way(one), ls=style)
            if name.startswith("dsb2018"):
                panel.axhline(AIM_SECONDS, color="#555555", lw=0.8, ls=":")
            panel.set(title=name, xlabel="images labelled", ylabel=f"seconds a mask, mean of {WINDOW} images")
            panel.set_ylim(bottom=0)
            panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        lines = {line.get_label(): line for panel in panels[0] for line in panel.get_lines() if line.get_label()[0] != "_"}
        figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=3, frameon=False)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
        plt.close(figure)
