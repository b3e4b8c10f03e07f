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
    int8: Annotated[
        bool, typer.Option("--int8", help="In 8-bit integers, calibrated on training images (OpenVINO, extra int8).")
    ] = False,
    max_drop: Annotated[
        float, typer.Option("--max-drop", metavar="SCORE", help="By how much --int8 may lower the validation score.", min=0)
    ] = 0.005,
) -> None:
    """Write the network with all around it, once it gives the run's answers on real images."""
    from maskwright.cli.terminal import bar, say
    from maskwright.engine.export import export
    from maskwright.engine.export_images import quantization, real_images
    from maskwright.report.words import counted

    with bar("Reading images"):
        chosen = real_images(run, images)
        wanted = quantization(run, max_drop) if int8 else None
    with bar("Exporting"):
        done = export(run, out, to=to, images=chosen, int8=wanted)
    say(f"{done.path}: agrees with the network in single precision on {done.agreement:.3%} of {done.by},")
    say(f"with the run as it predicts on {done.with_run:.3%} ({counted(done.images)} compared).")
    if done.scores is not None:
        say(f"Score in 8-bit integers: {done.scores[1]:.4f}; without: {done.scores[0]:.4f}.")
