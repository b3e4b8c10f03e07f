"""`maskwright cost`: what labelling a project cost, in seconds and clicks an object."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="Folder of a labelling project.", show_default=False)],
) -> None:
    """Seconds and clicks of the objects of a labelling project, by tool, class and assistant."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from maskwright.cli.terminal import heading, say, show
    from maskwright.report.words import counted
    from maskwright.studio.cost import costs
    from maskwright.studio.store import journal_of

    with journal_of(project) as database:
        groups = costs(database)
    heading("Cost", str(project))
    if not groups:
        say("Nothing was labelled here yet.", indent=2)
        return
    say(f"{counted(groups[0].objects, 'object')}; seconds are those that a person spent, undone steps among them.", indent=2)
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("", "", "objects", "median s", "mean s", "90 % below", "clicks"):
        shown.add_column(name, justify="left" if not name else "right")
    last = ""
    for group in groups:
        numbers = (group.median_seconds, group.mean_seconds, group.p90_seconds, group.clicks)
        by = "" if group.by == last else group.by
        shown.add_row(
            by, Text(group.name if group.by != "all" else ""), str(group.objects), *(f"{value:.1f}" for value in numbers)
        )
        last = group.by
    show(shown)
