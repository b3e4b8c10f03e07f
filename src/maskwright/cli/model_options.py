"""The options that say which network is trained, shared by every command that plans."""

from pathlib import Path
from typing import Annotated, Literal

import typer

TaskName = Annotated[
    Literal["semantic", "instance", "panoptic"] | None,
    typer.Option("--task", help="The class of every pixel, every object apart, or both at once.", show_default="semantic"),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="unet, fcn-32s, fcn-16s, fcn-8s, deeplabv3, deeplabv3+; for objects also mask-rcnn; for things and stuff also "
        "panoptic-fpn and panoptic-deeplab.",
        show_default="by the data",
    ),
]
EncoderName = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="NAME",
        help="plain, vgg16, resnet18, resnet34, resnet50, resnet101 or efficientnet-lite0.",
        show_default="by the data",
    ),
]
StartFrom = Annotated[
    Path | None,
    typer.Option("--start-from", metavar="RUN", help="Start from the weights of this run, whose network it is."),
]
EncoderWeights = Annotated[
    str | None,
    typer.Option(
        "--encoder-weights",
        metavar="FROM",
        help="What the encoder starts from: imagenet (efficientnet-lite0), a file, hf:OWNER/REPO/FILE, or none.",
        show_default="imagenet where it is installed",
    ),
]
