"""`maskwright measure`: a table of every object: its size, shape, place and intensities."""

from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from maskwright.base.errors import DataError
from maskwright.cli.plan import Device
from maskwright.cli.reading_options import Said, reads_data
from maskwright.cli.runtime import Precision, Runtime, load_aloud

if TYPE_CHECKING:
    from maskwright.engine.masked_images import MaskedImages


@partial(reads_data, without=("masks", "group_by"))
def command(
    source: Annotated[
        Path,
        typer.Argument(metavar="RUN|MASKS", help="Folder of a run, or masks: a folder or a file.", show_default=False),
    ],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGES", help="Image files, and folders of them.", show_default=False)
    ],
    said: Said,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The table: .csv or .json.", show_default=False)],
    pixel_size: Annotated[
        str | None,
        typer.Option(
            "--pixel-size",
            metavar="LENGTH",
            help="Side of a pixel: 0.65um; or height and width: 0.65um,0.5um.",
            show_default="as OME-TIFF and ImageJ files say",
        ),
    ] = None,
    device: Device = "auto",
    runtime: Runtime = "auto",
    precision: Precision = "auto",
) -> None:
    """Measure every object: area, perimeter, place, axes, shape, and intensities of each channel. Nothing else is written."""
    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import bar, heading, say
    from maskwright.engine.measure import Measuring
    from maskwright.formats.tables import check_table_name, table
    from maskwright.masks import pixel_size as sizes
    from maskwright.masks.measure import AREA
    from maskwright.report.words import counted

    check_table_name(out)
    if out.is_dir() or (out.exists() and any(path.exists() and out.samefile(path) for path in (source, *images))):
        what = "is a folder" if out.is_dir() else "is what is to be measured"
        raise DataError(f"{out}: {what}. Name another file with --out.")
    size = None if pixel_size is None else sizes.pixel_size(pixel_size)
    found = _found(source, images, said, {"device": device, "runtime": runtime, "precision": precision})
    measuring = Measuring(found, pixel_size=size)
    heading("Objects", f"{source} on {counted(len(measuring))}")
    for words in found.words:
        say(f"{words[:1].upper()}{words[1:].removesuffix('.')}.", indent=2)
    for words in measuring.words:
        tell("note", f"{words}.")
    areas: dict[str, list[float]] = defaultdict(list)
    in_units = f"{AREA}_{measuring.unit}2"
    with bar("Measuring") as progress, table(out, measuring.columns) as written:
        for row in measuring.rows(progress):
            written.add(row)
            areas[str(row["class"])].append(float(row.get(in_units, "nan") if measuring.unit else row[AREA]))
        measuring.require_measured()
    _show(areas, measuring.unit)
    if measuring.crowds:
        tell("note", f"{measuring.crowds} crowds stand for no single object and are not measured.")
    say(f"Table: {out}")
    if measuring.left_out:
        heading("Left out", counted(len(measuring.left_out), "file"))
        for reason in measuring.left_out:
            tell("warning", reason)
        raise typer.Exit(3)


def _found(source: Path, images: list[Path], said: Said, how: dict[str, Any]) -> "MaskedImages":
    """The images with the objects that a run, masks or annotations give them."""
    from maskwright.cli.terminal import bar
    from maskwright.data.pairing import require_images
    from maskwright.engine.masked_images import masked, predicted
    from maskwright.engine.reading import Reading
    from maskwright.formats.content import MAX_PIXELS

    max_pixels = said.get("max_pixels", MAX_PIXELS)
    if (source / "plan.json").is_file():
        if unused := sorted(said.keys() - {"max_pixels"}):
            raise DataError(f"{source}: is a run, which knows what it predicts. Leave out --{unused[0].replace('_', '-')}.")
        require_images(images)  # that there are none is told before networks are measured on them
        return predicted(load_aloud(source, **how, images=images), images, max_pixels=max_pixels)
    reading = Reading(path=source, **said)
    with bar("Reading masks") as progress:
        return masked(
            source, images, options=reading.coding, format=reading.format, annotations=reading.annotations,
            image_glob=reading.image_glob, mask_glob=reading.mask_glob, max_pixels=max_pixels, progress=progress,
        )  # fmt: skip


def _show(areas: dict[str, list[float]], unit: str | None) -> None:
    """How many objects of each class there are, and their median area."""
    import numpy as np
    from rich import box
    from rich.table import Table

    from maskwright.cli.steps import tell
    from maskwright.cli.terminal import gap, show

    gap()
    if not areas:
        tell("note", "there is no object on any image; the table holds its header alone.")
        return
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("class")
    shown.add_column("objects", justify="right")
    shown.add_column(f"median area, {'pixels' if unit is None else f'{unit}²'}", justify="right")
    for name, values in sorted(areas.items(), key=lambda each: -len(each[1])):
        known = [value for value in values if value == value]
        shown.add_row(Text(name), str(len(values)), f"{np.median(known):.6g}" if known else "n/a")
    show(shown)
