"""Train on the real data sets with the splits they name, score what was held out, and write docs/results/tables.md from that.

A run that is there already is not trained again: remove runs/results to measure anew. Each run is that of the command line.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.base.files import atomic_write, read_json
from maskwright.base.journal import Journal
from maskwright.metrics.scores import Score, Scores
from maskwright.report.words import interval_of, number

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "runs" / "results"
SPEED = ROOT / "benchmarks" / "speed.json"
MASKWRIGHT = (sys.executable, "-c", "from maskwright.cli.main import run; run()")


@dataclass(frozen=True)
class Experiment:
    """A data set and what has to be said of it."""

    data: str
    title: str
    options: tuple[str, ...]


EXPERIMENTS = (
    Experiment("isbi2012_em", "Membranes in electron microscopy (ISBI 2012)", ("--class-names", "cell,membrane")),
    Experiment("dsb2018_nuclei", "Nuclei of four image types (DSB 2018), as semantic", ("--class-names", "background,nucleus")),
    Experiment(
        "camvid",
        "Street scenes (CamVid, every 8th image)",
        (
            "--ignore", "11", "--class-names",
            "sky,building,pole,road,pavement,tree,sign_symbol,fence,car,pedestrian,bicyclist",
        ),
    ),
)  # fmt: skip


def main() -> None:
    """Train what is not there yet, then write the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path, help="folder of the data sets")
    arguments.add_argument("--budget", default="10min", help="of each training")
    arguments.add_argument("--only", action="append", help="name of one data set to train; may be given again")
    chosen = arguments.parse_args()
    for experiment in EXPERIMENTS:
        folder = RUNS / experiment.data
        if (folder / "scores.json").exists() or (chosen.only and experiment.data not in chosen.only):
            continue
        go_on = ("--resume",) if (folder / "plan.json").exists() else (str(chosen.data / experiment.data), *experiment.options)
        subprocess.run([*MASKWRIGHT, "train", *go_on, "--budget", chosen.budget, "--out", str(folder)], check=True)
    sections = [section(experiment) for experiment in EXPERIMENTS if (RUNS / experiment.data / "scores.json").exists()]
    if SPEED.exists():
        sections.append(speed(read_json(SPEED)))
    atomic_write(ROOT / "docs" / "results" / "tables.md", "\n".join(sections))


def section(experiment: Experiment) -> str:
    """One data set: what was trained and what the held-out part scores."""
    folder = RUNS / experiment.data
    plan, value = read_json(folder / "plan.json"), read_json(folder / "scores.json")
    scores = Scores.from_json(value)
    journal = Journal(folder / "journal.jsonl").read()
    start, end = (next(entry for entry in reversed(journal) if entry["event"] == event) for event in ("start", "end"))
    part = {"test": "test", "val": "validation"}[value["part"]]
    lines = [
        f"## {experiment.title}",
        "",
        f"`maskwright train {experiment.data} {' '.join(experiment.options)} --budget {plan['budget_minutes']:g}min`: "
        f"U-Net of widths {', '.join(map(str, plan['model']['widths']))}, {plan['steps']} steps of {plan['batch']} crops of "
        f"{' x '.join(map(str, plan['crop_hw']))} pixels, {end['seconds'] / 60:.1f} minutes on {start['threads']} threads of "
        f"{start['processor']}. Scored on the {scores.headline_row.images} images of the {part} part.",
        "",
        "| score | of | value | 95 % interval | baseline |",
        "|---|---|---|---|---|",
        *(row(score) for score in scores.rows if not score.metric.endswith("per image")),
        "",
        f"Pooled over all pixels of the part; intervals by bootstrap over its images; baseline: {scores.baseline}. "
        f"{' '.join(scores.warnings)}".strip(),
        "",
    ]
    return "\n".join(lines)


def row(score: Score) -> str:
    return f"| {score.metric} | {score.subject} | {number(score.value)} | {interval_of(score)} | {number(score.baseline)} |"


def speed(measured: dict[str, Any]) -> str:
    """The ratios that `make bench` measured."""
    about = measured["environment"]
    lines = [
        "## Speed",
        "",
        f"`make bench` on {about['threads']} threads of {about['processor']}, torch {about['torch']}: the same U-Net in plain "
        "eager float32 PyTorch and here, in turn in one run; medians, and the median of the ratios.",
        "",
        "| what | plain | maskwright | times faster |",
        "|---|---|---|---|",
        *(f"| {one['what']} | {one['plain']:.3g} | {one['ours']:.3g} | {one['ratio']:.2f} |" for one in measured["rows"]),
        "",
        f"{measured['agreement']:.3%} of the pixels get the same class from both.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
