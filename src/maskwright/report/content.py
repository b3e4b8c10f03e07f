"""What a report page is made from: scores and pictures always, and what a run adds where there was one."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from maskwright.data.findings import Finding
from maskwright.masks.types import Segmentation
from maskwright.metrics.scores import Scores

Part = Literal["train", "val", "test", ""]


@dataclass(frozen=True, kw_only=True)
class SplitSummary:
    """How the data were divided: the method, what that can and cannot show, and the images in each part."""

    method: str
    statement: str
    images: dict[str, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """One scored image, ready to be shown: `masks.draw.to_display` makes such an image of any other."""

    id: str
    image: UInt8[np.ndarray, "h w 3"]
    ground_truth: Segmentation
    prediction: Segmentation
    score: float  # the headline metric on this image alone; NaN where nothing can be measured


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportContent:
    """Everything on the page. What is None or empty has no section, so two folders of masks can be reported without a run.

    `part` is what was scored: the page warns where it is no test part. `plan` is the content of `plan.json`, `journal` the
    entries of `journal.jsonl`; where a resumed run wrote a step twice, the later entry counts.
    """

    title: str
    scores: Scores
    part: Part = ""
    background: int | None = 0  # the class that is no mistake to leave unpainted; None where every class is real
    pictures: tuple[Picture, ...] = ()
    split: SplitSummary | None = None
    findings: tuple[Finding, ...] = ()
    plan: dict[str, Any] | None = None
    journal: tuple[dict[str, Any], ...] = ()
    environment: dict[str, Any] = field(default_factory=dict)
    reproduce: tuple[str, ...] = ()
