"""`maskwright convert`: objects, segments or classes from any format to another, read again, with every loss."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.reading_options import Said, reads_data

if TYPE_CHECKING:
    from maskwright.engine.convert import Conversion

SHOWN = 10  # losses on the terminal; all are in the report


@reads_data
def command(
    source: Annotated[
        Path,
        typer.Argument(metavar="SRC", help="Annotations, a data folder, or a folder of masks.", show_default=False),
    ],
    out: Annotated[Path, typer.Argument(metavar="DST", help="Folder or file to write.", show_default=False)],
    said: Said,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="What to write: coco, coco-panoptic, yolo, voc, cityscapes, labelme, cvat, labels or semantic.",
            show_default=False,
        ),
    ],
    images: Annotated[
        Path | None, typer.Option("--images", metavar="DIR", help="Folder of the images, where they lie apart from SRC.")
    ] = None,
    parts_as_objects: Annotated[
        bool, typer.Option("--parts-as-objects", help="Of masks that hold classes: each connected part is an object.")
    ] = False,
    allow_loss: Annotated[bool, typer.Option("--allow-loss", help="Write what FORMAT can hold, and list the rest.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what lies in DST.")] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write the report here.", show_default="conversion.json in DST"),
    ] = None,
) -> None:
    """Write the objects, segments or classes of SRC in another format, read them again, and say what came back."""
    from maskwright.cli.terminal import bar
    from maskwright.engine.convert import convert
    from maskwright.engine.reading import Reading

    with bar("Converting") as progress:
        made = convert(
            Reading(path=source, **said), out,
            to=to, images=images, parts_as_objects=parts_as_objects, allow_loss=allow_loss, overwrite=overwrite, report=report,
            progress=progress,
        )  # fmt: skip
    _show(made)
    if made.left_out or made.untold:
        raise typer.Exit(3)


def _show(made: "Conversion") -> None:
    """How the source was read, what is wrong with it, what was written, and what came back."""
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import heading, say
    from maskwright.engine.convert_target import TARGETS
    from maskwright.report.words import counted

    heading("Read", str(made.source))
    for words in made.words:
        say(f"{words[:1].upper()}{words[1:].rstrip('.')}.", indent=2)
    for finding in made.findings:
        tell(finding.severity, f"{finding.message} {finding.remedy}".strip())
    title, piece = TARGETS[made.format]
    heading("Written", f"{made.out} ({title})")
    classes = "1 class" if len(made.classes) == 1 else f"{len(made.classes)} classes"
    say(f"{counted(made.images)}, {counted(made.objects, piece)} of {classes}.", indent=2)
    heading("Read again", f"compared {piece} by {piece}")
    exact = f"{made.exact} of {made.objects} {piece}s came back pixel for pixel"
    say(f"{exact}; the lowest IoU is {made.lowest_iou:.3f}.", indent=2)
    if not made.losses:
        say("Nothing was lost.", indent=2)
    else:
        whole = len({loss.image for loss in made.losses if loss.object is None})
        alone = sum(loss.object is not None for loss in made.losses)
        who = [counted(alone, piece)] if alone else []
        who += [f"{counted(whole)} as a whole"] if whole else []
        say(f"{' and '.join(who)} lost something:", indent=2)
        for loss in sorted(made.losses, key=lambda loss: (loss.object is None, loss.iou))[:SHOWN]:
            tell("warning", str(loss))
        if len(made.losses) > SHOWN:
            say(f"and {len(made.losses) - SHOWN} more, all in {made.report}.", indent=2)
    if made.untold:
        tell("error", f"{made.untold} of these losses were not foreseen: a fault of maskwright. Report it with the file.")
    say(f"Report: {made.report}", indent=2)
