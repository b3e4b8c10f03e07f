"""`maskwright check`: what is in a data folder, what is wrong with it, what to do."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.reading_options import Said, reads_data
from maskwright.cli.split_options import SplitFile, SplitName


@reads_data
def command(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder with images and masks.", show_default=False)],
    said: Said,
    split: SplitFile = None,
    split_name: SplitName = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="FILE", help="Draw the masks over their images into this PNG.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the findings into this JSON file.")] = None,
) -> None:
    """Say what a data folder holds, how its masks map to classes, and what would spoil a training (exit 1)."""
    from maskwright.base.files import write_json
    from maskwright.cli import steps
    from maskwright.cli.terminal import say
    from maskwright.data.sheet import sheet as draw
    from maskwright.engine.reading import Reading
    from maskwright.formats.png import write_picture

    report = steps.check(Reading(path=data, **said), split_file=split, split_name=split_name)
    if json is not None:
        write_json(json, report.to_json())
        say(f"Findings: {json}")
    if sheet is not None and report.data is not None and len(report.data):
        write_picture(sheet, draw(report.data))
        say(f"Sheet: {sheet}")
    if report.spoils_training:
        raise typer.Exit(1)
