"""The steps before a training, each said aloud: check, split, plan."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from maskwright.base.errors import DataError, MaskwrightError, PlanError
from maskwright.base.files import read_json
from maskwright.cli.terminal import bar, gap, heading, say, show, working
from maskwright.data.check import Report
from maskwright.data.dataset import DataSet
from maskwright.data.duplicates import Duplicates
from maskwright.data.split import Split, split
from maskwright.data.split_file import from_file
from maskwright.engine.reading import Reading

if TYPE_CHECKING:  # torch takes seconds to import, and a check needs none
    from maskwright.plan.plan import Plan, TaskName

SPLITS = "splits.json"  # of a data folder
FRACTION = 0.2
STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def check(reading: Reading, *, split_file: Path | None = None, split_name: str | None = None) -> Report:
    """What the mask doctor finds in a folder, and in the split that a file names."""
    trouble: list[MaskwrightError] = []

    def named_split(data: DataSet) -> Split | None:
        path = split_file or _beside(reading)
        try:
            return None if path is None else read_split(path, data, split_name)
        except MaskwrightError as error:
            if split_file is not None:
                raise
            trouble.append(error)  # nobody asked for this file
            return None

    with bar("Reading images and masks") as progress:
        report = reading.check(named_split, progress)
    heading("Data", str(reading.path))
    for words in report.words:
        say(f"{words[:1].upper()}{words[1:].rstrip('.')}.", indent=2)
    for finding in report.findings:
        tell(finding.severity, f"{finding.message} {finding.remedy}".strip())
    for error in trouble:
        tell("warning", f"{error} The check goes on without this split.")
    if not report.findings:
        say("Nothing was found that would spoil a training.", indent=2)
    return report


def check_or_stop(reading: Reading, *, split_file: Path | None, split_name: str | None) -> tuple[DataSet, Report]:
    """The data set, if nothing was found that would spoil a training; else the end of the command, with exit code 1."""
    report = check(reading, split_file=split_file, split_name=split_name)
    if report.spoils_training or report.data is None:
        gap()
        say("Stopped before planning: mend the errors above first.")
        raise typer.Exit(1)
    return report.data, report


def divide(
    data: DataSet,
    reading: Reading,
    *,
    file: Path | None,
    name: str | None,
    fraction: float | None,
    seed: int,
    known: Duplicates,
) -> Split:
    """The parts to train on and to score, by the file that is there or by what leaks least, and what their score can show."""
    named = file or (_beside(reading) if fraction is None else None)
    if named is not None:
        try:
            parts = read_split(named, data, name, seed=seed, group_by=reading.group_by, known=known)
        except DataError as error:
            raise DataError(f"{error} Or hold out a share of the images instead: --val {FRACTION}") from error
    else:
        from maskwright.models import UNetConfig

        parts = split(
            data,
            fraction=FRACTION if fraction is None else fraction,
            seed=seed,
            group_by=reading.group_by,
            guard=UNetConfig().receptive_field.reach,
            together=known.groups,
        )
    heading("Split", "" if named is None else str(named))
    say(parts.statement, indent=2)
    return parts


def read_split(
    path: Path,
    data: DataSet,
    name: str | None,
    *,
    seed: int = 0,
    group_by: str | None = None,
    known: Duplicates | None = None,
) -> Split:
    """The split of a file: lists of names, or the split.json of a run."""
    value = read_json(path)
    if isinstance(value, dict) and {"method", "statement", "parts"} <= value.keys():
        return Split.from_json(value, data)
    return from_file(path, data, name=name, seed=seed, group_by=group_by, together=known.groups if known else ())


def require_known(model: str | None, encoder: str | None) -> None:
    """Raises `PlanError` where there is no such model or encoder: said before data are read, which may take minutes."""
    if model is not None or encoder is not None:
        from maskwright.models import model_config

        model_config(model or "unet", encoder or "plain")


def plan(
    parts: Split,
    *,
    file: Path | None,
    budget_minutes: float,
    seed: int,
    device: str,
    changes: dict[str, str],
    task: "TaskName | None" = None,
    model: str | None = None,
    encoder: str | None = None,
    encoder_weights: str | None = None,
    start_from: Path | None = None,
) -> "Plan":
    """The plan, made for these data or taken from a file, shown with its reasons."""
    from maskwright.plan.make import plan as make
    from maskwright.plan.plan import Plan, change
    from maskwright.report.terminal import plan_table

    if file is None:
        with working("Timing a few steps on this machine"):
            planned = make(
                parts.train, parts.val, budget_minutes=budget_minutes, seed=seed, device=device, changes=changes,
                task=task, model=model, encoder=encoder, encoder_weights=encoder_weights, start_from=start_from,
            )  # fmt: skip
        heading("Plan")
    else:
        if task or model or encoder or encoder_weights or start_from:
            raise PlanError(
                f"{file}: the plan says what it trains. Leave out --task, --model, --encoder, --encoder-weights "
                "and --start-from."
            )
        planned = change(Plan.from_json(read_json(file), source=str(file)), changes)
        _require_fit(planned, parts.train.for_task(planned.task), file)
        heading("Plan", f"{file} (the reasons are those of when it was made)")
    show(plan_table(planned.to_json()))
    return planned


def tell(severity: str, message: str) -> None:
    """A finding or a warning, marked by how grave it is."""
    say(Text.assemble((f"{severity}: ", STYLES[severity]), message), indent=2)


def _beside(reading: Reading) -> Path | None:
    """The splits.json of the data folder."""
    path = reading.path / SPLITS
    return path if path.is_file() else None


def _require_fit(planned: "Plan", train: DataSet, file: Path) -> None:
    """Raises `PlanError` where a plan was made for other classes or channels."""
    channels = train[0].image.shape[2]
    if planned.classes.names != train.classes.names or planned.channels != channels:
        raise PlanError(
            f"{file}: the plan is for {planned.channels} channels and the classes {', '.join(planned.classes.names)}; "
            f"these data have {channels} channels and {', '.join(train.classes.names)}. Plan anew, without --plan."
        )
