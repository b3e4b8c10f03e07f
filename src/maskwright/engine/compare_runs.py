"""Runs side by side: their scores on the images that all were scored on, and paired intervals of the differences."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from maskwright.base.errors import RunError
from maskwright.base.journal import Journal
from maskwright.engine.common_images import common_images, require_same_classes, warnings
from maskwright.engine.scored_run import ScoredRun
from maskwright.masks.classes import Classes
from maskwright.metrics.counts import Counts
from maskwright.metrics.paired import PairedScore, paired_scores
from maskwright.metrics.semantic import values_of
from maskwright.report.comparison import ComparedImage, ComparedRun, RunComparison
from maskwright.report.curves import curves

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # of batch normalisation: in the file, but not learned

Progress = Callable[[int, int], None]


def compare_runs(runs: Sequence[Path | str], *, device: str = "auto", progress: Progress | None = None) -> RunComparison:
    """Compare runs with the first of them, by the scores in their folders.

    Only images that all were scored on, against the same ground truth, count. The images of a run that an older version
    scored are predicted again (`device` and `progress` are for that); else neither data nor torch are needed.

    Raises `RunError` where a run cannot be compared, and `DataError` where classes differ or no image is common.
    """
    folders = [Path(run) for run in runs]
    opened = [_open(folder, name, device, progress) for folder, name in zip(folders, _names(folders), strict=True)]
    require_same_classes(opened)
    ids, notes = common_images(opened)
    scores, background = opened[0].scores, opened[0].background
    classes = Classes.named(*scores.class_names)
    counts = [Counts.of_images([run.pixels[id] for id in ids]) for run in opened]
    rows = paired_scores(counts, classes, background=background)
    headline = scores.headline_row
    each = np.eye(len(ids))
    alone = [values_of(one, each, classes, background)[headline.metric, headline.subject].tolist() for one in counts]
    images = [ComparedImage(id=id, values=values) for id, *values in zip(ids, *alone, strict=True)]
    return RunComparison(
        runs=tuple(_compared(run, of_run) for run, of_run in zip(opened, rows, strict=True)),
        metric=headline.metric,
        subject=headline.subject,
        rule=headline.rule,
        class_names=scores.class_names,
        images=tuple(sorted(images, key=lambda image: image.spread, reverse=True)),
        notes=notes,
        warnings=warnings(opened, ids),
    )


def needs_rescoring(run: Path | str) -> bool:
    """Whether a run's scores lack the pixel counts of each image, so that its images have to be predicted again."""
    return not ScoredRun.read(run).pixels


def _open(folder: Path, name: str, device: str, progress: Progress | None) -> ScoredRun:
    """The run, scored again where its scores lack the pixel counts."""
    run = ScoredRun.read(folder, name=name)
    if not run.pixels:
        from maskwright.engine.rescore import rescore  # brings torch, which nothing else here needs

        rescore(folder, device=device, progress=progress)
        run = ScoredRun.read(folder, name=name)
    return run


def _names(folders: Sequence[Path]) -> list[str]:
    """The folders' own names, or their paths where two have the same. Raises `RunError` for fewer than two runs."""
    places = Counter(folder.resolve() for folder in folders)
    twice = [str(place) for place, times in places.items() if times > 1]
    if twice:
        raise RunError(f"{', '.join(twice)}: named twice. Name two or more different runs.")
    if len(folders) < 2:
        raise RunError(f"A comparison takes two or more runs, not {len(folders)}: maskwright compare RUN RUN ...")
    names = [place.name for place in places]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def _compared(run: ScoredRun, scores: tuple[PairedScore, ...]) -> ComparedRun:
    """A run's scores with what it is and what it cost, as far as its folder tells."""
    told = curves(Journal(run.folder / "journal.jsonl").read())
    return ComparedRun(
        name=run.name,
        model=run.network,
        weights=_weights(run.folder / "best.safetensors"),
        steps=round(told.loss[-1][0]) if told.loss else None,
        planned=told.planned or None,
        seconds=told.seconds,
        scores=scores,
    )


def _weights(path: Path) -> int | None:
    """How many numbers a network has learned, by the header of its weights file; None where there is none to read."""
    try:
        with safe_open(path, framework="numpy") as file:
            learned = [name for name in file.keys() if not name.endswith(STATISTICS)]  # noqa: SIM118  not a dict
            return sum(int(prod(file.get_slice(name).get_shape())) for name in learned)
    except (SafetensorError, OSError):
        return None
