"""The process that learns: it trains on the finished images of a project, scores itself, and predicts the others.

Started as `python -m maskwright.studio.learning_child JOB`. It says how far it is as lines of JSON; `pause` and `go` on its
input halt it between two steps, and the end of its input ends it, so that it never outlives its server.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from jaxtyping import Num

from maskwright.base.errors import MaskwrightError, PlanError
from maskwright.base.files import write_json
from maskwright.data.dataset import DataSet
from maskwright.formats.images import read_image
from maskwright.formats.project_file import ProjectClass, read_project
from maskwright.masks import box_runs
from maskwright.masks.classes import Classes
from maskwright.masks.convert import to_instances, to_label_map
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, Segmentation
from maskwright.studio.learning_job import Job
from maskwright.studio.learning_rounds import PROPOSALS, Round, write_round
from maskwright.studio.order import looks_of

if TYPE_CHECKING:
    from maskwright.engine.predict import Predictor
    from maskwright.plan.plan import Plan

NICE = 10
FLAT = 0.01  # of the pixels that count as foreground where there is none, so that an empty image is no division by zero
UNSURE = 0.05  # score of an object from which it counts for how unsure a detector is
MOST_PROPOSED = 5000  # objects of an image

Say = Callable[[str, float], None]


def learn(job: Job, say: Say) -> Round:
    """Train, and score on the held-out images. The round is whole when this returns."""
    from maskwright.engine.evaluate import evaluate
    from maskwright.engine.predict import load
    from maskwright.engine.reading import Reading
    from maskwright.engine.settle import settle
    from maskwright.engine.train import train

    began = time.monotonic()
    say("reading", 0.0)
    data = Reading(path=job.labels, max_pixels=job.max_pixels).read()
    project = read_project(job.labels).classes
    learnt = part(data, job.images, job.train)
    say("planning", 0.0)
    plan = planned(job, learnt)

    def listen(entry: dict[str, Any]) -> None:
        if entry["event"] == "step":
            say("training", entry["step"] / plan.steps)

    run = train(plan, learnt, out=job.folder, listen=listen)
    settle(run, learnt.for_task(plan.task))  # on what it was trained on: the held-out images choose nothing
    predict = load(run.folder)
    metric, score, low, high = "", None, None, None
    if job.held_out:
        say("scoring", 0.0)
        held = part(data, job.images, job.held_out)
        row = (scores := evaluate(predict, held, progress=lambda at, of: say("scoring", at / of))).headline_row
        metric, (score, low, high) = scores.headline, (_number(value) for value in (row.value, row.low, row.high))
    return Round(
        number=int(job.folder.name), task=plan.task, labelled=job.train, held_out=job.held_out, minutes=job.spent,
        seconds=time.monotonic() - began, metric=metric, score=score, low=low, high=high, digest=predict.digest,
        classes=class_ids(plan.classes, project),
    )  # fmt: skip


def planned(job: Job, learnt: DataSet) -> "Plan":
    """The plan, from the last weights where they fit, else from the beginning."""
    from maskwright.plan.make import plan

    if job.start_from is not None:
        try:
            return plan(learnt, budget_minutes=job.minutes, task=job.task, start_from=job.start_from)
        except PlanError:
            pass  # other classes or channels than last time
    return plan(learnt, budget_minutes=job.minutes, task=job.task)


def part(data: DataSet, images: Path, names: Iterable[str]) -> DataSet:
    """The records of the images of these names."""
    wanted = {(images / name).resolve() for name in names}
    return data.with_records([one for one in data.records if one.mask is not None and one.image.resolve() in wanted])


def class_ids(classes: Classes, project: Iterable[ProjectClass]) -> tuple[int, ...]:
    """The project's id of each class of a network; 0, which none has, of what lies behind them."""
    known = {one.name: one.id for one in project}
    return tuple(known.get(name, 0) for name in classes.names)


def propose(job: Job, made: Round, say: Say) -> None:
    """Predict what is wanted, one file an image. An image that cannot be read has none."""
    from maskwright.engine.predict import load

    kinds = {one.id: one.kind for one in read_project(job.labels).classes}
    predict = load(job.folder)
    for at, (id, name) in enumerate(job.predict):
        say("predicting", at / len(job.predict))
        try:
            image = read_image(job.images / name, max_pixels=job.max_pixels)
            found, uncertainty = predicted(predict, image)
        except MaskwrightError:
            continue
        proposals = proposals_of(found, made.classes, kinds)
        value = {"uncertainty": round(uncertainty, 4), "looks": looks_of(image), "proposals": proposals[:MOST_PROPOSED]}
        write_json(job.folder / PROPOSALS / f"{id}.json", value)


def predicted(predict: "Predictor", image: Num[np.ndarray, "h w c"]) -> tuple[Segmentation, float]:
    """What a network finds on an image, and how unsure it is of that, from 0 to 1.

    Of maps: how near to one half the probability of foreground is, summed, a pixel of foreground, u,
    as u / (1 + u). Of objects: how near to one
    half their scores are, on average.
    """
    if predict.task.draws_maps:
        outputs = predict.outputs(image)
        classes, background = len(predict.plan.classes), predict.plan.background
        behind = outputs[0] if background is None else outputs[background]
        sure = outputs[:classes].max(axis=0) if background is None else np.maximum(behind, 1 - behind)
        amount = sure.size if background is None else float((1 - behind).sum()) + FLAT * behind.size
        unsure = float(2 * (1 - sure).sum()) / amount
        return predict.found_in(outputs), unsure / (1 + unsure)
    ranked = predict.ranked(image)
    scores = to_instances(ranked).scores
    scores = scores[scores >= UNSURE]
    unsure = float((1 - np.abs(2 * scores - 1)).mean()) if len(scores) else 0.5  # nothing found may be right or wrong
    return predict.task.confident(ranked), unsure


def proposals_of(found: Segmentation, classes: tuple[int, ...], kinds: Mapping[int, str]) -> list[dict[str, Any]]:
    """Things one by one and each stuff as one region, surest first, with the project's ids of their classes."""
    things = to_instances(found)
    proposed: list[tuple[float, int, Region]] = [
        (float(score), classes[place], region)
        for region, place, score in zip(things.regions, things.class_ids.tolist(), things.scores.tolist(), strict=True)
        if kinds.get(classes[place]) == "thing"
    ]
    if not isinstance(found, Instances):
        ids = to_label_map(found).ids
        for place, id in enumerate(classes):
            if kinds.get(id) == "stuff" and (ids == place).any():
                proposed.append((1.0, id, Region.of_mask(ids == place)))
    made = []
    for score, id, region in sorted(proposed, key=lambda one: -one[0]):
        tight = region.tight()
        if tight.area:
            mask = {"box": list(tight.box_xyxy), "runs": box_runs.text_of(tight)}
            made.append({"class_id": id, "score": round(min(max(score, 0.0), 1.0), 4), **mask})
    return made


class Gate:
    """Lets the work through, or halts it while it is paused; and is where it says how far it is."""

    def __init__(self, words: Callable[[str], Any]) -> None:
        self._words, self._open = words, threading.Event()
        self._open.set()

    def say(self, stage: str, share: float) -> None:
        """Tell how far the work is, and wait while it is paused."""
        self._words(json.dumps({"stage": stage, "share": round(share, 4)}) + "\n")
        self._open.wait()

    def listen(self, lines: Iterable[str], end: Callable[[], Any]) -> None:
        """Obey until there is nobody left who could say anything."""
        for line in lines:
            if line.strip() == "pause":
                self._open.clear()
            elif line.strip() == "go":
                self._open.set()
        end()


def _number(value: float) -> float | None:
    return round(value, 5) if np.isfinite(value) else None


def _be_modest() -> None:
    """Let everything else on the machine go first."""
    process = psutil.Process()
    if sys.platform == "win32":
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        process.nice(max(int(process.nice()), NICE))


def main(path: str) -> None:
    """Do a job; what libraries say to a terminal goes to stderr, since stdout says how far it is."""
    _be_modest()
    words = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    gate = Gate(words.write)
    threading.Thread(target=gate.listen, args=(sys.stdin, lambda: os._exit(1)), daemon=True).start()
    job = Job.read(Path(path))
    try:
        made = learn(job, gate.say)
    except MaskwrightError as error:
        sys.exit(str(error))
    write_round(job.folder, made)
    gate.say("predicting", 0.0)
    propose(job, made, gate.say)


if __name__ == "__main__":
    main(*sys.argv[1:])
