"""`maskwright draw`: pictures of segmentations over their images, as semantic, instance and panoptic side by side."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.base.errors import DataError
from maskwright.cli import values
from maskwright.cli.plan import Device
from maskwright.cli.reading_options import Said, reads_data

if TYPE_CHECKING:
    from maskwright.engine.masked_images import MaskedImages
    from maskwright.masks.draw_sheet import View


@partial(reads_data, without=("group_by",))
def command(
    source: Annotated[
        Path,
        typer.Argument(metavar="DATA|RUN|MASKS", help="A labelled data folder, a run, or masks.", show_default=False),
    ],
    said: Said,
    images: Annotated[
        list[Path] | None,
        typer.Argument(metavar="IMAGES", help="Of a run or of masks: image files, and folders of them.", show_default=False),
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the pictures (PNG).", show_default=False)],
    kinds: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="VIEWS",
            help="What to draw side by side: image,semantic,instance,panoptic",
            show_default="the image, and what the data tell",
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="NAME", help="Draw this image only. Repeatable.", show_default="all"),
    ] = None,
    alpha: Annotated[float, typer.Option("--alpha", help="How strongly segments are painted.", min=0, max=1)] = 0.5,
    size: Annotated[int, typer.Option("--size", metavar="PIXELS", help="Longer side of each picture.", min=32, max=8192)] = 512,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace pictures that are there.")] = False,
    device: Device = "auto",
) -> None:
    """Draw segmentations over their images: the ground truth of data, what a run predicts, or any masks."""
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import bar, heading, say
    from maskwright.engine.draw import draw
    from maskwright.report.words import counted

    views = None if kinds is None else _views(kinds)
    found = _found(source, images or [], said, device)
    with bar("Drawing") as progress:
        drawn = draw(found, out, names=names or (), views=views, alpha=alpha, size=size, overwrite=overwrite, progress=progress)
    say(f"{counted(len(drawn.pictures), 'picture')} written to {out}.")
    if drawn.left_out:
        heading("Left out", counted(len(drawn.left_out), "file"))
        for reason in drawn.left_out:
            tell("warning", reason)
        raise typer.Exit(3)


def _views(text: str) -> "list[View]":
    """The views that are named. Raises `DataError` for others."""
    from maskwright.base.errors import did_you_mean
    from maskwright.masks.draw_sheet import VIEWS

    named = values.names(text)
    unknown = [name for name in named if name not in VIEWS]
    if unknown or not named:
        wrong = unknown[0] if unknown else ""
        raise DataError(f"--as '{text}': '{wrong}' is no way to draw. {did_you_mean(wrong, VIEWS)}")
    return [view for name in named for view in VIEWS if view == name]


def _found(source: Path, images: list[Path], said: Said, device: str) -> "MaskedImages":
    """The images with the segmentations that a run, masks or a data set give them."""
    from maskwright.cli.terminal import bar
    from maskwright.engine.draw import labelled
    from maskwright.engine.masked_images import masked, predicted
    from maskwright.engine.reading import Reading
    from maskwright.formats.content import MAX_PIXELS

    max_pixels = said.get("max_pixels", MAX_PIXELS)
    if (source / "plan.json").is_file():
        if unused := sorted(said.keys() - {"max_pixels"}):
            raise DataError(f"{source}: is a run, which knows what it predicts. Leave out --{unused[0].replace('_', '-')}.")
        if not images:
            raise DataError(f"{source}: is a run. Name the images that it is to predict: maskwright draw {source} IMAGES")
        from maskwright.engine.predict import load

        return predicted(load(source, device=device, images=images), images, max_pixels=max_pixels)
    reading = Reading(path=source, **said)
    with bar("Reading masks") as progress:
        if not images:
            return labelled(reading, progress)
        if reading.masks is not None:
            raise DataError(f"{source}: are the masks of {images[0]}. Leave out --masks, or name one folder with both.")
        return masked(
            source, images, options=reading.coding, format=reading.format, annotations=reading.annotations,
            image_glob=reading.image_glob, mask_glob=reading.mask_glob, max_pixels=max_pixels, progress=progress,
        )  # fmt: skip
