"""Scores of predictions against ground truth."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from jaxtyping import Num

from maskwright.base.errors import DataError
from maskwright.data.dataset import DataSet
from maskwright.masks.types import Segmentation
from maskwright.metrics.scores import Scores
from maskwright.plan.plan import Plan
from maskwright.sampling.samples import Samples
from maskwright.tasks.task import Task

Progress = Callable[[int, int], None]


class Predicts(Protocol):
    """A network made ready: it knows its plan and its task, and turns images into segmentations.

    `ranked` gives every object however unsure, where a call gives those that are sure enough to be shown.
    """

    plan: Plan
    task: Task

    def __call__(self, image: Num[np.ndarray, "h w c"], /) -> Segmentation: ...
    def ranked(self, image: Num[np.ndarray, "h w c"], /) -> Segmentation: ...


def evaluate(predict: Predicts, data: Samples, *, progress: Progress | None = None) -> Scores:
    """Predict every sample and score it against its ground truth. Raises `DataError` where a sample has none."""
    ids, tallies = tally(predict, data, progress=progress)
    return predict.task.scores(ids, tallies)


def tally(predict: Predicts, data: Samples, *, progress: Progress | None = None) -> tuple[list[str], list[Any]]:
    """The samples' ids, and what each adds to the scores: for label maps, its class table. Raises `DataError` as above."""
    task = predict.task
    if isinstance(data, DataSet):
        data = data.for_task(predict.plan.task)
    ids, tallies = [], []
    for number in range(len(data)):
        sample = data[number]
        if sample.segmentation is None:
            raise DataError(f"{sample.id}: no mask to score against. Leave this image out, or draw its mask.")
        tallies.append(task.tally(sample.id, sample.segmentation, predict.ranked(sample.image)))
        ids.append(sample.id)
        if progress is not None:
            progress(number + 1, len(data))
    if not ids:
        raise DataError("There are no images to score.")
    return ids, tallies
