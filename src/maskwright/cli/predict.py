"""`maskwright predict`: masks of any number of images of any size."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from maskwright.cli.plan import Device


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.", show_default=False)],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGES", help="Image files, and folders of them.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the masks, in the tree of the images.", show_default=False)
    ],
    probabilities: Annotated[bool, typer.Option("--probabilities", help="Write class probabilities too (TIFF).")] = False,
    overlays: Annotated[bool, typer.Option("--overlays", help="Write masks painted over their images too.")] = False,
    format: Annotated[Literal["png", "tiff"], typer.Option("--format", help="Of the masks.")] = "png",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace masks that another run made.")] = False,
    max_pixels: Annotated[
        int | None, typer.Option("--max-pixels", metavar="COUNT", help="Largest image to accept.", min=1)
    ] = None,
    device: Device = "auto",
) -> None:
    """Predict images into masks. Run again after an interruption: what is done is not done twice."""
    from maskwright.cli.terminal import ERR, bar, say
    from maskwright.engine.predict import load
    from maskwright.engine.predict_folder import Extra, predict_folder
    from maskwright.formats.content import MAX_PIXELS
    from maskwright.report.words import counted

    wanted: dict[Extra, bool] = {"overlays": overlays, "probabilities": probabilities}
    with bar("Predicting") as progress:
        report = predict_folder(
            load(run, device=device),
            images,
            out,
            suffix=".png" if format == "png" else ".tif",
            extras=[extra for extra, is_wanted in wanted.items() if is_wanted],
            overwrite=overwrite,
            max_pixels=max_pixels or MAX_PIXELS,
            progress=progress,
        )
    before = f"; {len(report.skipped)} were there already" if report.skipped else ""
    say(f"{counted(len(report.done), 'mask')} written to {out}{before}.")
    if report.failed:
        say(f"{counted(len(report.failed))} failed:", style="bold red", console=ERR)
        for failure in report.failed:
            say(f"{failure.image}: {failure.reason}", indent=2, console=ERR)
        raise typer.Exit(3)
