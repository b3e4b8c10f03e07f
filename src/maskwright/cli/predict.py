"""`maskwright predict`: masks or objects of any number of images of any size."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from maskwright.base.errors import PlanError
from maskwright.cli.plan import Device
from maskwright.cli.runtime import Precision, Runtime, load_aloud


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
        Literal["labels", "ome-zarr", "coco", "panoptic"] | None,
        typer.Option(
            "--to",
            help="What is written: label images, the same as OME-Zarr, COCO files of objects, or COCO panoptic.",
            show_default="coco where objects may overlap or have several classes",
        ),
    ] = None,
    format: Annotated[
        Literal["png", "tiff"] | None, typer.Option("--format", help="Of masks and label images.", show_default="png")
    ] = None,
    link: Annotated[
        str,
        typer.Option(
            "--link", metavar="IOU|none", help="Least overlap of objects in successive planes of a stack that are one object."
        ),
    ] = "0.25",
    axes: Annotated[
        str, typer.Option("--axes", metavar="AXES", help="What the axes of stacks are that do not say it, as ZYX or TCYX.")
    ] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what another run made.")] = False,
    max_pixels: Annotated[
        int | None, typer.Option("--max-pixels", metavar="COUNT", help="Largest image to accept.", min=1)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="COUNT", help="Processes that predict at once.", min=1, show_default="1"),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray", metavar="ADDRESS", help="Predict on a Ray cluster: auto, local, or an address such as ray://head:10001."
        ),
    ] = None,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="I/N", help="Only the I-th of N parts of the images, as for array jobs.")
    ] = None,
    device: Device = "auto",
    runtime: Runtime = "auto",
    precision: Precision = "auto",
) -> None:
    """Predict images into masks, COCO files or panoptic maps. Run again after an interruption: nothing is done twice."""
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import ERR, bar, say
    from maskwright.data.pairing import require_images
    from maskwright.engine.predict_folder import predict_folder, written_as
    from maskwright.engine.predict_workers import predict_with_workers
    from maskwright.engine.prediction_folder import Extra
    from maskwright.engine.run import Run
    from maskwright.formats.content import MAX_PIXELS
    from maskwright.formats.large_axes import check_said
    from maskwright.report.words import counted

    wanted: dict[Extra, bool] = {"overlays": overlays, "probabilities": probabilities}
    part = None if shard is None else _shard(shard)
    if part is not None and (workers or 1) > 1:
        raise PlanError("Either --workers or --shard: workers are the shards of one machine. Start a command for each shard.")
    if part is not None and ray is not None:
        raise PlanError("Either --ray or --shard: Ray shares all images out among its workers. Leave out --shard.")
    least = _link(link)
    axes = check_said(axes) if axes else ""
    written = written_as(Run.open(run).plan, "labels" if to == "ome-zarr" else to)
    if to == "ome-zarr" and format is not None:
        raise PlanError(
            "--format is that of masks as files, and OME-Zarr is a folder. Leave out either --format or --to ome-zarr."
        )
    if written != "labels" and format is not None:
        instead = "Add --to labels, or leave it out." if written == "coco" else "Leave it out."
        raise PlanError(f"--format is that of masks, and what this run finds goes into COCO files. {instead}")
    require_images(images)  # that there are none is told before networks are measured on them
    chosen: dict[str, Any] = {"device": device, "runtime": runtime, "precision": precision}
    predictor = load_aloud(run, **chosen, images=images) if ray is None and (workers or 1) == 1 else None
    with bar("Predicting") as progress:
        options: dict[str, Any] = {
            "to": written,
            "suffix": ".zarr" if to == "ome-zarr" else ".tif" if format == "tiff" else ".png",
            "extras": [extra for extra, is_wanted in wanted.items() if is_wanted],
            "overwrite": overwrite,
            "max_pixels": max_pixels or MAX_PIXELS,
            "link": least,
            "axes": axes,
        }
        if ray is not None:
            from maskwright.engine.predict_ray import predict_with_ray

            report = predict_with_ray(run, images, out, address=ray, workers=workers, progress=progress, **chosen, **options)
        elif predictor is None:
            assert workers is not None
            report = predict_with_workers(run, images, out, workers=workers, progress=progress, **chosen, **options)
        else:
            report = predict_folder(predictor, images, out, shard=part, progress=progress, **options)
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
    if report.elsewhere:
        tell("note", f"{counted(len(report.elsewhere))} left to another process that is predicting them now.")
    if report.failed:
        say(f"{counted(len(report.failed))} failed:", style="bold red", console=ERR)
        for failure in report.failed:
            say(f"{failure.image}: {failure.reason}", indent=2, console=ERR)
        raise typer.Exit(3)


def _link(text: str) -> float | None:
    """The least intersection over union, or None for planes that stay apart."""
    if text.strip().lower() == "none":
        return None
    try:
        least = float(text)
    except ValueError:
        least = -1.0
    if not 0 < least <= 1:
        raise PlanError(f"--link is an overlap above 0 and up to 1, such as 0.25, or none, not '{text}'.")
    return least


def _shard(text: str) -> tuple[int, int]:
    """Which part of how many, from words such as '3/8'."""
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise PlanError(f"--shard is a part of how many, such as 3/8, from 1/8 to 8/8, not '{text}'.")
    return int(number), int(of)
