"""`maskwright train`: from a folder to a scored run, in the time that is given."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.base.errors import DataError, RunError
from maskwright.cli import values
from maskwright.cli.model_options import EncoderName, EncoderWeights, ModelName, StartFrom, TaskName
from maskwright.cli.plan import Budget, Changes, Device, Seed
from maskwright.cli.reading_options import Said, reads_data
from maskwright.cli.split_options import Fraction, SplitFile, SplitName
from maskwright.engine.rank import own_rank


@reads_data
def command(
    said: Said,
    data: Annotated[
        Path | None, typer.Argument(metavar="DATA", help="Folder with images and masks; a resumed run knows it.")
    ] = None,
    budget: Budget = "10min",  # type: ignore[assignment]  # parsed like what is typed
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder of the run.", show_default="runs/DATA-1")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out, as it was planned.")] = False,
    accept_changed_data: Annotated[
        bool, typer.Option("--accept-changed-data", help="Resume although the data are not those of the start.")
    ] = False,
    plan: Annotated[
        Path | None, typer.Option("--plan", metavar="FILE", help="Train this plan.json instead of planning.")
    ] = None,
    task: TaskName = None,
    model: ModelName = None,
    encoder: EncoderName = None,
    encoder_weights: EncoderWeights = None,
    start_from: StartFrom = None,
    changes: Changes = None,
    seed: Seed = 0,
    device: Device = "auto",
    split: SplitFile = None,
    split_name: SplitName = None,
    val: Fraction = None,
) -> None:
    """Check, split, plan, train, score, report. Ctrl-C saves and says how to go on. Under torchrun, several processes train."""
    here = own_rank()
    if not here.is_first:
        from maskwright.cli.run_steps import take_part

        take_part(device)
        return
    if resume:
        _resume(out, data, said, device, accept_changed_data)
        return
    if data is None:
        raise DataError("No data folder was named: maskwright train DATA --budget 10min --out RUN")
    folder = out or values.numbered(Path("runs") / data.resolve().name, first=1)
    if (folder / "plan.json").exists():
        raise RunError(f"{folder}: there is a run here already. Go on with --resume, or choose another folder with --out.")
    wanted = values.assignments(changes or ())
    from maskwright.cli import run_steps, steps
    from maskwright.engine.predict import load
    from maskwright.engine.reading import Reading

    steps.require_known(model, encoder)
    reading = Reading(path=data, **said)
    found, report = steps.check_or_stop(reading, split_file=split, split_name=split_name)
    parts = steps.divide(found, reading, file=split, name=split_name, fraction=val, seed=seed, known=report.duplicates)
    planned = steps.plan(
        parts, file=plan, budget_minutes=budget * here.count, seed=seed, device=device, changes=wanted,
        task=task, model=model, encoder=encoder, encoder_weights=encoder_weights, start_from=start_from,
    )  # fmt: skip
    if here.count > 1 and plan is None:
        about = f"{here.count} processes have the budget each; the plan counts the minutes of all."
        steps.tell("note", about)
    run = run_steps.train(folder, planned, parts, reading=reading, report=report, device=device)
    predict = load(folder, device=device, images=found.files)
    path = run_steps.score_and_report(run, parts, reading=reading, predict=predict)
    run_steps.say_where(run=folder, report=path, next=f"maskwright predict {folder} IMAGES --out DIR")


def _resume(out: Path | None, data: Path | None, said: Said, device: str, accept_changed_data: bool) -> None:
    """Go on with a run: its plan and split count, whatever else was typed."""
    if out is None:
        raise RunError("No run was named to go on with: maskwright train --resume --out RUN")
    from dataclasses import replace

    from maskwright.cli import run_steps
    from maskwright.cli.terminal import bar
    from maskwright.data.split import Split
    from maskwright.engine.predict import load
    from maskwright.engine.reading import Reading
    from maskwright.engine.run import Run

    run = Run.open(out)
    kept = Reading.of_run(out)
    reading = replace(kept if data is None else kept.moved_to(data), **said)
    with bar("Reading images and masks") as progress:
        found = reading.read(progress)
    run_steps.resume(run, found, reading=reading, device=device, accept_changed_data=accept_changed_data)
    predict = load(out, device=device, images=found.files)
    path = run_steps.score_and_report(run, Split.from_json(run.split, found), reading=reading, predict=predict)
    run_steps.say_where(run=out, report=path, next=f"maskwright predict {out} IMAGES --out DIR")
