"""A run scored again on the images of its last scores, where these lack what is kept today."""

from collections.abc import Callable
from pathlib import Path

from maskwright.base.errors import MaskwrightError, RunError
from maskwright.data.dataset import DataSet
from maskwright.data.split import Split
from maskwright.engine.evaluate import evaluate
from maskwright.engine.predict import load
from maskwright.engine.present import load_scores, save_scores, scored_reading
from maskwright.engine.run import Run

Progress = Callable[[int, int], None]


def rescore(folder: Path, *, device: str = "auto", progress: Progress | None = None) -> None:
    """Predict the images of a run's last scores again and keep the new scores in the place of the old.

    Raises `RunError` where its data cannot be read any more.
    """
    run = Run.open(folder)
    scores, part = load_scores(run)
    try:
        reading = scored_reading(run)
        data = reading.read()
        if part:
            chosen: DataSet = Split.from_json(run.split, data).parts[part]
        else:
            ids = {entry["id"] for entry in scores.per_image}
            chosen = data.with_records([record for record in data.records if record.id in ids])
        scores = evaluate(load(folder, device=device, images=chosen.files), chosen, progress=progress)
    except MaskwrightError as error:
        raise RunError(
            f"{folder}: its scores are of an older version, which kept no counts of each image, and it cannot be scored "
            f"again: {error} If the data lie elsewhere now: maskwright evaluate {folder} DATA"
        ) from error
    save_scores(run, scores, part, reading)
