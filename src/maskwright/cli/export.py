"""`maskwright export`: a run as one file that other programs run."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.", show_default=False)],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The file: .onnx, or .xml for OpenVINO.", show_default=False)
    ],
    to: Annotated[Literal["onnx", "openvino"], typer.Option("--to", help="The format.")] = "onnx",
    images: Annotated[
        list[Path] | None,
        typer.Option(
            "--images", metavar="PATH", help="Images to compare the file with the run on.", show_default="held-out images"
        ),
    ] = None,
) -> None:
    """Write the network with all around it, once it gives the run's answers on real images."""
    from maskwright.cli.terminal import bar, say
    from maskwright.engine.export import export
    from maskwright.engine.export_images import real_images
    from maskwright.report.words import counted

    with bar("Reading images"):
        chosen = real_images(run, images)
    with bar("Exporting"):
        done = export(run, out, to=to, images=chosen)
    say(f"{done.path}: agrees with the network in single precision on {done.agreement:.3%} of {done.by},")
    say(f"with the run as it predicts on {done.with_run:.3%} ({counted(done.images)} compared).")
