"""A run that was scored, as its folder tells it: its scores, its plan, what it was trained on; no torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from maskwright.base.errors import RunError
from maskwright.base.files import read_json
from maskwright.metrics.scores import Scores
from maskwright.report.content import Part

SCORES = "scores.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredRun:
    """A run's scores with what is needed to compare them. `name` is its folder's, unless another run has the same."""

    folder: Path
    name: str
    scores: Scores
    part: Part
    background: int | None
    plan: dict[str, Any]
    trained_on: frozenset[str]  # ids of scored images that the network has seen
    digests: dict[str, str]  # of the mask files when the training began, by record id

    @classmethod
    def read(cls, folder: Path | str, *, name: str = "") -> "ScoredRun":
        """What a folder tells. Raises `RunError` where there is no run, no scores, or something else than these."""
        folder = Path(folder)
        scores, part = load_scores(folder)
        try:
            plan: dict[str, Any] = read_json(folder / "plan.json")
            split = read_json(folder / "split.json")
            trained = [entry for entry in split["parts"].get("train", ()) if part not in ("test", "val") or _is_whole(entry)]
            digests = {id: both.split()[-1] for id, both in read_json(folder / "data.json").items()}
            return cls(
                folder=folder,
                name=name or folder.resolve().name,
                scores=scores,
                part=part,
                background=plan["background"],
                plan=plan,
                trained_on=frozenset(str(entry["id"]) for entry in trained),
                digests=digests,
            )
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise RunError(f"{folder}: plan.json, split.json or data.json is damaged ({error!r}). Restore it.") from error

    @property
    def unit(self) -> Literal["pixels", "objects", "segments"]:
        """What is counted in each image: of classes, of objects, or of panoptic maps."""
        if self.scores.headline.startswith("PQ/"):
            return "segments"
        return "pixels" if self.scores.table else "objects"

    @property
    def counts(self) -> dict[str, dict[str, Any]]:
        """Each scored image's counts by id: of pixels, or of the objects or segments of each class that matched.

        Empty where an older version scored the run and did not keep them.
        """
        key = {"pixels": "pixels", "objects": "matched", "segments": "segments"}[self.unit]
        kept = {str(entry["id"]): entry[key] for entry in self.scores.per_image if key in entry}
        return kept if len(kept) == len(self.scores.per_image) else {}

    def truth(self, id: str) -> list[int]:
        """How many pixels, objects or segments of each class the ground truth of an image has; what is ignored is in none."""
        counts = self.counts[id]
        if self.unit == "pixels":
            return list(counts["truth"])
        nothing = {"hits": 0, "missed": 0}
        of_classes = (counts.get(name, nothing) for name in self.scores.class_names)
        return [round(matched["hits"] + matched["missed"]) for matched in of_classes]

    @property
    def network(self) -> str:
        """The network in the plan's words, with what was set by hand; its kind where the plan has no words for it."""
        said = {str(decision["name"]): str(decision["value"]) for decision in self.plan.get("decisions", ())}
        by_hand = [f"{name.removeprefix('model.')} {value}" for name, value in said.items() if name.startswith("model.")]
        kind = self.plan.get("model", {}).get("kind", "unet")  # plans from before there were several name none
        return ", ".join([said.get("network", kind), *by_hand])


def load_scores(folder: Path) -> tuple[Scores, Part]:
    """A run's last scores and which part they are of. Raises `RunError` where there is no run, or no scores."""
    if not (folder / "plan.json").is_file():
        raise RunError(f"{folder}: no run here (there is no plan.json). Give the folder that 'maskwright train --out' wrote.")
    if not (folder / SCORES).is_file():
        raise RunError(f"{folder}: has not been scored yet. Run: maskwright evaluate {folder}")
    value: dict[str, Any] = read_json(folder / SCORES)
    try:
        return Scores.from_json(value), cast(Part, value.get("part", ""))
    except (KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{folder / SCORES}: is damaged ({error!r}). Run: maskwright evaluate {folder}") from error


def _is_whole(entry: dict[str, Any]) -> bool:
    """Whether all of an image was trained on, and not a block with the rest held out."""
    return entry.get("window_xyxy") is None
