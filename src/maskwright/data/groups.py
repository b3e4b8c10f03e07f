"""Which images belong together and must stay on one side of a split, and which of the groups to hold out."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from maskwright.data.dataset import grouped
from maskwright.data.planes import kept_together
from maskwright.data.record import Record

TRIES = 64  # random choices of groups, of which the best balanced is taken
FEWEST_STEMS = (
    5  # fewer kinds of names may well be the kinds of things to tell apart: 'normal (1)', 'benign (1)', 'malignant (1)'
)
STEM = re.compile(r"(.*[^\W_].*?)[ _.(-]+[A-Za-z]{0,5}\d+\)?$")  # 'slide3_tile07' -> 'slide3'


@dataclass(frozen=True)
class Grouping:
    """The group of every image: `units` numbers them from 0.

    kind: "asked", "groups", "stems", "runs", "planes" (runs of a single stack), or "images" for none.
    """

    kind: str
    units: Int64[np.ndarray, " n"]
    names: tuple[str, ...]

    @property
    def count(self) -> int:
        return int(self.units.max(initial=-1)) + 1


def group(records: Sequence[Record], group_by: str | None, together: Iterable[Sequence[str]]) -> Grouping:
    """Group images by a regular expression on their ids, else by the groups they have, else by the stems of their names.

    The expression's first bracket (or all that it matches) names the group; "" makes every image its own. Names such as
    'slide3_tile07' have stems; they count as groups where there are enough. `together` lists ids that stay on one side.
    """
    kind, names = _named(records, group_by)
    return joined(kind, names, records, together)


def joined(kind: str, names: Sequence[str], records: Sequence[Record], together: Iterable[Sequence[str]]) -> Grouping:
    """Images with one name in one unit, and units that share images which belong together made one."""
    index = {record.id: i for i, record in enumerate(records)}
    first_of: dict[str, int] = {}
    pairs = [(i, first_of.setdefault(name, i)) for i, name in enumerate(names)]
    for ids in together:
        known = [index[one] for one in ids if one in index]
        pairs += [(known[0], other) for other in known[1:]]
    rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
    links = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(len(records),) * 2)
    return Grouping(kind, connected_components(links, directed=False)[1].astype(np.int64), tuple(names))


def _named(records: Sequence[Record], group_by: str | None) -> tuple[str, list[str]]:
    """How the images were grouped, and the name of each one's group."""
    ids = [record.id for record in records]
    if group_by == "":
        return "images", ids
    if group_by is not None:
        return "asked", [record.group for record in grouped(records, group_by)]
    groups = kept_together(records)
    if len(set(groups)) > 1:
        return "groups", groups
    stems = [match[1] if (match := STEM.match(one)) else one for one in ids]
    shared = sum(stems.count(stem) > 1 for stem in set(stems)) if len(set(stems)) < len(ids) else 0
    if shared and len(set(stems)) >= FEWEST_STEMS:
        return "stems", stems
    return "images", ids


def hold_out(
    units: Int64[np.ndarray, " n"], present: Bool[np.ndarray, "n k"], fraction: float, rng: np.random.Generator
) -> Bool[np.ndarray, " n"]:
    """Mark the images of the groups to hold out: about the fraction of the images, with every class on both sides if possible.

    Of `TRIES` random choices the best is taken: not too large, no class missing from a side, then by the size, then by the
    share of images that show each class. Needs two groups.
    """
    count = int(units.max()) + 1
    sizes = np.bincount(units, minlength=count)
    shows = np.zeros((count, present.shape[1]), np.int64)
    np.add.at(shows, units, present.astype(np.int64))
    target = fraction * len(units)
    largest = max(2 * target, int(sizes.min()))  # more is not held out for the sake of the classes
    best: tuple[tuple[float, ...], Int64[np.ndarray, " m"]] | None = None
    for _ in range(TRIES):
        order = rng.permutation(count)
        held = 1 + int(np.abs(np.cumsum(sizes[order])[:-1] - target).argmin())
        chosen = order[:held]
        inside, total = shows[chosen].sum(axis=0), shows.sum(axis=0)
        size = int(sizes[chosen].sum())
        missing = ((total > 0) & ((inside == 0) | (inside == total))).sum()
        untrained = ((total > 0) & (inside == total)).sum()
        unlike = np.abs(inside / size - total / len(units)).sum()
        rank = (size > largest, float(missing + untrained), abs(size - target), float(unlike))
        if best is None or rank < best[0]:
            best = (rank, chosen)
    assert best is not None
    return np.isin(units, best[1])
