"""Slices of a stack and frames of a movie: recognised by likeness to the next image, held out as runs of neighbours."""

from collections.abc import Iterable, Sequence

import numpy as np

from maskwright.base.files import natural_key
from maskwright.data.dataset import DataSet
from maskwright.data.duplicates import look
from maskwright.data.groups import Grouping, joined
from maskwright.data.record import Record

PLACES = 24  # where neighbours are compared, spread evenly
LIKE = 0.2  # the fine structure of neighbours correlates by more than this over that of strangers: 0.5 in a stack, else about 0


def is_series(data: DataSet) -> bool:
    """Whether images of consecutive names resemble each other clearly more than images of distant names."""
    order = _order(data.records)
    count = len(order)
    neighbours, strangers = [], []
    for place in np.unique(np.linspace(0, count - 2, min(count - 1, PLACES)).round().astype(int)).tolist():
        here, after, far = (look(data[order[i % count]].image).detail for i in (place, place + 1, place + count // 2))
        neighbours.append(float(here @ after))
        strangers.append(float(here @ far))
    return float(np.median(neighbours)) > LIKE + max(0.0, float(np.median(strangers)))


def group_runs(records: Sequence[Record], fraction: float, together: Iterable[Sequence[str]]) -> Grouping:
    """Cut the series into runs that have about the fraction of the images, each one a group named by its ends."""
    order = _order(records)
    names = [""] * len(records)
    for run in np.array_split(np.array(order), min(max(2, round(1 / fraction)), len(records))):
        for i in run.tolist():
            names[i] = f"{records[run[0]].id} to {records[run[-1]].id}"
    return joined("runs", names, records, together)


def _order(records: Sequence[Record]) -> list[int]:
    """Places of the records by name, 2 before 10."""
    return sorted(range(len(records)), key=lambda i: natural_key(records[i].id))
