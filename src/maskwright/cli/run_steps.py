"""The steps of a run, each said aloud: train, score, report."""

import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import typer

from maskwright.base.errors import DataError, Interrupted
from maskwright.base.files import write_json
from maskwright.cli.live import Training
from maskwright.cli.reading_options import typed
from maskwright.cli.score_tables import show_conventions, show_scores
from maskwright.cli.steps import tell
from maskwright.cli.terminal import bar, gap, heading, say
from maskwright.data.check import Report
from maskwright.data.dataset import DataSet
from maskwright.data.split import Split
from maskwright.engine import present
from maskwright.engine.evaluate import tally
from maskwright.engine.predict import Predictor
from maskwright.engine.rank import own_rank
from maskwright.engine.ranks import Ranks, joined
from maskwright.engine.reading import Reading
from maskwright.engine.run import Run
from maskwright.engine.train import join
from maskwright.engine.train import resume as go_on
from maskwright.engine.train import train as begin
from maskwright.metrics.rules import conventions
from maskwright.metrics.scores import Scores
from maskwright.plan.plan import Plan
from maskwright.report.content import Part
from maskwright.tasks import task_of

PARTS: dict[Part, str] = {
    "test": "of the test part",
    "val": "of the held-out part",
    "train": "of the images it was trained on",
    "": "",
}


def train(folder: Path, plan: Plan, parts: Split, *, reading: Reading, report: Report, device: str) -> Run:
    """A new run, shown while it goes. How the data were read and what was found in them is kept in its folder."""
    Ranks(own_rank()).share_of(plan.batch)  # or others would be called for nothing
    heading("Training", str(folder))
    reading.save(folder)
    write_json(folder / present.CHECK, report.to_json())
    with joined() as ranks, Training() as shown:
        ranks.first_said(_call(folder, reading))
        return begin(plan, parts.train, parts.val, out=folder, split=parts, device=device, listen=shown.listen, ranks=ranks)


def resume(run: Run, data: DataSet, *, reading: Reading, device: str, accept_changed_data: bool) -> None:
    """A run that goes on, shown while it goes."""
    Ranks(own_rank()).share_of(run.plan.batch)
    heading("Training", str(run.folder))
    with joined() as ranks, Training() as shown:
        ranks.first_said(_call(run.folder, reading))
        go_on(
            run.folder, data, device=device, listen=shown.listen, accept_changed_data=accept_changed_data, ranks=ranks
        )  # fmt: skip


def take_part(device: str) -> None:
    """What every process but the first does, in silence: wait until the first begins to train, and train with it."""
    with joined() as ranks:
        call = ranks.first_said(None)
        try:
            join(Path(call["folder"]), Reading.from_json(call["reading"]).read(), device=device, ranks=ranks)
        except Interrupted as stopped:
            raise typer.Exit(stopped.exit_code) from stopped  # the first one says it


def _call(folder: Path, reading: Reading) -> dict[str, Any]:
    """What the other processes have to know to begin."""
    return {"folder": str(folder), "reading": reading.to_json()}


def score(run: Run, predict: Predictor, data: DataSet, part: Part, *, reading: Reading, every_rule: bool = False) -> Scores:
    """The scores of a part of the data, kept in the run and shown; with every rule, what well-known libraries would print."""
    with bar("Scoring") as progress:
        ids, tables = tally(predict, data, progress=progress)
    scores = task_of(predict.plan).scores(ids, tables)
    present.save_scores(run, scores, part, reading)
    show_scores(scores, PARTS[part])
    if every_rule:
        show_conventions(conventions(tables))
    return scores


def write_report(
    run: Run, data: DataSet | None, *, reading: Reading | None, predict: Predictor | None = None, out: Path | None = None
) -> Path:
    """The run's report with pictures of the data, where those are at hand."""
    with bar("Drawing the report") as progress:
        return present.report(run, data=data, predict=predict, out=out, reproduce=reproduce(run, reading), progress=progress)


def score_and_report(run: Run, parts: Split, *, reading: Reading, predict: Predictor) -> Path:
    """Score what was held out, and write the report."""
    data, part = part_to_score(parts)
    score(run, predict, data, part, reading=reading)
    return write_report(run, data, reading=reading, predict=predict)


def part_to_score(parts: Split) -> tuple[DataSet, Part]:
    """The test part, else the validation part, else the training part itself."""
    if "test" in parts.parts:
        return parts.parts["test"], "test"
    return (parts.train, "train") if parts.val is None else (parts.val, "val")


def choose_part(run: Run, data: DataSet, name: str | None) -> tuple[DataSet, Part]:
    """The images to score: a part of the run's split, by default what was held out, or all of other data."""
    data = data.for_task(run.plan.task)
    expected, seen = run.plan.classes.names, data.classes.names
    if seen != expected:
        raise DataError(
            f"{data.root}: the classes are {', '.join(seen)}, but the run predicts {', '.join(expected)}. "
            f"If the masks mean the same, say so: --class-names {','.join(expected)}"
        )
    split = run.split
    trained = {entry["id"] for entry in split["parts"]["train"]}
    known = {entry["id"] for entries in split["parts"].values() for entry in entries}
    ids = {record.id for record in data.records}
    if name == "all" or (name is None and not known & ids):
        if trained & ids:
            tell("warning", f"{len(trained & ids)} of these images were trained on, so the scores are too good.")
        return data.with_records([record for record in data.records if record.mask is not None]), ""
    parts = Split.from_json(split, data)
    if name is None:
        return part_to_score(parts)
    if name not in parts.parts:
        raise DataError(f"{run.folder}: has no part '{name}'; it has {', '.join(parts.parts)}.")
    return parts.parts[name], cast(Part, name)


def reproduce(run: Run, reading: Reading | None) -> tuple[str, ...]:
    """The commands that make such a run again."""
    data = "DATA" if reading is None else " ".join(filter(None, (shlex.quote(str(reading.path)), typed(reading))))
    folder = shlex.quote(str(run.folder))
    return (
        f"pip install maskwright=={version('maskwright')}",
        f"maskwright train {data} --plan {folder}/plan.json --split {folder}/split.json --out runs/again",
    )


def say_where(**places: Path | str) -> None:
    """Where things are, and what to do next."""
    gap()
    width = max(map(len, places))
    for name, place in places.items():
        say(f"{name.capitalize():<{width}}  {place}", indent=2)
