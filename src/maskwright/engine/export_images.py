"""The real images on which an exported file is compared with its run, and quantised."""

from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np
from jaxtyping import Num

from maskwright.base.errors import RunError
from maskwright.data.dataset import DataSet
from maskwright.data.pairing import list_images
from maskwright.data.split import Split
from maskwright.engine.reading import Reading
from maskwright.engine.run import Run
from maskwright.engine.runtimes.int8 import MOST_DROP, Quantization
from maskwright.formats.images import read_image

COMPARED = 3
SCORED, PIXELS = 100, 20_000_000  # of the validation part, by which 8-bit networks are judged: each whole, and twice


def real_images(run: Path | str, images: Sequence[Path] | None = None) -> list[Num[np.ndarray, "_ _ c"]]:
    """The first images that are given, or else of the run's validation part; of its training part where it has no other.

    Raises `RunError` where neither the run nor anybody says where images lie.
    """
    if images:
        return [read_image(record.image) for record in list_images(list(images))[:COMPARED]]
    parts = _parts(run)
    part = parts.val or parts.train
    return [part[number].image for number in range(min(COMPARED, len(part)))]


def quantization(run: Path | str, most_drop: float = MOST_DROP) -> Quantization:
    """The parts of a run's data that 8-bit networks need. Raises `RunError` where they are not there."""
    parts = _parts(run)
    if parts.val is None:
        raise RunError(f"{run}: has no validation part, so that nobody knows what 8-bit integers cost. Leave out --int8.")
    return Quantization(parts.train, _scored(parts.val), most_drop)


def _scored(val: DataSet) -> DataSet:
    """Any images of the validation part, as many as have so few pixels together; at least one."""
    order = np.random.default_rng(0).permutation(len(val))[:SCORED].tolist()
    pixels = np.cumsum([prod(val.size_hw(place)) for place in order])
    chosen = order[: max(int((pixels <= PIXELS).sum()), 1)]
    return val.with_records([val.records[place] for place in sorted(chosen)])


def _parts(run: Path | str) -> Split:
    opened = Run.open(Path(run))
    data = Reading.of_run(opened.folder).read().for_task(opened.plan.task)
    return Split.from_json(opened.split, data)
