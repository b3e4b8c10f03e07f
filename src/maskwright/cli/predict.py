"""`maskwright predict`: masks or objects of any number of images of any size."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from maskwright.base.errors import PlanError
from maskwright.cli.plan import Device
from maskwright.cli.runtime import Runtime, load_aloud


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.", show_default=False)],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGES", help="Image files, and folders of them.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder for what is predicted, in the tree of the images.", show_default=False
        ),
    ],
    probabilities: Annotated[bool, typer.Option("--probabilities", help="Write class probabilities too (TIFF).")] = False,
    overlays: Annotated[bool, typer.Option("--overlays", help="Write masks painted over their images too.")] = False,
    to: Annotated[
        Literal["labels", "coco", "panoptic"] | None,
        typer.Option(
            "--to",
            help="How objects are written: numbered in label images, as COCO files, or with the stuff as COCO panoptic.",
            show_default="coco where objects may overlap or have several classes",
        ),
    ] = None,
    format: Annotated[
        Literal["png", "tiff"] | None, typer.Option("--format", help="Of masks and label images.", show_default="png")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what another run made.")] = False,
    max_pixels: Annotated[
        int | None, typer.Option("--max-pixels", metavar="COUNT", help="Largest image to accept.", min=1)
    ] = None,
    device: Device = "auto",
    runtime: Runtime = "auto",
) -> None:
    """Predict images into masks, COCO files or panoptic maps. Run again after an interruption: nothing is done twice."""
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import ERR, bar, say
    from maskwright.engine.predict_folder import predict_folder, written_as
    from maskwright.engine.prediction_folder import Extra
    from maskwright.formats.content import MAX_PIXELS
    from maskwright.report.words import counted

    wanted: dict[Extra, bool] = {"overlays": overlays, "probabilities": probabilities}
    predictor = load_aloud(run, device=device, runtime=runtime)
    written = written_as(predictor.plan, to)
    if written != "labels" and format is not None:
        instead = "Add --to labels, or leave it out." if written == "coco" else "Leave it out."
        raise PlanError(f"--format is that of masks, and what this run finds goes into COCO files. {instead}")
    with bar("Predicting") as progress:
        report = predict_folder(
            predictor,
            images,
            out,
            to=written,
            suffix=".tif" if format == "tiff" else ".png",
            extras=[extra for extra, is_wanted in wanted.items() if is_wanted],
            overwrite=overwrite,
            max_pixels=max_pixels or MAX_PIXELS,
            progress=progress,
        )
    before = f"; {len(report.skipped)} were there already" if report.skipped else ""
    kind = {"coco": "COCO file", "panoptic": "panoptic map", "labels": "mask"}[written]
    say(f"{counted(len(report.done), kind)} written to {out}{before}.")
    if report.together is not None and report.together.exists():
        say(f"The {'segments' if written == 'panoptic' else 'objects'} of all images: {report.together}")
    if report.hidden_pixels:
        what = (
            f"{report.hidden_pixels} pixels of objects lie under others and are not in the label images; --to coco keeps them."
        )
        tell("note", what)
    if report.failed:
        say(f"{counted(len(report.failed))} failed:", style="bold red", console=ERR)
        for failure in report.failed:
            say(f"{failure.image}: {failure.reason}", indent=2, console=ERR)
        raise typer.Exit(3)
