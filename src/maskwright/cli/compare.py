"""`maskwright compare`: runs side by side, with intervals of how they differ."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.plan import Device


def command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN", help="Folders of runs, two or more. All are compared with the first.", show_default=False
        ),
    ],
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write the comparison as an HTML page.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write it into this JSON file.")] = None,
    device: Device = "auto",
) -> None:
    """Compare scored runs on the images that all were scored on; each difference with its paired bootstrap interval."""
    from maskwright.base.files import write_json
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import bar, gap, heading, say, show
    from maskwright.engine.compare_runs import compare_runs, needs_rescoring
    from maskwright.report import comparison_page
    from maskwright.report.comparison_terminal import class_table, metric_table, run_table
    from maskwright.report.comparison_words import sentences
    from maskwright.report.words import counted, measure

    for run in filter(needs_rescoring, runs):
        tell("note", f"{run}: an older version scored it and kept no counts of its images; they are predicted again.")
    with bar("Scoring") as progress:
        comparison = compare_runs(runs, device=device, progress=progress)
    heading("Runs", f"{measure(comparison.metric, comparison.subject)} on {counted(len(comparison.images), 'common image')}")
    show(run_table(comparison))
    gap()
    for sentence in sentences(comparison):
        say(sentence, indent=2)
    for note in comparison.notes:
        tell("note", note)
    for warning in comparison.warnings:
        tell("warning", warning)
    if comparison.by_metric():
        heading("By score", f"of {comparison.runs[0].name}, and how the others differ from it")
        show(metric_table(comparison))
    if comparison.by_class():
        heading("By class", f"of {comparison.runs[0].name}, and how the others differ from it")
        show(class_table(comparison))
    if json is not None:
        write_json(json, comparison.to_json())
        say(f"Comparison: {json}")
    if report is not None:
        comparison_page.write(report, comparison)
        say(f"Report: {report}")
