"""The real images on which an exported file is compared with its run."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Num

from maskwright.data.pairing import list_images
from maskwright.data.split import Split
from maskwright.engine.reading import Reading
from maskwright.engine.run import Run
from maskwright.formats.images import read_image

COMPARED = 3


def real_images(run: Path | str, images: Sequence[Path] | None = None) -> list[Num[np.ndarray, "_ _ c"]]:
    """The first images that are given, or else of the run's validation part; of its training part where it has no other.

    Raises `RunError` where neither the run nor anybody says where images lie.
    """
    if images:
        return [read_image(record.image) for record in list_images(list(images))[:COMPARED]]
    opened = Run.open(Path(run))
    data = Reading.of_run(opened.folder).read().for_task(opened.plan.task)
    parts = Split.from_json(opened.split, data)
    part = parts.val or parts.train
    return [part[number].image for number in range(min(COMPARED, len(part)))]
