"""How good an assistant is: every object of a data set clicked on by a robot, with the clicks, the seconds and the scores."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from jaxtyping import Bool

from maskwright.assist.assistant import Assistant, Session
from maskwright.assist.clickable import ClickImage
from maskwright.base.rng import stream
from maskwright.metrics.clicks import Click, Course, click_scores, click_through
from maskwright.metrics.scores import Score


@dataclass(frozen=True)
class Trial:
    """What clicking cost with one assistant and one person: a score of all objects, and what a click and an image took."""

    assistant: str
    person: str
    scores: tuple[Score, ...]
    courses: tuple[Course, ...]
    click_ms: float  # median of all clicks
    slow_click_ms: float  # 95th percentile
    open_ms: float  # median of all images


def try_clicks(
    assistant: Assistant,
    images: Iterable[ClickImage],
    *,
    person: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Trial:
    """Click on every object by the RITM protocol, which always clicks in the middle of an error.

    A `person` is the number of a less exact one, who clicks anywhere in the inner half of it, always alike.
    """
    courses, clicks, opened = list[Course](), list[float](), list[float]()
    for image in images:
        started = time.perf_counter()
        session = assistant.open(image.image)
        opened.append(time.perf_counter() - started)
        for number, each in enumerate(image.objects):
            rng = None if person is None else stream(person, "person", image.id, number)
            truth = each.truth.mask(image.image.shape[:2])
            answer = _answers(session, truth.shape, clicks)
            courses.append(click_through(answer, truth, each.ignored, image=each.image, rng=rng))
            if progress is not None:
                progress(len(courses))
    return Trial(
        assistant=assistant.name,
        person="middle of the error" if person is None else f"person {person + 1}",
        scores=click_scores(courses),
        courses=tuple(courses),
        click_ms=1000 * median(clicks),
        slow_click_ms=1000 * float(np.percentile(clicks, 95)),
        open_ms=1000 * median(opened),
    )


def _answers(
    session: Session, size_hw: tuple[int, int], seconds: list[float]
) -> Callable[[Sequence[Click]], Bool[np.ndarray, "h w"]]:
    """What a session answers to the clicks on one object: its first candidate, given the mask before."""
    previous: list[Bool[np.ndarray, "h w"]] = []

    def answer(clicks: Sequence[Click]) -> Bool[np.ndarray, "h w"]:
        points = np.array([(click.x, click.y) for click in clicks], np.int64).reshape(-1, 2)
        positive = np.array([click.positive for click in clicks], bool)
        started = time.perf_counter()
        candidates = session.mask(points, positive, previous=previous[-1] if previous else None)
        seconds.append(time.perf_counter() - started)
        mask = candidates[0].region.mask(size_hw) if candidates else np.zeros(size_hw, bool)
        previous[:] = [mask]
        return mask

    return answer
