"""`maskwright demo`: the whole path on a real image that comes with the package."""

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli import values
from maskwright.cli.plan import Device

IMAGE = "nuclei"


def command(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the run.")] = Path("runs/demo"),
    budget: Annotated[float, typer.Option("--budget", help="Time to train.", parser=values.minutes, metavar="TIME")] = "75s",  # type: ignore[assignment]  # parsed like what is typed
    device: Device = "auto",
) -> None:
    """Check, split, plan, train, score and predict a fluorescence image with 125 nuclei that comes with the package."""
    from maskwright.cli import run_steps, steps
    from maskwright.cli.terminal import say
    from maskwright.engine.predict import load
    from maskwright.engine.reading import Reading
    from maskwright.formats.png import write_picture
    from maskwright.masks.convert import to_label_map
    from maskwright.masks.draw import contact_sheet, framed, overlay, to_display

    folder = values.numbered(out, first=2) if out.exists() else out
    if folder != out:
        say(f"{out} is there already and stays as it is; this demo goes to {folder}.")
    reading = Reading(path=Path(__file__).parents[1] / "demo_data", class_names=("background", "nucleus"))
    data, report = steps.check_or_stop(reading, split_file=None, split_name=None)
    parts = steps.divide(data, reading, file=None, name=None, fraction=None, seed=0, known=report.duplicates)
    planned = steps.plan(parts, file=None, budget_minutes=budget, seed=0, device=device, changes={})
    run = run_steps.train(folder, planned, parts, reading=reading, report=report, device=device)
    predict = load(folder, device=device)
    path = run_steps.score_and_report(run, parts, reading=reading, predict=predict)
    sample = data[0]
    assert sample.segmentation is not None  # the packaged mask
    shown = to_display(sample.image)
    painted = [overlay(shown, to_label_map(one)) for one in (sample.segmentation, predict(sample.image))]
    captions = ["ground truth", "prediction"]
    if parts.val is not None and (window := parts.val.records[0].window_xyxy) is not None:
        painted = [framed(picture, window) for picture in painted]
        captions[1] += "; the network never saw what is framed"
    write_picture(folder / "overlay.png", contact_sheet(painted, captions, cell=512))
    run_steps.say_where(run=folder, report=path, overlay=folder / "overlay.png", next="maskwright check YOUR_DATA")
