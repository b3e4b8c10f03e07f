"""Starting from a run instead of from chance: its network and how it saw images stay, its weights are where training begins."""

from dataclasses import dataclass, replace
from pathlib import Path

from maskwright.base.errors import PlanError
from maskwright.base.files import read_json
from maskwright.plan.plan import Decision, Plan, TaskName
from maskwright.plan.rules import Choice, adamw, shrunk

WEIGHTS = "best.safetensors"  # of a run


@dataclass(frozen=True)
class Start:
    """A run that a training starts from, by its folder and its plan."""

    folder: Path
    plan: Plan

    @classmethod
    def of(cls, run: Path | str) -> "Start":
        """Raises `PlanError` where there is no run, or none that has weights yet."""
        folder = Path(run)
        if not (folder / "plan.json").is_file():
            raise PlanError(
                f"{folder}: no run here (there is no plan.json). Give the folder that 'maskwright train --out' wrote."
            )
        if not (folder / WEIGHTS).is_file():
            raise PlanError(f"{folder}: this run has no {WEIGHTS} yet. Let it train until its first validation.")
        path = folder / "plan.json"
        return cls(folder, Plan.from_json(read_json(path), source=str(path)))

    def require_fit(self, *, task: TaskName, channels: int, classes: int, asked: bool) -> None:
        """Raises `PlanError` where weights of this run cannot be those of the network that is wanted.

        asked: whether a person named a network, which the run decides.
        """
        if asked:
            raise PlanError(
                f"{self.folder}: the run says which network it is. Leave out --model, --encoder and --encoder-weights, "
                "or leave out --start-from."
            )
        own = self.plan
        pairs = (("task", own.task, task), ("channels", own.channels, channels), ("classes", len(own.classes), classes))
        wrong = [f"{name} {theirs} instead of {ours}" for name, theirs, ours in pairs if theirs != ours]
        if wrong:
            raise PlanError(
                f"{self.folder}: its network was trained for {', '.join(wrong)}, so its weights do not fit these data. "
                "Start from a run of the same task, with as many channels and classes."
            )

    @property
    def shrunk(self) -> tuple[int, Choice | None]:
        """How many times smaller the network was shown images, and why it is still."""
        return shrunk(self.plan.shrink, "The network knows images so.")

    def begun(self, draft: Plan) -> Plan:
        """The draft with this run's network, its view of images and its care for the encoder, to start from its weights."""
        own = self.plan
        why = f"That of {self.folder}, whose weights are where this training starts."
        decisions = [each for each in draft.decisions if each.name not in ("network", "normalization", "optimizer")]
        theirs = {each.name: each.value for each in own.decisions}
        optimizer, (rates, why_so) = adamw(
            draft.optimizer.learning_rate, "As fast as new weights would learn, the encoder by as much of that as in that run.",
            encoder_rate=own.optimizer.encoder_rate,
        )  # fmt: skip
        decisions += [
            Decision(name="optimizer", value=rates, why=why_so),
            Decision(name="network", value=own.model.title, why=why),
            Decision(
                name="normalization",
                value=theirs.get("normalization", own.normalization.kind),
                why="The network knows images so.",
            ),
        ]
        return replace(
            draft,
            model=own.model,
            encoder_weights=None,
            start_from=self.folder.absolute().as_posix(),
            normalization=own.normalization,
            optimizer=optimizer,
            decisions=tuple(decisions),
        )
