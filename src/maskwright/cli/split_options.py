"""The options that say which images are held out."""

from pathlib import Path
from typing import Annotated

import typer

PANEL = "What is held out"

SplitFile = Annotated[
    Path | None,
    typer.Option(
        "--split",
        metavar="FILE",
        help="JSON file with lists train, val, test. Default: splits.json in the data folder.",
        rich_help_panel=PANEL,
    ),
]
SplitName = Annotated[
    str | None,
    typer.Option("--split-name", metavar="NAME", help="Which split of a file that has several.", rich_help_panel=PANEL),
]
Fraction = Annotated[
    float | None,
    typer.Option(
        "--val",
        metavar="SHARE",
        help="Hold out this share instead of using splits.json.",
        show_default="0.2",
        rich_help_panel=PANEL,
    ),
]
