"""`maskwright inspect`: the layers of a network, what they cost and see, and the network's shape as a drawing."""

from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskwright.cli import values

if TYPE_CHECKING:
    from maskwright.engine.inspected import Subject
    from maskwright.nn.layer import Layer
    from maskwright.nn.stages import Stage

GB = 2**30
SIDE = 512  # pixels of an image, unless another size is asked for
SHARES = (0.9, 0.95)  # of the effective field, as squares


def command(
    target: Annotated[
        str,
        typer.Argument(metavar="MODEL|RUN|PLAN", help="Name of a model, folder of a run, or plan file.", show_default=False),
    ],
    encoder: Annotated[str | None, typer.Option("--encoder", metavar="NAME", help="Of a model by name.")] = None,
    output_stride: Annotated[
        int | None, typer.Option("--output-stride", metavar="NUMBER", help="Of a DeepLab by name: 16 or 8.")
    ] = None,
    channels: Annotated[
        int | None, typer.Option("--channels", help="Of a model by name.", min=1, metavar="COUNT", show_default="3")
    ] = None,
    classes: Annotated[
        int | None, typer.Option("--classes", help="Of a model by name.", min=1, metavar="COUNT", show_default="2")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            "--size",
            metavar="SIZE",
            help="Of the image: 512, or height and width as 360x480.",
            show_default="512, times as much as a plan shrinks images",
        ),
    ] = None,
    all_layers: Annotated[bool, typer.Option("--layers", help="Show every layer, not only the stages.")] = False,
    drawing: Annotated[
        Path | None, typer.Option("--drawing", metavar="FILE", help="Draw the network's shape into this .svg or .png.")
    ] = None,
    receptive_field: Annotated[
        Path | None,
        typer.Option("--receptive-field", metavar="IMAGE", help="Measure what the centre of this image depends on."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Draw the receptive field into this .png or .svg.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write all of it into this JSON file.")] = None,
) -> None:
    """Show the layers of a network: shapes, weights, work, receptive field; draw its shape; measure what it looks at."""
    from maskwright.cli.terminal import heading, say, show
    from maskwright.report import network_tables as tables
    from maskwright.report.words import counted

    asked_hw = None if size is None else values.size_hw(size)
    if (receptive_field is None) != (out is None):
        raise typer.BadParameter("--receptive-field IMAGE and --out FILE belong together.")
    for file in filter(None, (drawing, out)):
        from maskwright.report.drawing import require_kind

        require_kind(file)
    subject = _subject(target, encoder=encoder, output_stride=output_stride, channels=channels, classes=classes)
    size_hw = asked_hw or (SIDE * subject.shrink, SIDE * subject.shrink)
    layers, stages = _looked_into(subject, size_hw)
    image = f"{size_hw[0]} x {size_hw[1]} pixels"
    classes_of = f"{subject.classes} class{'' if subject.classes == 1 else 'es'}"
    heading(subject.title, f"{image}, {counted(subject.channels, 'channel')}, {classes_of}")
    show(tables.layer_table(layers) if all_layers else tables.stage_table(stages))
    seen = sum(layer.weights for layer in layers)
    rest = sum(weights.numel() for weights in subject.network.parameters()) - seen
    if rest:
        say(f"Not in the table: {tables.rounded(rest)} weights of heads that look into boxes, however many there are.")
    memory = _memory(subject, size_hw)
    for line in _memory_words(memory):
        say(line)
    if drawing is not None:
        from maskwright.report.drawing import save_drawing

        weights, macs = tables.rounded(seen), tables.rounded(sum(x.macs for x in layers))
        subtitle = f"{weights} weights, {macs} multiplications, {image}"
        save_drawing(drawing, stages, title=subject.title, subtitle=subtitle)
        say(f"Drawing written to {drawing}.")
    if receptive_field is not None and out is not None:
        _draw_field(subject, layers[-1], receptive_field, size_hw, out)
    if json is not None:
        from maskwright.base.files import write_json

        write_json(json, _as_json(subject, size_hw, layers, stages, memory))
        say(f"Written to {json}.")


def _subject(target: str, **options: Any) -> "Subject":
    import torch

    from maskwright.base.errors import MaskwrightError
    from maskwright.engine.inspected import named, subject_of
    from maskwright.models import MODELS

    given = [f"--{name.replace('_', '-')}" for name, value in options.items() if value is not None]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # a network that is looked at twice looks the same
        if target in MODELS:
            return named(target, **options)
        subject = subject_of(target)
    if given:
        raise MaskwrightError(
            f"{target}: its plan says what the network is; {', '.join(given)} is for models by name. Leave it out."
        )
    return subject


def _looked_into(subject: "Subject", size_hw: tuple[int, int]) -> tuple[tuple["Layer", ...], tuple["Stage", ...]]:
    from maskwright.nn.anatomy import anatomy
    from maskwright.nn.stages import stages

    layers = anatomy(subject.network, channels=subject.channels, size_hw=size_hw)
    return layers, stages(layers)


def _memory(subject: "Subject", size_hw: tuple[int, int]) -> dict[str, Any]:
    """Gigabytes: to predict one image, to train on one and on none, and on the plan's batch where there is a plan."""
    from maskwright.nn.memory import to_predict, to_train

    about: Any = {"channels": subject.channels, "precision": subject.precision}
    predict = to_predict(subject.network, size_hw=size_hw, **about)
    shown_hw = ceil(size_hw[0] / subject.shrink), ceil(size_hw[1] / subject.shrink)
    train = to_train(subject.in_training, size_hw=shown_hw, **about)
    memory: dict[str, Any] = {
        "precision": subject.precision,
        "predict_gb": predict.of(1) / GB,
        "train_weights_gb": train.weights / GB,
        "train_image_gb": train.image / GB,
    }
    if (plan := subject.plan) is not None:
        batch = to_train(subject.in_training, size_hw=plan.crop_hw, **about).of(plan.batch)
        memory |= {"train_plan_gb": batch / GB, "plan_batch": plan.batch, "plan_crop_hw": list(plan.crop_hw)}
    return memory


def _memory_words(memory: dict[str, Any]) -> list[str]:
    lines = [
        f"Memory to predict, in {memory['precision']}: at least {memory['predict_gb']:.2f} GB an image.",
        f"Memory to train: at least {memory['train_weights_gb']:.2f} GB for weights, their gradients and averages, and "
        f"{memory['train_image_gb']:.2f} GB for each image of a batch.",
    ]
    if "train_plan_gb" in memory:
        high, wide = memory["plan_crop_hw"]
        batch = f"{memory['plan_batch']} crops of {high} x {wide}"
        lines.append(f"Memory to train as planned, {batch} a step: at least {memory['train_plan_gb']:.2f} GB.")
    return [*lines, "Counted from maps and weights; with what kernels need, processors took 1.2 to 1.7 times as much."]


def _draw_field(subject: "Subject", last: "Layer", path: Path, size_hw: tuple[int, int], out: Path) -> None:
    """The receptive field of the centre pixel of an image, or of a cut of the given size from its middle."""
    from maskwright.cli.terminal import say, working
    from maskwright.formats.images import read_image
    from maskwright.masks.draw import to_display
    from maskwright.nn.anatomy import field_box
    from maskwright.nn.effective_field import effective_field, side_that_holds
    from maskwright.report.drawing import save_figure
    from maskwright.report.field_picture import MeasuredField, caption, draw_field

    image = read_image(path)
    high, wide = (min(most, length) for most, length in zip(size_hw, image.shape[:2], strict=True))
    top, left = (image.shape[0] - high) // 2, (image.shape[1] - wide) // 2
    cut = slice(top, top + high), slice(left, left + wide)
    with working("Measuring the receptive field"):
        shares = effective_field(subject.network, subject.brought(image[cut], image, name=str(path)))
        box, sees_all = field_box(subject.network, channels=subject.channels, size_hw=(high, wide))
    measured = MeasuredField(
        image=to_display(image)[cut], shares=shares, box=box, theoretical_hw=last.field_hw, sees_all=sees_all,
        sides={share: side_that_holds(shares, share) for share in SHARES}, weights=subject.weights,
    )  # fmt: skip
    save_figure(out, draw_field(measured))
    for words, _ in caption(measured):
        say(f"{words}.")
    say(f"Receptive field written to {out}.")


def _as_json(
    subject: "Subject",
    size_hw: tuple[int, int],
    layers: tuple["Layer", ...],
    stages: tuple["Stage", ...],
    memory: dict[str, Any],
) -> dict[str, Any]:
    return {
        "title": subject.title,
        "size_hw": list(size_hw),
        "channels": subject.channels,
        "classes": subject.classes,
        "weights": sum(layer.weights for layer in layers),
        "macs": sum(layer.macs for layer in layers),
        "field_hw": list(layers[-1].field_hw),
        "sees_all": layers[-1].sees_all,
        "memory": memory,
        "layers": [asdict(layer) for layer in layers],
        "stages": [asdict(stage) | {"layers": [layer.name for layer in stage.layers]} for stage in stages],
    }
