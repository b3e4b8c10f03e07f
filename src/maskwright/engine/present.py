"""A run's scores kept in its folder, and its report: what the folder tells, with pictures predicted anew."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from maskwright.base.files import read_json, write_json
from maskwright.data.dataset import DataSet
from maskwright.data.findings import Finding
from maskwright.engine import scored_run
from maskwright.engine.evaluate import Predicts
from maskwright.engine.predict import load
from maskwright.engine.reading import Reading
from maskwright.engine.run import Run
from maskwright.engine.scored_run import SCORES
from maskwright.masks.draw import to_display
from maskwright.metrics.scores import Scores
from maskwright.report import page
from maskwright.report.content import Part, Picture
from maskwright.report.run_folder import read_run

CHECK, REPORT = "check.json", "report.html"
SHOWN = 4  # images at either end of the order of scores

Progress = Callable[[int, int], None]


def save_scores(run: Run, scores: Scores, part: Part, reading: Reading | None = None) -> None:
    """Keep the scores of one part of the data, and how those were read, in the place of the scores before."""
    write_json(run.folder / SCORES, {"part": part, "reading": reading and reading.to_json(), **scores.to_json()})


def load_scores(run: Run) -> tuple[Scores, Part]:
    """The run's last scores and which part they are of. Raises `RunError` where there are none."""
    return scored_run.load_scores(run.folder)


def scored_reading(run: Run) -> Reading:
    """How the data behind the last scores were read. Raises `RunError` where that is not known."""
    path = run.folder / SCORES
    value = read_json(path).get("reading") if path.is_file() else None
    return Reading.of_run(run.folder) if value is None else Reading.from_json(value, source=str(path))


def pictures(
    predict: Predicts, data: DataSet, scores: Scores, *, shown: int = SHOWN, progress: Progress | None = None
) -> tuple[Picture, ...]:
    """The worst and the best of the scored images, predicted anew; what `data` does not hold is left out."""
    data = data.for_task(predict.plan.task)
    of_id = {str(entry["id"]): math.nan if entry["score"] is None else float(entry["score"]) for entry in scores.per_image}
    measured = [id for id, score in of_id.items() if not math.isnan(score)]
    unmeasured = [id for id, score in of_id.items() if math.isnan(score)]
    chosen = {*measured[:shown], *measured[-shown:], *unmeasured[:shown]}
    places = [place for place, record in enumerate(data.records) if record.id in chosen and record.mask is not None]
    made = []
    for done, place in enumerate(places, 1):
        sample = data[place]
        assert sample.segmentation is not None  # the record has a mask
        prediction = predict(sample.image)
        made.append(
            Picture(
                id=sample.id, image=to_display(sample.image), ground_truth=sample.segmentation, prediction=prediction,
                score=of_id[sample.id],
            )
        )  # fmt: skip
        if progress is not None:
            progress(done, len(places))
    return tuple(made)


def report(
    run: Run | Path | str,
    scores: Scores | None = None,
    *,
    part: Part = "",
    data: DataSet | None = None,
    predict: Predicts | None = None,
    out: Path | str | None = None,
    reproduce: Sequence[str] = (),
    progress: Progress | None = None,
) -> Path:
    """Write a run's report as one HTML file and return its path: `out`, or report.html in the run's folder.

    scores: those of its scores.json where None, which also says the part. data: the images that were scored, for pictures.
    """
    opened = run if isinstance(run, Run) else Run.open(Path(run))
    if scores is None:
        scores, part = load_scores(opened)
    shown: tuple[Picture, ...] = ()
    if data is not None:
        shown = pictures(predict or load(opened.folder, images=data.files), data, scores, progress=progress)
    content = read_run(opened.folder, scores, part=part, pictures=shown, findings=tuple(_findings(opened)), reproduce=reproduce)
    path = opened.folder / REPORT if out is None else Path(out)
    page.write(path, content)
    return path


def _findings(run: Run) -> Iterable[Finding]:
    """What the mask doctor said before the training, where that was kept."""
    path = run.folder / CHECK
    for entry in read_json(path)["findings"] if path.is_file() else ():
        yield Finding(**{**entry, "files": tuple(entry["files"])})
