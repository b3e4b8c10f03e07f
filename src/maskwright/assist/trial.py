"""How good an assistant is: every object of a data set clicked on by a robot, with the clicks, the seconds and the scores."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np
from jaxtyping import Bool

from maskwright.assist.assistant import Assistant, Session
from maskwright.assist.clickable import ClickImage
from maskwright.base.rng import stream
from maskwright.metrics.clicks import Click, Course, click_scores, click_through
from maskwright.metrics.scores import Score, without_nan


@dataclass(frozen=True)
class Trial:
    """What clicking cost with one assistant: a score of all objects, and what a click and an image took, in milliseconds.

    Wall times are medians, which another program on the machine makes longer; processor times it does not.
    """

    assistant: str
    who: str
    scores: tuple[Score, ...]
    courses: tuple[Course, ...]
    click_ms: float
    slow_click_ms: float  # 95th percentile
    click_cpu_ms: float
    open_ms: float
    open_cpu_ms: float

    def value(self, metric: str) -> float:
        """One of the scores."""
        return next(score.value for score in self.scores if score.metric == metric)

    def to_json(self) -> dict[str, Any]:
        """A JSON value; NaN becomes null."""
        value: dict[str, Any] = without_nan(asdict(self))
        return value


def try_clicks(assistant: Assistant, images: Callable[[], Iterable[ClickImage]], *, persons: int = 0) -> Trial:
    """Click on every object by the RITM protocol, which always clicks in the middle of an error.

    `persons` is a number of less exact ones instead, who click anywhere in the inner half of an error, each always alike.
    `images` is called once for each, so that they need not be kept.
    """
    courses, clicks, opened = list[Course](), Stopwatch(), Stopwatch()
    for person in range(max(persons, 1)):
        for image in images():
            with opened:
                session = assistant.open(image.image)
            for number, each in enumerate(image.objects):
                rng = stream(person, "person", image.id, number) if persons else None
                truth = each.truth.mask((image.image.shape[0], image.image.shape[1]))
                answer = _answers(session, truth.shape, clicks)
                courses.append(click_through(answer, truth, each.ignored, image=each.image, rng=rng))
    return Trial(
        assistant=assistant.name,
        who=f"{persons} persons" if persons else "middle of the error",
        scores=click_scores(courses),
        courses=tuple(courses),
        click_ms=median(clicks.wall_ms),
        slow_click_ms=float(np.percentile(clicks.wall_ms, 95)),
        click_cpu_ms=median(clicks.cpu_ms),
        open_ms=median(opened.wall_ms),
        open_cpu_ms=median(opened.cpu_ms),
    )


class Stopwatch:
    """Wall and processor milliseconds of each time that a block was run."""

    def __init__(self) -> None:
        self.wall_ms, self.cpu_ms = list[float](), list[float]()
        self._started = (0.0, 0.0)

    def __enter__(self) -> None:
        self._started = (time.perf_counter(), time.process_time())

    def __exit__(self, *failure: object) -> None:
        wall, cpu = self._started
        self.wall_ms.append(1000 * (time.perf_counter() - wall))
        self.cpu_ms.append(1000 * (time.process_time() - cpu))


def _answers(
    session: Session, size_hw: tuple[int, int], watch: Stopwatch
) -> Callable[[Sequence[Click]], Bool[np.ndarray, "h w"]]:
    """What a session answers to the clicks on one object: its first candidate, given the mask before."""
    previous: list[Bool[np.ndarray, "h w"]] = []

    def answer(clicks: Sequence[Click]) -> Bool[np.ndarray, "h w"]:
        points = np.array([(click.x, click.y) for click in clicks], np.int64).reshape(-1, 2)
        positive = np.array([click.positive for click in clicks], bool)
        with watch:
            candidates = session.mask(points, positive, previous=previous[-1] if previous else None)
        mask = candidates[0].region.mask(size_hw) if candidates else np.zeros(size_hw, bool)
        previous[:] = [mask]
        return mask

    return answer
