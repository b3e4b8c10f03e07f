"""Objects drawn as boxes and maps drawn as rows of ids, which the tests of scores share."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, Panoptic, Segment

Box = tuple[int, int, int, int]


@pytest.fixture
def boxes() -> Callable[..., Instances]:
    """Objects that fill their half-open boxes (x0, y0, x1, y1), of class 1 unless said otherwise, on 20 x 20 pixels."""

    def make(
        *drawn: Box,
        of: Sequence[int] | None = None,
        scores: Sequence[float] | None = None,
        crowds: Sequence[int] = (),
        ignored: Box | None = None,
        names: Sequence[str] = ("background", "cell"),
        size_hw: tuple[int, int] = (20, 20),
    ) -> Instances:
        left_out = None
        if ignored is not None:
            left_out = np.zeros(size_hw, bool)
            left_out[ignored[1] : ignored[3], ignored[0] : ignored[2]] = True
        return Instances(
            size_hw=size_hw,
            regions=tuple(Region(box, np.ones((box[3] - box[1], box[2] - box[0]), bool)) for box in drawn),
            class_ids=np.array(of if of is not None else [1] * len(drawn), np.int64),
            scores=np.array(scores if scores is not None else [1.0] * len(drawn), np.float64),
            is_crowd=np.isin(np.arange(len(drawn)), crowds),
            classes=Classes.named(*names),
            ignored=left_out,
        )

    return make


STREET = Classes.named("car", "bus", "road", things=["car", "bus"])


@pytest.fixture
def panoptic() -> Callable[..., Panoptic]:
    """A panoptic map from rows of ids and the class of each id; of two kinds of thing and a kind of stuff unless said."""

    def make(rows: Any, of: dict[int, int], *, crowds: Sequence[int] = (), classes: Classes = STREET) -> Panoptic:
        segments = tuple(Segment(id, class_id, is_crowd=id in crowds) for id, class_id in of.items())
        return Panoptic(np.array(rows, np.int32), segments, classes)

    return make
