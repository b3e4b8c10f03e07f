"""`maskwright evaluate`: scores of a run on its data, or of any folder of masks against another."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from maskwright.base.errors import DataError
from maskwright.cli.plan import Device
from maskwright.cli.reading_options import Said, reads_data
from maskwright.cli.runtime import Precision, Runtime, load_aloud


@reads_data
def command(
    said: Said,
    run: Annotated[Path | None, typer.Argument(metavar="RUN", help="Folder of a run.", show_default=False)] = None,
    data: Annotated[
        Path | None, typer.Argument(metavar="DATA", help="Data folder, if not the run's own.", show_default=False)
    ] = None,
    part: Annotated[
        Literal["test", "val", "train", "all"] | None,
        typer.Option("--part", help="Which part of the data.", show_default="test, else val"),
    ] = None,
    ground_truth: Annotated[
        Path | None, typer.Option("--ground-truth", metavar="PATH", help="True masks or annotations; no run is needed.")
    ] = None,
    prediction: Annotated[
        Path | None, typer.Option("--prediction", metavar="PATH", help="Predicted masks, or a COCO file.")
    ] = None,
    rules: Annotated[
        Literal["ours", "all"], typer.Option("--rules", help="all: what each well-known library would print, too.")
    ] = "ours",
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Write the scores as an HTML page.")] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the scores into this JSON file.")] = None,
    device: Device = "auto",
    runtime: Runtime = "auto",
    precision: Precision = "auto",
) -> None:
    """Score a run on its held-out part, or masks or objects against their ground truth; each score with its rule."""
    if (ground_truth is None) != (prediction is None):
        raise DataError("Two sides are compared: give both --ground-truth PATH and --prediction PATH.")
    if (run is None) == (ground_truth is None):
        raise DataError("Name either a run (maskwright evaluate RUN) or two sides (--ground-truth PATH --prediction PATH).")
    if run is None:
        assert ground_truth is not None
        assert prediction is not None
        _compare(ground_truth, prediction, said, rules == "all", report, json)
    else:
        _score_run(run, data, said, part, rules == "all", report, json, device, runtime, precision)


def _compare(
    ground_truth: Path, prediction: Path, said: Said, every_rule: bool, report: Path | None, json: Path | None
) -> None:
    """Two folders of masks, or objects in annotations; torch is not needed."""
    from maskwright.base.files import write_json
    from maskwright.cli.score_tables import show_conventions, show_scores
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import bar, heading, say
    from maskwright.engine.compare import compare_readings
    from maskwright.engine.reading import Reading
    from maskwright.report import page
    from maskwright.report.content import ReportContent

    reading = Reading(path=ground_truth, **said)
    with bar("Reading masks") as progress:
        found = compare_readings(reading, Reading(path=prediction, max_pixels=reading.max_pixels), progress=progress)
    heading("Masks", f"{prediction} against {ground_truth}")
    for words in found.words:
        say(f"{words[:1].upper()}{words[1:].removesuffix('.')}.", indent=2)
    show_scores(found.scores)
    if every_rule and found.conventions:
        show_conventions(found.conventions)
    if json is not None:
        write_json(json, found.scores.to_json())
        say(f"Scores: {json}")
    if report is not None:
        title = f"{prediction.resolve().name} against {ground_truth.resolve().name}"
        page.write(report, ReportContent(title=title, scores=found.scores, background=found.background))
        say(f"Report: {report}")
    if found.left_out:
        heading("Left out", f"{len(found.left_out)} masks are in no score")
        for reason in found.left_out:
            tell("warning", reason)
        raise typer.Exit(3)


def _score_run(
    run: Path,
    data: Path | None,
    said: Said,
    part: str | None,
    every_rule: bool,
    report: Path | None,
    json: Path | None,
    device: str,
    runtime: Runtime,
    precision: Precision,
) -> None:
    """A run on a part of its data, or on other data."""
    from dataclasses import replace

    from maskwright.base.files import write_json
    from maskwright.cli import run_steps
    from maskwright.cli.terminal import bar, say
    from maskwright.engine.reading import Reading
    from maskwright.engine.run import Run

    opened = Run.open(run)
    reading = replace(Reading.of_run(run, data), **said)
    with bar("Reading images and masks") as progress:
        found = reading.read(progress)
    chosen, kind = run_steps.choose_part(opened, found, part)
    predict = load_aloud(run, device=device, runtime=runtime, precision=precision, images=chosen.files)
    scores = run_steps.score(opened, predict, chosen, kind, reading=reading, every_rule=every_rule)
    if json is not None:
        write_json(json, scores.to_json())
        say(f"Scores: {json}")
    if report is not None:
        path = run_steps.write_report(opened, chosen, reading=reading, predict=predict, out=report)
        say(f"Report: {path}")
