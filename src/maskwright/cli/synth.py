"""`maskwright synth`: images that are drawn with their labels, or made of objects of one's own."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskwright.base.errors import DataError
from maskwright.cli import values
from maskwright.cli.reading_options import Said, reads_data

if TYPE_CHECKING:
    from maskwright.engine.synth_folder import Scenes
    from maskwright.synth.copy_paste import CopyPaste

SHOWN = 10  # files that were left out


@partial(reads_data, without=("group_by",))
def command(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            help="cells, membranes, tissue, street, parts, shapes or copy-paste; or a JSON file with a recipe.",
            show_default=False,
        ),
    ],
    said: Said,
    data: Annotated[
        Path | None, typer.Argument(metavar="DATA", help="Of copy-paste: the folder whose objects are pasted.")
    ] = None,
    count: Annotated[int, typer.Option("--count", metavar="N", help="How many images.", min=1)] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Of all that is drawn by chance.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder to write.", show_default="synth/RECIPE")
    ] = None,
    test: Annotated[int, typer.Option("--test", metavar="N", help="The last N images are the test part.", min=0)] = 0,
    backgrounds: Annotated[
        Path | None,
        typer.Option(
            "--backgrounds", metavar="DIR", help="Of copy-paste: images without objects.", show_default="those of DATA"
        ),
    ] = None,
    objects: Annotated[
        str | None,
        typer.Option("--objects", metavar="NAMES", help="Of copy-paste: classes that are pasted.", show_default="all things"),
    ] = None,
    recipe_file: Annotated[
        Path | None, typer.Option("--recipe-file", metavar="FILE", help="The numbers of the recipe, as --print shows them.")
    ] = None,
    show: Annotated[bool, typer.Option("--print", help="Show the recipe as JSON, to be edited; nothing is drawn.")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", help="Threads that draw.", min=1, show_default="one a core")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what was made otherwise.")] = False,
) -> None:
    """Make images with perfect labels: images/, panoptic.json and the recipe. The same seed gives the same images."""
    from maskwright.cli.terminal import bar, heading, say
    from maskwright.engine.synth_folder import Scenes, write_scenes
    from maskwright.report.words import counted
    from maskwright.synth.copy_paste import CopyPaste
    from maskwright.synth.recipes import draw, read_recipe, recipe_named, to_json

    chosen = recipe_named(recipe)
    if recipe_file is not None:
        edited = read_recipe(recipe_file)
        if edited.kind != chosen.kind:
            raise DataError(f"{recipe_file}: is a recipe of the kind '{edited.kind}', not '{chosen.kind}'.")
        chosen = edited
    if show:
        typer.echo(_as_text(to_json(chosen)))
        return
    if isinstance(chosen, CopyPaste):
        made_of, left_out, faults = _pasted(chosen, data, backgrounds, objects, said, seed=seed, count=count)
    else:
        if data is not None or backgrounds is not None or objects is not None or said:
            raise DataError(f"The recipe '{chosen.kind}' is drawn from nothing; leave out DATA and how to read it.")
        drawn = chosen
        about = {"recipe": to_json(chosen), "seed": seed}
        made_of = Scenes(draw=lambda index: draw(drawn, seed, index), classes=chosen.classes, count=count, about=about)
        left_out, faults = (), ()
    folder = out or Path("synth") / chosen.kind
    heading("Images", str(folder))
    with bar("Drawing") as progress:
        made = write_scenes(made_of, folder, test=test, workers=workers, overwrite=overwrite, progress=progress)
    there = f", {made.there} were there" if made.there else ""
    say(f"{counted(made.made)} made{there}. Classes: {', '.join(made_of.classes.names)}.", indent=2)
    if test:
        say(f"Test part: the last {test}, in splits.json.", indent=2)
    say(f"Next: maskwright check {folder}", indent=2)
    if left_out or faults:
        _tell_left_out(left_out, faults)
    if faults:
        raise typer.Exit(3)


def _pasted(
    recipe: "CopyPaste",
    data: Path | None,
    backgrounds: Path | None,
    objects: str | None,
    said: Said,
    *,
    seed: int,
    count: int,
) -> "tuple[Scenes, tuple[str, ...], tuple[str, ...]]":
    """Scenes of objects of a data set, the objects that are not used, and the files that cannot be."""
    from maskwright.cli.terminal import bar, heading, say
    from maskwright.engine.pasting import gather, scenes
    from maskwright.engine.reading import Reading

    if data is None:
        raise DataError("No data folder was named: maskwright synth copy-paste DATA --backgrounds DIR --count 100 --out DIR")
    with bar("Reading images and masks") as progress:
        read = Reading(path=data, **said).read(progress)
    with bar("Cutting out objects") as progress:
        names = None if objects is None else values.names(objects)
        found = gather(read, backgrounds, names=names, seed=seed, progress=progress)
    heading("Data", str(data))
    for words in found.words:
        say(f"{words[:1].upper()}{words[1:]}.", indent=2)
    return scenes(recipe, found, seed=seed, count=count), found.left_out, found.faults


def _as_text(recipe: dict[str, Any]) -> str:
    """A recipe as JSON, one number or range a line."""
    return "{\n" + ",\n".join(f' "{name}": {json.dumps(value)}' for name, value in recipe.items()) + "\n}"


def _tell_left_out(left_out: tuple[str, ...], faults: tuple[str, ...]) -> None:
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import heading, say

    heading("Left out")
    for words in left_out:
        tell("note", f"{words}.")
    for words in faults[:SHOWN]:
        tell("warning", words)
    if len(faults) > SHOWN:
        say(f"and {len(faults) - SHOWN} more files.", indent=2)
