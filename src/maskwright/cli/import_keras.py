"""`maskwright import-keras`: a U-Net that was trained in Keras becomes a run."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from maskwright.cli import values


def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A .keras, .weights.h5 or .h5 file of Keras 2 or 3.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the new run.", show_default=False)],
    classes: Annotated[
        str | None,
        typer.Option("--classes", metavar="NAMES", help="Of the outputs; a sigmoid has two.", show_default="background,object"),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            "--scale",
            metavar="NUMBER",
            min=1e-6,
            show_default="255; 1 if the model rescales",
            help="What pixel values were divided by before Keras saw them.",
        ),
    ] = None,
    concatenate: Annotated[
        Literal["up-first", "skip-first"] | None,
        typer.Option(
            "--concatenate",
            show_default="as the file says, else up-first",
            help="Which comes first where decoder and skip are joined.",
        ),
    ] = None,
) -> None:
    """Turn a U-Net trained in Keras into a run that 'predict', 'evaluate' and 'inspect' take. Keras is not needed."""
    from maskwright.cli.run_steps import say_where
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import heading, say
    from maskwright.engine.import_run import import_run
    from maskwright.models.keras import from_keras

    network = from_keras(file, concatenate=concatenate)
    names = None if classes is None else values.names(classes)
    run = import_run(file, network, out, class_names=names, divisor=scale)
    heading("Imported", str(file))
    for decision in run.plan.decisions[:2]:
        say(f"{decision.name.capitalize()}: {decision.value}", indent=2)
    if network.assumed:
        tell("note", network.assumed)
    say_where(run=out, predict=f"maskwright predict {out} IMAGES --out DIR")
