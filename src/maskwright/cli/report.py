"""`maskwright report`: a run's page, written anew from what its folder holds."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.plan import Device


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The HTML file.", show_default="RUN/report.html")
    ] = None,
    device: Device = "auto",
) -> None:
    """Write one HTML page with scores, pictures, curves, the plan with its reasons, and how to reproduce it."""
    from maskwright.base.errors import MaskwrightError
    from maskwright.cli import run_steps
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import bar, say
    from maskwright.engine.predict import load
    from maskwright.engine.present import load_scores, scored_reading
    from maskwright.engine.run import Run

    opened = Run.open(run)
    load_scores(opened)  # before anything takes time
    data = reading = None
    try:
        reading = scored_reading(opened)
        with bar("Reading images and masks") as progress:
            data = reading.read(progress)
    except MaskwrightError as error:
        tell("warning", f"{error} The report is without pictures.")
    path = run_steps.write_report(
        opened, data, reading=reading, predict=None if data is None else load(run, device=device, images=data.files), out=out
    )
    say(f"Report: {path}")
