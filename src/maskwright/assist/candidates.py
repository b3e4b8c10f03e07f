"""Candidates put in order: the best first, none twice, and how many clicks a mask does not follow."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int64

from maskwright.assist.assistant import Candidate
from maskwright.masks.region import Region, iou

ALIKE = 0.95  # IoU from which on two candidates are one
SHOWN = 6


def best(candidates: Sequence[Candidate], *, most: int = SHOWN, alike: float = ALIKE) -> list[Candidate]:
    """The best candidates, each unlike those before it, their scores brought to 0 to 1."""
    chosen: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda each: -each.score):
        if len(chosen) == most:
            break
        if not chosen or iou([candidate.region], [each.region for each in chosen]).max() < alike:
            chosen.append(candidate)
    return [Candidate(each.region, float(np.clip(each.score, 0, 1)), each.name) for each in chosen]


def disobeyed(region: Region, clicks_xy: Int64[np.ndarray, "n 2"], positive: Bool[np.ndarray, " n"]) -> int:
    """How many places that were clicked a mask has wrong; where both kinds of click fell, the last one holds."""
    said = dict(zip(map(tuple, clicks_xy.tolist()), positive.tolist(), strict=True))
    places, wanted = np.array(list(said), np.int64).reshape(-1, 2), np.array(list(said.values()), bool)
    x0, y0, x1, y1 = region.box_xyxy
    inside = ((places >= (x0, y0)) & (places < (x1, y1))).all(axis=1)
    covered = np.zeros(len(places), bool)
    covered[inside] = region.pixels[places[inside, 1] - y0, places[inside, 0] - x0]
    return int(np.count_nonzero(covered != wanted))
