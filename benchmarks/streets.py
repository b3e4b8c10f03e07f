"""How good panoptic maps get in a given time: both ways to them, trained on drawn street scenes and scored on others.

250 scenes of the recipe `street` are drawn, the last 50 of them to be scored. What a training gave is kept in
docs/results/records, one file each, from which the page is written; a record that is there is not measured again.
"""

import argparse
from pathlib import Path
from typing import Any

from experiments import RECORDS, ROOT, maskwright

from maskwright.base.files import atomic_write, read_json, write_json
from maskwright.base.journal import Journal
from maskwright.metrics.scores import Scores
from maskwright.report.words import interval_of, number

RUNS = ROOT / "runs" / "streets"
SCENES = RUNS / "data"
PAGE = ROOT / "docs" / "results" / "streets.md"
WAYS = {"panoptic-fpn": "Panoptic FPN", "unet": "U-Net way: classes, centres and offsets"}
SHOWN = ("all classes", "thing classes", "stuff classes", "car", "person")


def main() -> None:
    """Draw, train what is not there yet, then write the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--budget", default="15min", help="of each training")
    chosen = arguments.parse_args()
    if not all(record_of(model).exists() for model in WAYS):
        maskwright("synth", "street", "--count", "250", "--test", "50", "--seed", "11", "--out", SCENES)
    plans = {model: RUNS / f"{model}.json" for model in WAYS if not record_of(model).exists()}
    for model, plan in plans.items():  # all timed before any training
        if not plan.exists():
            maskwright("plan", SCENES, "--task", "panoptic", "--model", model, "--budget", chosen.budget, "--out", plan)
    for model, plan in plans.items():
        run = RUNS / model
        if not (run / "scores.json").exists():
            begun = (run / "plan.json").exists()
            maskwright("train", *(("--resume",) if begun else (SCENES, "--plan", plan)), "--out", run)
        write_json(record_of(model), record(run))
        write_page()
    write_page()


def record_of(model: str) -> Path:
    return RECORDS / f"streets-{model}.json"


def record(run: Path) -> dict[str, Any]:
    """What a run gave, without where it lies and what each image says of itself."""
    start = next(entry for entry in Journal(run / "journal.jsonl").read() if entry["event"] == "start")
    scores = read_json(run / "scores.json") | {"per_image": []}
    del scores["reading"]
    return {"plan": read_json(run / "plan.json"), "scores": scores, "environment": start}


def write_page() -> None:
    """The table, from the records alone."""
    found = {title: read_json(record_of(model)) for model, title in WAYS.items() if record_of(model).exists()}
    if not found:
        return
    about = next(iter(found.values()))
    lines = [
        "## Drawn street scenes, panoptic",
        "",
        f"200 scenes of `maskwright synth street` to train on and to choose by, {about['plan']['budget_minutes']:g} minutes "
        f"each on {about['environment']['cores']} cores of {about['environment']['processor']}, the steps timed beforehand; PQ "
        "and its 95 % interval on 50 others:",
        "",
        f"| | {' | '.join(SHOWN)} | steps |",
        f"|---|{'---|' * len(SHOWN)}---|",
    ]
    for title, each in found.items():
        rows = {row.subject: row for row in Scores.from_json(each["scores"]).rows if row.metric == "PQ"}
        values = (f"{number(rows[name].value)} ({interval_of(rows[name])})" for name in SHOWN)
        lines.append(f"| {title} | {' | '.join(values)} | {each['plan']['steps']} |")
    atomic_write(PAGE, "\n".join([*lines, "", "Measured by `python benchmarks/streets.py`.", ""]))


if __name__ == "__main__":
    main()
