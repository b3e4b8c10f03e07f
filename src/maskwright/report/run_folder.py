"""A run's folder as the content of its report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from maskwright.base.files import read_json
from maskwright.base.journal import Journal
from maskwright.data.findings import Finding
from maskwright.metrics.scores import Scores
from maskwright.report.content import Part, Picture, ReportContent, SplitSummary

NO_ENVIRONMENT = frozenset({"event", "step", "steps", "seconds"})  # of a start entry


class HasFolder(Protocol):
    """A run, as `engine.run.Run` is one."""

    folder: Path


def read_run(
    folder: Path,
    scores: Scores | None = None,
    *,
    part: Part = "val",
    pictures: Sequence[Picture] = (),
    findings: Sequence[Finding] = (),
    reproduce: Sequence[str] = (),
) -> ReportContent:
    """What a run folder tells, with these scores or those of its scores.json. Raises `MaskwrightError` where a file lacks."""
    folder = Path(folder)
    plan = read_json(folder / "plan.json")
    journal = Journal(folder / "journal.jsonl").read()
    return ReportContent(
        title=folder.resolve().name,
        scores=scores or Scores.from_json(read_json(folder / "scores.json")),
        part=part,
        background=plan.get("background"),
        pictures=tuple(pictures),
        split=_split(folder / "split.json"),
        findings=tuple(findings),
        plan=plan,
        journal=tuple(journal),
        environment=_environment(folder / "environment.json", journal),
        reproduce=tuple(reproduce),
    )


def _split(path: Path) -> SplitSummary:
    split = read_json(path)
    images = {part: len({record["id"] for record in records}) for part, records in split["parts"].items()}
    return SplitSummary(method=split["method"], statement=split["statement"], images=images)


def _environment(path: Path, journal: list[dict[str, Any]]) -> dict[str, Any]:
    """Of environment.json, or else what the last start of the training noted."""
    if path.exists():
        return dict(read_json(path))
    starts = [entry for entry in journal if entry.get("event") == "start"]
    return {key: value for key, value in starts[-1].items() if key not in NO_ENVIRONMENT} if starts else {}
