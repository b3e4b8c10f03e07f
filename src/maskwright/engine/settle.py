"""What is settled after training, on validation images: thresholds that no gradient reaches."""

from typing import Any

from maskwright.base.files import write_json
from maskwright.data.dataset import DataSet
from maskwright.engine.predict import load
from maskwright.engine.run import Run
from maskwright.masks.types import Segmentation
from maskwright.tasks import task_of

MEGAPIXELS = 4.0  # of validation images, at most and at least one image: every threshold is tried on all of them


def settle(run: Run, val: DataSet | None, *, device: str = "auto") -> None:
    """Let the run's task settle its thresholds with the best weights, and keep them in the run's folder."""
    if val is None or not task_of(run.plan).settles:
        return
    predict = load(run.folder, device=device, images=val.files)
    images: list[tuple[Any, Segmentation]] = []
    megapixels = 0.0
    for sample in val:
        if sample.segmentation is None:
            continue
        megapixels += sample.image.shape[0] * sample.image.shape[1] / 1e6
        if images and megapixels > MEGAPIXELS:
            break
        images.append((predict.said(sample.image), sample.segmentation))
    if images:
        write_json(run.settled_path, predict.task.settle(images))
