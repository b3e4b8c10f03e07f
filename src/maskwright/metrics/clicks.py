"""A robot that clicks where a mask is most wrong, to the letter of the RITM protocol, and what an object cost it.

The rule is that of RITM's `Clicker` (arXiv:2102.06583; SimpleClick and f-BRS have the same): of the pixels that are missed and
of those that are wrongly marked, the one that lies deepest inside its error is clicked next. The rim of the image counts as an
edge, a tie between both kinds is a negative click, the first in reading order wins, and no pixel is clicked twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy import ndimage

from maskwright.base.errors import DataError
from maskwright.masks.region import Region
from maskwright.metrics.scores import Score, bootstrap_weights, interval

MOST_CLICKS = 20  # an object that is not right by then is a failure and counts as so many
TARGETS = (0.85, 0.90)
AT_LEAST = 5  # clicks that every object gets, so that the IoU after them is that of all objects
IOU_AFTER = (1, 3, 5)


@dataclass(frozen=True)
class Click:
    """Where a person clicked, and whether the object is there or is not."""

    x: int
    y: int
    positive: bool


Answer = Callable[[Sequence[Click]], Bool[np.ndarray, "h w"]]


class Clicker:
    """Says the next click on an object. With an `rng` it is a less exact person: see `next`."""

    def __init__(
        self,
        truth: Bool[np.ndarray, "h w"],
        ignored: Bool[np.ndarray, "h w"] | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self._counted = np.ones(truth.shape, bool) if ignored is None else ~ignored
        self._truth, self._rng = truth, rng
        self._unclicked = np.ones(truth.shape, bool)

    def next(self, prediction: Bool[np.ndarray, "h w"]) -> Click:
        """The middle of the worse error; with an `rng`, a pixel of that error's inner half, likelier the deeper it lies."""
        missed = self._truth & ~prediction & self._counted
        spurious = ~self._truth & prediction & self._counted
        (missed_depth, missed_at), (spurious_depth, spurious_at) = self._deepest(missed), self._deepest(spurious)
        positive = missed_depth > spurious_depth
        y, x = missed_at if positive else spurious_at
        self._unclicked[y, x] = False
        return Click(x, y, positive)

    def _deepest(self, error: Bool[np.ndarray, "h w"]) -> tuple[float, tuple[int, int]]:
        """How deep the deepest pixel lies that was not clicked yet, and where (y, x) a click on this error goes."""
        inside = Region.of_mask(error)  # the transform of the box alone is the same, since outside of it nothing is wrong
        if inside.area == 0:
            return 0.0, (0, 0)
        x0, y0, x1, y1 = inside.box_xyxy
        depth = ndimage.distance_transform_edt(np.pad(inside.pixels, 1))[1:-1, 1:-1] * self._unclicked[y0:y1, x0:x1]
        most = float(depth.max())
        if most == 0:
            return 0.0, (0, 0)
        place = int(depth.argmax())
        if self._rng is not None:
            inner = np.where(depth > most / 2, depth, 0).ravel()
            place = int(self._rng.choice(inner.size, p=inner / inner.sum()))
        row, column = divmod(place, depth.shape[1])
        return most, (y0 + row, x0 + column)


@dataclass(frozen=True)
class Course:
    """What one object cost: its image, and the IoU after each click. It ends early only where it was good enough."""

    image: str
    ious: tuple[float, ...]

    def clicks_to(self, target: float) -> int | None:
        """Clicks until the IoU was at least so much; None where it never was."""
        return next((number for number, iou in enumerate(self.ious, 1) if iou >= target), None)

    def iou_after(self, clicks: int) -> float:
        """The IoU after so many clicks; after more than were needed, the last."""
        return self.ious[min(clicks, len(self.ious)) - 1]


def counted_iou(
    truth: Bool[np.ndarray, "h w"], prediction: Bool[np.ndarray, "h w"], ignored: Bool[np.ndarray, "h w"] | None = None
) -> float:
    """Intersection over union of two masks over the pixels that are not ignored; 1 where both are empty there."""
    union, common = truth | prediction, truth & prediction
    if ignored is not None:
        union, common = union & ~ignored, common & ~ignored
    pixels = int(np.count_nonzero(union))
    return int(np.count_nonzero(common)) / pixels if pixels else 1.0


def click_through(
    answer: Answer,
    truth: Bool[np.ndarray, "h w"],
    ignored: Bool[np.ndarray, "h w"] | None = None,
    *,
    image: str = "",
    most: int = MOST_CLICKS,
    rng: np.random.Generator | None = None,
) -> Course:
    """Click on an object until its mask is right: as right as the highest of `TARGETS`, and `AT_LEAST` so many times.

    `answer` is told all clicks so far. Raises `DataError` where no pixel of the object counts.
    """
    if not (truth & ~ignored if ignored is not None else truth).any():
        raise DataError(f"{image or 'The image'}: an object without a pixel that counts cannot be clicked on.")
    clicker, clicks, ious = Clicker(truth, ignored, rng=rng), list[Click](), list[float]()
    prediction = np.zeros(truth.shape, bool)
    while len(clicks) < most and not (len(clicks) >= AT_LEAST and max(ious) >= max(TARGETS)):
        clicks.append(clicker.next(prediction))
        prediction = answer(clicks)
        ious.append(counted_iou(truth, prediction, ignored))
    return Course(image, tuple(ious))


def click_scores(courses: Sequence[Course], *, draws: int = 1000, seed: int = 0) -> tuple[Score, ...]:
    """What clicking cost, over all objects: clicks to each target, failures, IoU after a few clicks, area under the curve.

    Intervals are by bootstrap over images, since objects of one image are alike. Raises `DataError` where there is no object.
    """
    if not courses:
        raise DataError("No object was clicked on, so there is nothing to score.")
    names = sorted({course.image for course in courses})
    place = {name: index for index, name in enumerate(names)}
    of_image: Int64[np.ndarray, " n"] = np.array([place[course.image] for course in courses])
    weights = bootstrap_weights(len(names), draws=draws, seed=seed)[:, of_image]
    rows = []
    for metric, rule, values in _measures(courses):
        low, high = interval(_means(values, weights)) if len(names) > 1 else (float("nan"), float("nan"))
        rows.append(
            Score(metric=metric, subject="all objects", value=float(values.mean()), low=low, high=high, rule=rule,
                  images=len(names))
        )  # fmt: skip
    return tuple(rows)


def _means(values: Float64[np.ndarray, " n"], weights: Float64[np.ndarray, "draws n"]) -> Float64[np.ndarray, " draws"]:
    return np.asarray(weights @ values / weights.sum(axis=1))


def _measures(courses: Sequence[Course]) -> list[tuple[str, str, Float64[np.ndarray, " n"]]]:
    """Each measure's name, its rule, and its value for every object."""
    measures = []
    for target in TARGETS:
        needed = [course.clicks_to(target) for course in courses]
        measures.append(
            (f"NoC{target:.0%}".rstrip("%"), f"mean clicks to an IoU of {target:.2f}; an object that has not got there after "
             f"{MOST_CLICKS} counts {MOST_CLICKS}",
             np.array([MOST_CLICKS if clicks is None else clicks for clicks in needed], np.float64))
        )  # fmt: skip
        measures.append(
            (f"failures{target:.0%}".rstrip("%"), f"share of objects without an IoU of {target:.2f} after {MOST_CLICKS} clicks",
             np.array([clicks is None for clicks in needed], np.float64))
        )  # fmt: skip
    for clicks in IOU_AFTER:
        values = np.array([course.iou_after(clicks) for course in courses])
        measures.append((f"IoU@{clicks}", f"mean IoU after {clicks} click{'s' if clicks > 1 else ''}", values))
    area = np.array([np.mean([course.iou_after(clicks + 1) for clicks in range(MOST_CLICKS)]) for course in courses])
    rule = f"mean IoU over clicks 1 to {MOST_CLICKS}; where clicking ended, the last IoU stands for the rest"
    return [*measures, ("area", rule, area)]
