"""A small scored run to make reports of."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from maskwright.masks.classes import Classes
from maskwright.masks.types import LabelMap
from maskwright.metrics.counts import Counts
from maskwright.metrics.paired import paired_scores
from maskwright.metrics.semantic import score, table_of
from maskwright.report.comparison import ComparedImage, ComparedRun, RunComparison
from maskwright.report.content import Picture, ReportContent, SplitSummary

JOURNAL: tuple[dict[str, Any], ...] = (
    {"event": "start", "step": 0, "steps": 40, "maskwright": "0.1.0", "seconds": 0.1},
    *({"event": "step", "step": n, "loss": 1 / n, "terms": {"ce": 0.4 / n, "dice": 0.6 / n}, "lr": 1e-3} for n in range(1, 31)),
    {"event": "validation", "step": 10, "score": 0.5, "metric": "dice/cell", "classes": {"background": 0.9, "cell": 0.5}},
    {"event": "validation", "step": 20, "score": 0.7, "metric": "dice/cell", "classes": {"background": 0.95, "cell": 0.7}},
    {"event": "note", "step": 25, "message": "Went back to step 20."},
)


def label_maps(names: tuple[str, ...], images: int) -> list[tuple[LabelMap, LabelMap]]:
    """Ground truth and prediction; the later the image, the fewer the errors."""
    classes, rng = Classes.named(*names), np.random.default_rng(0)
    pairs = []
    for number in range(images):
        truth = rng.integers(0, len(names), (24, 32)).astype(np.uint16)
        wrong = rng.random(truth.shape) < 0.5 * (images - number) / images
        pairs.append((LabelMap(truth, classes), LabelMap(np.where(wrong, 0, truth).astype(np.uint16), classes)))
    return pairs


@pytest.fixture
def make_report() -> Callable[..., ReportContent]:
    """Builds a report of random images, with the class names, ids and other contents given."""

    def make(
        *, names: tuple[str, ...] = ("background", "cell"), ids: tuple[str, ...] = ("a", "b", "c"), **changes: Any
    ) -> ReportContent:
        pairs = label_maps(names, len(ids))
        background = pairs[0][0].classes.background
        tables = [table_of(truth, found, id=id) for id, (truth, found) in zip(ids, pairs, strict=True)]
        scores = score(tables, ids, pairs[0][0].classes, background=background, draws=50)
        image = np.random.default_rng(1).integers(0, 256, (24, 32, 3)).astype(np.uint8)
        values = {entry["id"]: entry["score"] for entry in scores.per_image}
        pictures = tuple(
            Picture(id=id, image=image, ground_truth=truth, prediction=found, score=values[id])
            for id, (truth, found) in zip(ids, pairs, strict=True)
        )
        content: dict[str, Any] = {
            "title": "Cells",
            "scores": scores,
            "background": background,
            "pictures": pictures,
            "part": "test",
            "split": SplitSummary(method="images", statement="Whole images were held out.", images={"train": 9, "test": 3}),
            "plan": {"decisions": [{"name": "crop", "value": [64, 64], "why": "twice the largest object"}]},
            "journal": JOURNAL,
            "environment": {"python": "3.12", "cores": 2},
            "reproduce": ("maskwright train cells --out runs/cells",),
        }
        return ReportContent(**(content | changes))

    return make


@pytest.fixture
def make_comparison() -> Callable[..., RunComparison]:
    """Builds a comparison of runs whose found share of the cells is given: `make_comparison({"a": 0.5, "b": 0.6})`."""

    def make(
        runs: dict[str, float], *, names: tuple[str, ...] = ("background", "cell"), images: int = 12, **changes: Any
    ) -> RunComparison:
        rng = np.random.default_rng(0)
        hard = rng.uniform(-0.2, 0.2, (images, 1))  # for every run alike
        truth = rng.integers(100, 200, (images, len(names))).astype(float)
        counts = [Counts(np.floor(truth * np.clip(found + hard, 0, 1)), truth, truth) for found in runs.values()]
        rows = paired_scores(counts, Classes.named(*names), background=0, draws=100)
        compared = tuple(
            ComparedRun(name=name, model=f"U-Net {name}", weights=1_940_000, steps=20, planned=20, seconds=90.0, scores=scores)
            for name, scores in zip(runs, rows, strict=True)
        )
        values = np.stack([one.dice[:, 1] for one in counts], axis=1).tolist()
        content: dict[str, Any] = {
            "runs": compared,
            "metric": "dice",
            "subject": names[1],
            "rule": "2 x hits / both",
            "class_names": names,
            "images": tuple(ComparedImage(id=f"image {n}", values=each) for n, each in enumerate(values)),
        }
        return RunComparison(**(content | changes))

    return make
