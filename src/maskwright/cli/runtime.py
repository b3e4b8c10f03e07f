"""The option that says what a network predicts with, and how a run is loaded aloud."""

from collections.abc import Sequence
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

Precision = Annotated[
    Literal["auto", "bf16", "fp32"],
    typer.Option(
        "--precision",
        help="In what numbers the network is worked out. auto is the plan's, but not bf16 where that changes the result.",
    ),
]


def load_aloud(
    run: Path, *, device: str, runtime: Literal["auto", "torch", "openvino"],
    precision: Literal["auto", "bf16", "fp32"] = "auto", images: Sequence[Path] = (),
) -> "Predictor":  # fmt: skip
    """The predictor of a run; said is which runtime and precision it has, and why. `images` are files and folders."""
    from maskwright.cli.steps import tell
    from maskwright.engine.predict import load

    predictor = load(run, device=device, runtime=runtime, precision=precision, images=images)
    tell("note", predictor.choice.words)
    return predictor
