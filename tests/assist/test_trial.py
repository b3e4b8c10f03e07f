"""An assistant clicked through a data set."""

from collections.abc import Sequence

import numpy as np

from maskwright.assist.assistant import Candidate
from maskwright.assist.clickable import Clickable, ClickImage
from maskwright.assist.trial import try_clicks
from maskwright.masks.region import Region

TRUTH = np.zeros((20, 30), bool)
TRUTH[4:12, 6:20] = True
IMAGES = [
    ClickImage(name, np.zeros((20, 30, 3), np.uint8), (Clickable(name, Region.of_mask(TRUTH), None),)) for name in ("a", "b")
]


class Oracle:
    """Knows the object, or says nothing."""

    name, learns = "oracle", False

    def __init__(self, knows: bool) -> None:
        self.knows, self.clicks = knows, []

    def open(self, image):
        return self

    def learn(self, image, regions: Sequence[Region]) -> None:
        pass

    def propose(self):
        return []

    def mask(self, clicks_xy, positive, box_xyxy=None, previous=None):
        self.clicks.append((clicks_xy.tolist(), previous is not None))
        return [Candidate(Region.of_mask(TRUTH), 1.0, self.name)] if self.knows else []


def test_who_knows_needs_one_click():
    oracle = Oracle(knows=True)
    trial = try_clicks(oracle, lambda: IMAGES)
    assert (trial.value("NoC85"), trial.value("NoC90"), trial.value("failures90")) == (1, 1, 0)
    assert trial.who == "middle of the error"
    assert oracle.clicks[0] == ([[9, 7]], False)
    assert oracle.clicks[1][1], "the mask before is handed on"


def test_who_says_nothing_fails_everywhere():
    trial = try_clicks(Oracle(knows=False), lambda: IMAGES)
    assert (trial.value("NoC90"), trial.value("failures90"), trial.value("IoU@5")) == (20, 1, 0)


def test_persons_click_elsewhere_each_in_a_way_of_their_own():
    oracle = Oracle(knows=True)
    trial = try_clicks(oracle, lambda: IMAGES, persons=3)
    assert len(trial.courses) == 6
    assert trial.who == "3 persons"
    assert len({str(clicks) for clicks, _ in oracle.clicks if len(clicks) == 1}) > 2


def test_it_can_be_written():
    value = try_clicks(Oracle(knows=True), lambda: IMAGES).to_json()
    assert {"assistant", "scores", "courses", "click_ms", "click_cpu_ms", "open_ms"} <= value.keys()
