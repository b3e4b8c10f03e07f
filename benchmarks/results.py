"""Train the networks on the real data sets with the splits they name, score what was held out, and write the results page.

Every network gets as many steps as its budget permits on this machine, timed before the first training: run `--plans` on a
machine that is otherwise quiet; the trainings themselves may be disturbed, for their steps are fixed. What a training gave is
kept in docs/results/records, one file each, from which the page is made. A record that is there is not measured again.
"""

import argparse
from pathlib import Path

from experiments import EXPERIMENTS, NUCLEI, OBJECT_BUDGET, Experiment, maskwright
from results_page import write_page

from maskwright.base.files import read_json, write_json
from maskwright.base.journal import Journal


def main() -> None:
    """Plan and train what is not there yet, then write the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path, help="folder of the data sets")
    arguments.add_argument("--budget", default="10min", help="of each training")
    arguments.add_argument("--only", default="", help="train only the experiments whose name has this in it")
    arguments.add_argument("--plans", action="store_true", help="time and plan all that is missing; train nothing")
    chosen = arguments.parse_args()
    missing = [one for one in (*EXPERIMENTS, NUCLEI) if chosen.only in one.name and not one.record.exists()]
    for one in missing:
        if not one.plan.exists() and not one.run.exists():
            one.plan.parent.mkdir(parents=True, exist_ok=True)
            budget = OBJECT_BUDGET if one is NUCLEI else chosen.budget
            maskwright("plan", chosen.data / one.data.name, *one.options, "--budget", budget, "--out", one.plan)
    for one in missing if not chosen.plans else ():
        train(one, chosen.data)
        write_page()
    write_page()


def train(one: Experiment, data: Path) -> None:
    """Train as planned, or go on where it was stopped, and keep what came of it."""
    if not (one.run / "scores.json").exists():
        begun = (one.run / "plan.json").exists()
        what: tuple[str | Path, ...] = ("--resume",) if begun else (data / one.data.name, *one.reading, "--plan", one.plan)
        maskwright("train", *what, "--out", one.run)
    journal = Journal(one.run / "journal.jsonl").read()
    start = next(entry for entry in journal if entry["event"] == "start")
    scores = read_json(one.run / "scores.json")
    del scores["reading"]  # the data lie elsewhere on another machine
    record = {"plan": read_json(one.run / "plan.json"), "scores": scores, "environment": start}
    if one is NUCLEI:
        types = read_json(data / one.data.name / "metadata.json")
        record["types"] = {image["id"]: types[Path(image["id"]).name]["type"] for image in scores["per_image"]}
        for image in scores["per_image"]:
            del image["objects"]  # where each error lies: of no use in a table
    write_json(one.record, record)


if __name__ == "__main__":
    main()
