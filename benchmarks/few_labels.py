"""How good nuclei are found when few images are labelled: with these alone, after training on drawn cells, and with copy-paste.

Of n labelled images a quarter, at least one, chooses weights and thresholds, as it would where no more are labelled; the test
part is the same for all. Every training follows one plan, made once for the time that is given, so that all take as many steps.
What a training gave is kept in docs/results/records, one file each; a record that is there is not measured again. From the
records alone the page and its curve are written. `--steps` is for trying the script: all that comes of it stays in runs/.
"""

import argparse
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from typing import Any

import matplotlib as mpl
from experiments import RECORDS, ROOT, maskwright
from matplotlib import pyplot as plt

from maskwright.base.files import atomic_write, read_json, write_json
from maskwright.base.journal import Journal
from maskwright.base.rng import stream
from maskwright.data.dataset import DataSet
from maskwright.engine.pasting import gather, scenes
from maskwright.engine.reading import Reading
from maskwright.engine.synth_folder import Scenes, write_scenes
from maskwright.masks.convert import panoptic_of
from maskwright.metrics.scores import Score, Scores
from maskwright.report.words import interval_of, number
from maskwright.synth.cells import Cells
from maskwright.synth.copy_paste import CopyPaste
from maskwright.synth.recipes import to_json
from maskwright.synth.scene import Scene

NAME = "dsb2018_nuclei"
CLASSES = ("background", "nucleus")
LABELLED = (2, 4, 8, 16, 32, 0)  # images; 0 is all that there are to train on
SEEDS = (0, 1)  # of which images are labelled, of the training and of what is drawn by chance
DRAWN, PASTED = 400, 100  # images
TRIED = 8  # images of each kind where the script is only tried
CELLS = Cells(stained_share=0.2)  # as many kinds of stain as the real images have
WAYS = {"real": "labelled images alone", "drawn": "first trained on drawn cells", "pasted": "with copy-paste added"}
COLORS = {"real": "#0072b2", "drawn": "#d55e00", "pasted": "#009e73"}
PAGE = ROOT / "docs" / "results" / "few-labels.md"
CURVE = ROOT / "docs" / "images" / "few-labels.svg"


@dataclass(frozen=True)
class Bench:
    """Where things lie, and how long a training takes."""

    data: Path
    budget: str
    steps: int | None

    @property
    def runs(self) -> Path:
        return ROOT / "runs" / ("few-labels-tried" if self.is_tried else "few-labels")

    @property
    def records(self) -> Path:
        return self.runs / "records" if self.is_tried else RECORDS

    @property
    def is_tried(self) -> bool:
        return self.steps is not None

    @property
    def drawn(self) -> int:
        return TRIED if self.is_tried else DRAWN

    @property
    def pasted(self) -> int:
        return TRIED if self.is_tried else PASTED

    @property
    def options(self) -> tuple[str, ...]:
        return ("--class-names", ",".join(CLASSES))


@dataclass(frozen=True)
class Experiment:
    """One way with so many labelled images."""

    way: str
    labelled: int
    seed: int

    @property
    def name(self) -> str:
        return f"few-labels-{self.way}-{self.labelled or 'all'}-{self.seed}"


EXPERIMENTS = [Experiment(way, labelled, seed) for seed in SEEDS for labelled in LABELLED for way in WAYS]


def main() -> None:
    """Train what is not there yet, one after another, then write the page."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("data", type=Path, help="folder of the data sets")
    arguments.add_argument("--budget", default="2min", help="of each training")
    arguments.add_argument("--only", default="", help="train only the experiments whose name has this in it")
    arguments.add_argument("--steps", type=int, help="try the script with so few steps")
    chosen = arguments.parse_args()
    bench = Bench(chosen.data / NAME, chosen.budget, chosen.steps)
    for one in EXPERIMENTS:
        if chosen.only in one.name and not (bench.records / f"{one.name}.json").exists():
            measure(bench, one)
            write_page(bench)
    write_page(bench)


def measure(bench: Bench, one: Experiment) -> None:
    """Train one way as planned, or go on where it was stopped, and keep its scores."""
    split = labelled_split(bench, one)
    folder, options = (pasted_folder(bench, one, split), ()) if one.way == "pasted" else (bench.data, bench.options)
    file = bench.runs / "splits" / f"{one.name}.json" if one.way == "pasted" else split_file(bench, one, split)
    start = () if one.way != "drawn" else ("--set", f"start_from={pretrained(bench)}", "--set", "encoder_weights=null")
    run = bench.runs / one.name
    train(
        run,
        folder,
        *options,
        "--split",
        file,
        "--plan",
        planned(bench),
        "--seed",
        one.seed,
        "--set",
        f"seed={one.seed}",
        *start,
    )
    write_json(bench.records / f"{one.name}.json", record(run, way=one.way, labelled=len(split["train"]) + len(split["val"])))


def train(run: Path, folder: Path, *arguments: object) -> None:
    """A training, unless it is done; gone on with, if it was begun."""
    if not (run / "scores.json").exists():
        begun = (run / "plan.json").exists()
        maskwright("train", *(("--resume",) if begun else (folder, *map(str, arguments))), "--out", run)


def record(run: Path, **about: object) -> dict[str, Any]:
    """What a run gave, without where it lies and what each image says of itself."""
    start = next(entry for entry in Journal(run / "journal.jsonl").read() if entry["event"] == "start")
    scores, plan = read_json(run / "scores.json"), read_json(run / "plan.json")
    del scores["reading"]
    scores |= {"per_image": [], "rows": [row for row in scores["rows"] if not row["detail"]]}
    plan["start_from"] = plan["start_from"] and Path(plan["start_from"]).name
    for decision in plan["decisions"]:
        decision["value"] = plan["start_from"] if decision["name"] == "start_from" else decision["value"]
    return {**about, "plan": plan, "scores": scores, "environment": start}


def planned(bench: Bench) -> Path:
    """The one plan of all trainings, timed on this machine with all images."""
    path = bench.runs / "plan.json"
    if not path.exists():
        few = () if bench.steps is None else ("--set", f"steps={bench.steps}", "--set", f"validate_every={bench.steps}")
        maskwright(
            "plan", bench.data, *bench.options, "--task", "instance", "--model", "unet", "--budget", bench.budget, *few,
            "--out", path,
        )  # fmt: skip
    return path


def pretrained(bench: Bench) -> Path:
    """The run on drawn cells, by the same plan, from which all trainings of that way start."""
    folder, run = bench.runs / "cells", bench.runs / "few-labels-cells"
    maskwright("synth", recipe_file(bench), "--count", str(bench.drawn), "--seed", "0", "--out", folder)
    train(run, folder, "--plan", planned(bench), "--val", "0.1")
    if not (bench.records / "few-labels-cells.json").exists():
        write_json(bench.records / "few-labels-cells.json", record(run, recipe=to_json(CELLS), images=bench.drawn))
    return run


def recipe_file(bench: Bench) -> Path:
    write_json(bench.runs / "cells.json", to_json(CELLS))
    return bench.runs / "cells.json"


def labelled_split(bench: Bench, one: Experiment) -> dict[str, list[str]]:
    """Which images are labelled: fewer are always among more of them. A quarter, at least one, is held out to choose by."""
    suggested = read_json(bench.data / "splits.json")["suggested"]
    names = sorted(name for part, listed in suggested.items() if part != "test" for name in listed)
    order = [names[i] for i in stream(one.seed, "few labels").permutation(len(names)).tolist()]
    chosen = order[: one.labelled or len(order)]
    val = [name for place, name in enumerate(chosen) if place % 4 == 1]
    return {
        "train": [name for name in chosen if name not in val],
        "val": val,
        "test": sorted(suggested["test"])[: TRIED if bench.is_tried else None],
    }


def split_file(bench: Bench, one: Experiment, split: dict[str, list[str]]) -> Path:
    path = bench.runs / "splits" / f"{one.name}.json"
    write_json(path, split)
    return path


def pasted_folder(bench: Bench, one: Experiment, split: dict[str, list[str]]) -> Path:
    """The labelled and the test images as they are, and images with objects of those that are trained on."""
    data = Reading(path=bench.data, class_names=CLASSES).read()
    by_name = {record.image.stem: record for record in data.records}
    parts = {part: data.with_records([by_name[name] for name in names]) for part, names in split.items()}
    found = gather(parts["train"], seed=one.seed)
    pasting = scenes(CopyPaste(), found, seed=one.seed, count=bench.pasted)
    real = [(part, index) for part, listed in parts.items() for index in range(len(listed))]

    def drawn(index: int) -> Scene:
        if index >= len(real):
            return pasting.draw(index - len(real))
        part, place = real[index]
        return as_scene(parts[part], place, pasting)

    folder, count = bench.runs / f"data-{one.name}", len(real) + bench.pasted
    about = {**pasting.about, "split": split}
    write_scenes(replace(pasting, draw=drawn, count=count, about=about), folder)
    parts_of = [part for part, _ in real] + ["train"] * bench.pasted
    lists = {part: [f"{i:04d}" for i, each in enumerate(parts_of, 1) if each == part] for part in split}
    split_file(bench, one, lists)
    return folder


def as_scene(data: DataSet, place: int, pasting: Scenes) -> Scene:
    """A real image with its labels, of the classes that the pasted ones have."""
    sample = data[place]
    assert sample.segmentation is not None  # every image of the set has a mask
    return Scene(sample.image, panoptic_of(replace(sample.segmentation, classes=pasting.classes)))


def write_page(bench: Bench) -> None:
    """The page and its curve, from the records; nothing where the script is only tried or no way is measured."""
    found = {
        one: read_json(bench.records / f"{one.name}.json")
        for one in EXPERIMENTS
        if (bench.records / f"{one.name}.json").exists()
    }
    if not found:
        return
    page, curve = (bench.runs / PAGE.name, bench.runs / CURVE.name) if bench.is_tried else (PAGE, CURVE)
    draw_curve(found, curve)
    atomic_write(page, "\n".join(words(found)))


def headline(found: dict[str, Any]) -> Score:
    return Scores.from_json(found["scores"]).headline_row


def words(found: dict[Experiment, dict[str, Any]]) -> list[str]:
    """The page, line by line."""
    about = next(iter(found.values()))
    row = headline(about)
    lines = [
        "## Few labels",
        "",
        f"Nuclei of DSB 2018: {row.metric} on the {row.images} images of the test part, by the number of labelled images. "
        f"Each training took {about['plan']['steps']} steps, as many as {about['plan']['budget_minutes']:g} minutes permit on "
        f"{about['environment']['cores']} cores of {about['environment']['processor']}; that on drawn cells, shared by all, as "
        "many again. Of the labelled images a quarter, at least one, chose weights and thresholds.",
        "",
        f"- **{WAYS['real']}**: from weights of photographs, as `maskwright train` does by itself.",
        f"- **{WAYS['drawn']}**: {DRAWN} images of the recipe `cells`, a fifth of them purple, then `--start-from` that run.",
        f"- **{WAYS['pasted']}**: {PASTED} images more, made by `copy-paste` of the images that are trained on.",
        "",
        "![Scores against the number of labelled images](../images/few-labels.svg)",
        "",
        "Points are trainings, each on images drawn anew; lines go through their means.",
        "",
        f"| labelled images | seed | {' | '.join(WAYS.values())} |",
        f"|---|---|{'---|' * len(WAYS)}",
    ]
    for labelled in LABELLED:
        for seed in SEEDS:
            cells = [found.get(Experiment(way, labelled, seed)) for way in WAYS]
            if any(cells):
                count = next(cell["labelled"] for cell in cells if cell)
                scores = [f"{number(headline(cell).value)} ({interval_of(headline(cell))})" if cell else "" for cell in cells]
                lines.append(f"| {count} | {seed} | {' | '.join(scores)} |")
    lines += [
        "",
        "In brackets: 95 % intervals by bootstrap over the test images. They say how sure a score is for other test images, "
        "not how much it would differ with other labelled ones; for that compare the seeds. Measured by "
        "`python benchmarks/few_labels.py DATA`.",
        "",
    ]
    return lines


def draw_curve(found: dict[Experiment, dict[str, Any]], out: Path) -> None:
    """Scores of every way over the number of labelled images, on a logarithmic axis."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"font.size": 10, "svg.hashsalt": "few-labels", "svg.fonttype": "path", "figure.facecolor": "white"}):
        figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
        for place, (way, title) in enumerate(WAYS.items()):
            points: dict[int, list[Score]] = {}
            for one, each in found.items():
                if one.way == way:
                    points.setdefault(each["labelled"], []).append(headline(each))
            apart = 1 + 0.05 * (place - 1)  # so that intervals do not hide each other
            for count, rows in points.items():
                for row in rows:
                    low, high = (row.value if isnan(bound) else bound for bound in (row.low, row.high))
                    ax.plot([count * apart] * 2, [low, high], color=COLORS[way], alpha=0.35, linewidth=2)
                ax.plot([count * apart] * len(rows), [row.value for row in rows], "o", color=COLORS[way], markersize=4)
            counts = sorted(points)
            means = [sum(row.value for row in points[count]) / len(points[count]) for count in counts]
            ax.plot([count * apart for count in counts], means, color=COLORS[way], label=title)
        ticks = sorted({each["labelled"] for each in found.values()})
        ax.set_xscale("log", base=2)
        ax.set_xticks(ticks, [str(tick) for tick in ticks])
        ax.set_xlabel("labelled images")
        ax.set_ylabel(headline(next(iter(found.values()))).metric)
        ax.legend(frameon=False)
        ax.grid(alpha=0.3)
        figure.savefig(out, metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
