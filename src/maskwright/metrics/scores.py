"""Score rows: a number, its interval, and the rule that made it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from maskwright.base.rng import stream

FEW_IMAGES = 5  # below this many the bootstrap draws the same few images again and again


@dataclass(frozen=True, kw_only=True)
class Score:
    """One number that says what it means.

    `value` is NaN where nothing can be measured (the class occurs in neither ground truth nor prediction). `low` and `high`
    bound it at 95 % by bootstrap over images, NaN with fewer than two images. `baseline` is what the same rule gives to a
    prediction that knows nothing: one class everywhere (see `Scores.baseline`).
    """

    metric: str
    subject: str  # a class name, or what several classes are taken for, such as 'foreground mean' or 'all objects'
    value: float
    low: float = float("nan")
    high: float = float("nan")
    baseline: float = float("nan")
    rule: str
    images: int
    detail: bool = False  # one of many that say nearly the same; tables may leave it out


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All scores of one comparison, what warns about them, the pooled class table, and each image's own values, worst first."""

    rows: tuple[Score, ...]
    warnings: tuple[str, ...]
    class_names: tuple[str, ...]
    table: tuple[tuple[int, ...], ...]  # (k, k + 1): pixels per (ground truth, prediction); empty where objects were scored
    per_image: tuple[dict[str, Any], ...]  # {"id": ..., "dice": {class name: value or None}, "pixels": ..., ...}
    headline: str  # the metric and subject that stand for the rest, such as 'dice/foreground mean'
    baseline: str = ""  # the prediction behind every row's baseline, in words
    things: tuple[str, ...] = ()  # the classes of things, where the segments of panoptic maps were scored

    def row(self, metric: str, subject: str) -> Score:
        """The row of one metric and subject; KeyError where there is none."""
        for row in self.rows:
            if (row.metric, row.subject) == (metric, subject):
                return row
        raise KeyError(f"{metric}/{subject}")

    @property
    def headline_row(self) -> Score:
        metric, subject = self.headline.split("/", 1)
        return self.row(metric, subject)

    def to_json(self) -> dict[str, Any]:
        """A JSON value; NaN becomes null."""
        return {key: without_nan(item) for key, item in asdict(self).items()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Scores":
        """The inverse of `to_json`."""
        rows: list[dict[str, Any]] = [{k: float("nan") if v is None else v for k, v in row.items()} for row in value["rows"]]
        return cls(
            rows=tuple(Score(**row) for row in rows),
            warnings=tuple(value["warnings"]),
            class_names=tuple(value["class_names"]),
            table=tuple(tuple(row) for row in value["table"]),
            per_image=tuple(value["per_image"]),
            headline=value["headline"],
            baseline=value.get("baseline", ""),
            things=tuple(value.get("things", ())),
        )


def bootstrap_weights(images: int, *, draws: int = 1000, seed: int = 0) -> Float64[np.ndarray, "draws images"]:
    """How often each image is drawn in each resample (with replacement); rows sum to the number of images."""
    return stream(seed, "bootstrap").multinomial(images, np.full(images, 1 / images), size=draws).astype(np.float64)


def interval(resampled: Float64[np.ndarray, " draws"]) -> tuple[float, float]:
    """The 95 % percentile interval of resampled values; NaN draws are left out, and NaN is returned when all are NaN."""
    values = resampled[~np.isnan(resampled)]
    if len(values) == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def too_few(images: int) -> tuple[str, ...]:
    """The warning that so many images cannot say how sure their scores are; none where there are enough."""
    if images == 1:
        return ("Only one image was scored: there is no interval, and other images may score quite differently.",)
    if images < FEW_IMAGES:
        return (f"Only {images} images were scored: the intervals are unreliable, most likely too narrow.",)
    return ()


def without_nan(value: Any) -> Any:
    """The value with every NaN in it as None, for JSON has no such number."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and np.isnan(value) else value
