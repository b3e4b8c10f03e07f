"""`maskwright demo`: the whole path on a real image that comes with the package: nuclei counted, outlined and measured."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli import values
from maskwright.cli.plan import Device

if TYPE_CHECKING:
    from maskwright.data.dataset import DataSet
    from maskwright.engine.predict import Predictor
    from maskwright.metrics.scores import Scores

# In a minute, many steps of a small network on small crops, at a higher rate, find more than the few that a trained encoder
# could take, which the plan chooses for longer trainings.
ENCODER = "plain"
HASTY = {"crop_hw": "[128,128]", "optimizer.learning_rate": "0.002"}
LARGER = 2  # times the image's size is the picture of outlines and numbers, so that these can be read


def command(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the run.")] = Path("runs/demo"),
    budget: Annotated[float, typer.Option("--budget", help="Time to train.", parser=values.minutes, metavar="TIME")] = "75s",  # type: ignore[assignment]  # parsed like what is typed
    device: Device = "auto",
) -> None:
    """Count, outline and measure 125 nuclei on a fluorescence image that comes with the package, and score the result.

    The image is checked, a block of it held out, and a training planned and run on the rest.
    """
    from maskwright.cli import run_steps, steps
    from maskwright.cli.terminal import say
    from maskwright.engine.predict import load
    from maskwright.engine.present import load_scores
    from maskwright.engine.reading import Reading

    folder = values.numbered(out, first=2) if out.exists() else out
    if folder != out:
        say(f"{out} is there already and stays as it is; this demo goes to {folder}.")
    reading = Reading(path=Path(__file__).parents[1] / "demo_data", class_names=("background", "nucleus"))
    data, report = steps.check_or_stop(reading, split_file=None, split_name=None)
    parts = steps.divide(data, reading, file=None, name=None, fraction=None, seed=0, known=report.duplicates)
    planned = steps.plan(
        parts, file=None, budget_minutes=budget, seed=0, device=device, changes=HASTY, task="instance", encoder=ENCODER
    )
    run = run_steps.train(folder, planned, parts, reading=reading, report=report, device=device)
    predict = load(folder, device=device, images=data.files)
    page = run_steps.score_and_report(run, parts, reading=reading, predict=predict)
    _count(load_scores(run)[0])
    objects = _measure(predict, data.records[0].image, folder / "objects.csv")
    overlay = _outline(predict, data, parts.val, folder / "overlay.png")
    run_steps.say_where(run=folder, report=page, overlay=overlay, objects=objects, next="maskwright check YOUR_DATA")


def _count(scores: "Scores") -> None:
    """What was found of the nuclei that the network never saw."""
    from maskwright.cli.terminal import heading, say
    from maskwright.report.objects import objects

    heading("Nuclei", "of the held-out part, which the network never saw")
    found = objects(scores)
    assert found is not None  # objects were scored
    say(found.counts, indent=2)
    wrong = ", ".join(f"{row.count} {row.kind}" for row in found.kinds if row.count)
    say(f"{sum(row.found for row in found.rows)} found; to fix: {wrong or 'nothing'}.", indent=2)


def _measure(predict: "Predictor", image: Path, out: Path) -> Path:
    """A table of every nucleus of the whole image, and their typical size in words."""
    from statistics import median

    from maskwright.cli.terminal import heading, say
    from maskwright.engine.masked_images import predicted
    from maskwright.engine.measure import Measuring
    from maskwright.formats.tables import table

    measuring = Measuring(predicted(predict, [image]))
    rows = list(measuring.rows())
    with table(out, measuring.columns) as written:
        for row in rows:
            written.add(row)
    heading("Measured", "on the whole image")
    if rows:
        area, long, short = (median(float(row[name]) for row in rows) for name in ("area", "major_axis", "minor_axis"))
        say(f"{len(rows)} nuclei; typically {area:.0f} pixels large, {long:.0f} long and {short:.0f} wide.", indent=2)
    else:
        say("No nucleus was found.", indent=2)
    return out


def _outline(predict: "Predictor", data: "DataSet", held_out: "DataSet | None", out: Path) -> Path:
    """Ground truth and prediction outlined on the image; each nucleus of the prediction has its number in the table."""
    from maskwright.formats.png import write_picture
    from maskwright.masks.convert import to_instances
    from maskwright.masks.draw import contact_sheet, framed, to_display
    from maskwright.masks.draw_objects import magnified, numbered, outlined

    sample = data[0]
    assert sample.segmentation is not None  # the packaged mask
    shown = to_display(sample.image).repeat(LARGER, axis=0).repeat(LARGER, axis=1)
    true, found = (magnified(to_instances(one), LARGER) for one in (sample.segmentation, predict(sample.image)))
    painted = [outlined(shown, one, line=LARGER, fill=0.15) for one in (true, found)]
    painted[1] = numbered(painted[1], found)
    captions = [f"ground truth: {len(true)} nuclei", f"prediction: {len(found)} nuclei, numbered as in objects.csv"]
    if held_out is not None and (window := held_out.records[0].window_xyxy) is not None:
        x0, y0, x1, y1 = (LARGER * side for side in window)
        painted = [framed(picture, (x0, y0, x1, y1)) for picture in painted]
        captions[1] += "; the network never saw what is framed"
    write_picture(out, contact_sheet(painted, captions, columns=2, cell=max(shown.shape)))
    return out
