"""Runs side by side: their scores on the images that all were scored on, and paired intervals of the differences."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from maskwright.metrics.instance import AP50, matched_values
from maskwright.metrics.instance_rules import OBJECTS
from maskwright.metrics.matching import MatchCounts
from maskwright.metrics.paired import PairedScore, Values, paired_object_scores, paired_scores, paired_segment_scores
from maskwright.metrics.panoptic import segment_values
from maskwright.metrics.semantic import ALL, values_of
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
    first = opened[0]
    compared = {"pixels": _of_pixels, "objects": _of_objects, "segments": _of_segments}[first.unit](opened, ids)
    headline = first.scores.headline_row
    alone = [values[headline.metric, headline.subject].tolist() for values in compared.alone]
    images = [ComparedImage(id=id, values=values) for id, *values in zip(ids, *alone, strict=True)]
    return RunComparison(
        runs=tuple(_compared(run, of_run) for run, of_run in zip(opened, compared.rows, strict=True)),
        metric=headline.metric,
        subject=headline.subject,
        rule=headline.rule,
        class_names=compared.names,
        metrics=compared.metrics,
        images=tuple(sorted(images, key=lambda image: image.spread, reverse=True)),
        notes=notes,
        warnings=warnings(opened, ids),
    )


@dataclass(frozen=True)
class _Compared:
    """The scores of all runs on the same images, those of each image by itself, and what there are scores of."""

    rows: tuple[tuple[PairedScore, ...], ...]
    alone: list[Values]
    names: tuple[str, ...]
    metrics: tuple[str, ...]  # beside the headline


def _of_pixels(runs: Sequence[ScoredRun], ids: Sequence[str]) -> _Compared:
    background, classes = runs[0].background, Classes.named(*runs[0].scores.class_names)
    counts = [Counts.of_images([run.counts[id] for id in ids]) for run in runs]
    rows = paired_scores(counts, classes, background=background)
    return _Compared(rows, [values_of(one, np.eye(len(ids)), classes, background) for one in counts], classes.names, ())


def _of_objects(runs: Sequence[ScoredRun], ids: Sequence[str]) -> _Compared:
    """Of the classes that any of the runs was scored on; a background is one only where an object is said to be of it."""
    scored = {row.subject for run in runs for row in run.scores.rows if row.metric == AP50}
    names = tuple(name for name in runs[0].scores.class_names if name in scored)
    counts = [MatchCounts.of_images([run.counts[id] for id in ids], names) for run in runs]
    rows = paired_object_scores(counts, names)
    subjects = (*names, OBJECTS) if len(names) > 1 else names
    metrics = tuple(dict.fromkeys(row.metric for row in rows[0] if row.metric != AP50))
    return _Compared(rows, [matched_values(one, np.eye(len(ids)), names) for one in counts], subjects, metrics)


def _of_segments(runs: Sequence[ScoredRun], ids: Sequence[str]) -> _Compared:
    """Of the classes that any of the runs was scored on and that occur on these images; in things and stuff, too."""
    scored = {row.subject for run in runs for row in run.scores.rows if row.metric == "PQ"}
    seen = {name for run in runs for id in ids for name in run.counts[id]}
    names = tuple(name for name in runs[0].scores.class_names if name in scored & seen)
    things = runs[0].scores.things
    counts = [MatchCounts.of_images([run.counts[id] for id in ids], names) for run in runs]
    rows = paired_segment_scores(counts, names, things)
    subjects = tuple(row.subject for row in rows[0] if row.metric == "PQ" and row.subject != ALL)
    alone = [segment_values(one, np.eye(len(ids)), names, things) for one in counts]
    return _Compared(rows, alone, subjects, tuple(dict.fromkeys(row.metric for row in rows[0] if row.metric != "PQ")))


def needs_rescoring(run: Path | str) -> bool:
    """Whether a run's scores lack the counts of each image, so that its images have to be predicted again."""
    return not ScoredRun.read(run).counts


def _open(folder: Path, name: str, device: str, progress: Progress | None) -> ScoredRun:
    """The run, scored again where its scores lack the counts of each image."""
    run = ScoredRun.read(folder, name=name)
    if not run.counts:
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
