"""The option that says what a network predicts with, and how a run is loaded aloud."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from maskwright.engine.predict import Predictor

Runtime = Annotated[
    Literal["auto", "torch", "openvino"],
    typer.Option(
        "--runtime",
        help="What the network runs in. auto is OpenVINO where it is installed and not slower: measured once a machine.",
    ),
]


def load_aloud(run: Path, *, device: str, runtime: Literal["auto", "torch", "openvino"]) -> "Predictor":
    """The predictor of a run; said is which runtime it has, and why."""
    from maskwright.cli.steps import tell
    from maskwright.engine.predict import load

    predictor = load(run, device=device, runtime=runtime)
    tell("note", predictor.choice.words)
    return predictor
