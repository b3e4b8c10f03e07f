"""`maskwright plan`: what a training would do, and why; nothing is trained."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli import values
from maskwright.cli.model_options import EncoderName, EncoderWeights, ModelName, StartFrom, TaskName
from maskwright.cli.reading_options import Said, reads_data
from maskwright.cli.split_options import Fraction, SplitFile, SplitName

Budget = Annotated[
    float,
    typer.Option(
        "--budget", help="Time to train: 90s, 10min, 1.5h.", parser=values.minutes, metavar="TIME", show_default="10min"
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="Set a value of the plan: model.widths=[16,32,64]. Repeatable.", metavar="NAME=VALUE"),
]
Seed = Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Of all randomness.")]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:N or mps.")]


@reads_data
def command(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder with images and masks.", show_default=False)],
    said: Said,
    budget: Budget = "10min",  # type: ignore[assignment]  # parsed like what is typed
    task: TaskName = None,
    model: ModelName = None,
    encoder: EncoderName = None,
    encoder_weights: EncoderWeights = None,
    start_from: StartFrom = None,
    changes: Changes = None,
    seed: Seed = 0,
    device: Device = "auto",
    split: SplitFile = None,
    split_name: SplitName = None,
    val: Fraction = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the plan into this file, to be edited and trained.")
    ] = None,
) -> None:
    """Show what a training would do in a given time, each decision with its reason."""
    from maskwright.base.files import write_json
    from maskwright.cli import steps
    from maskwright.cli.terminal import gap, say
    from maskwright.engine.reading import Reading

    wanted = values.assignments(changes or ())
    steps.require_known(model, encoder)
    reading = Reading(path=data, **said)
    found, report = steps.check_or_stop(reading, split_file=split, split_name=split_name)
    parts = steps.divide(found, reading, file=split, name=split_name, fraction=val, seed=seed, known=report.duplicates)
    planned = steps.plan(
        parts, file=None, budget_minutes=budget, seed=seed, device=device, changes=wanted,
        task=task, model=model, encoder=encoder, encoder_weights=encoder_weights, start_from=start_from,
    )  # fmt: skip
    if out is not None:
        write_json(out, planned.to_json())
        gap()
        say(f"Written to {out}. Edit it, then: maskwright train {data} --plan {out}")
