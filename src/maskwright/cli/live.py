"""A training as it goes: a bar on a live terminal, a line for each validation elsewhere."""

import math
from types import TracebackType
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from maskwright.cli.terminal import OUT, is_live, say
from maskwright.report.words import duration, number, title_of

MEMORY = 0.9  # of the running mean of the loss that is shown, since single batches jump


class Training:
    """Listens to a training's journal while it is written, and shows it."""

    def __init__(self) -> None:
        self.loss = self.score = self.best = math.nan
        self.metric = ""
        self.began_at: tuple[int, float] | None = None
        self.steps = 0
        self.progress = Progress(
            TextColumn("  Step"), MofNCompleteColumn(), BarColumn(bar_width=None), TextColumn("{task.description}"),
            console=OUT, expand=True, transient=True,
        )  # fmt: skip
        self.task = self.progress.add_task("", total=None)
        self.live = is_live()

    def __enter__(self) -> "Training":
        if self.live:
            self.progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.progress.stop()

    def listen(self, entry: dict[str, Any]) -> None:
        """Take a journal entry and show what it changes."""
        step, seconds = int(entry.get("step", 0)), float(entry.get("seconds", math.nan))
        match entry["event"]:
            case "start":
                self.steps, self.began_at = int(entry["steps"]), (step, seconds)
                if step:
                    say(f"Goes on from step {step} of {self.steps}.", indent=2)
            case "step":
                self.loss = entry["loss"] if math.isnan(self.loss) else MEMORY * self.loss + (1 - MEMORY) * entry["loss"]
            case "validation" if entry["score"] is not None:
                self.metric, self.score = title_of(str(entry["metric"]).split("/")[0]), float(entry["score"])
                self.best = self.score if math.isnan(self.best) else max(self.best, self.score)
            case "note":
                say(f"note: {entry['message']}", style="yellow", indent=2)
            case "end":
                say(f"{step} steps in {duration(seconds)}{self._best()}.", indent=2)
                return
        self.progress.update(self.task, completed=step, total=self.steps, description=self._words(step, seconds))
        if not self.live and entry["event"] == "validation":
            say(f"step {step} of {self.steps}  {self._words(step, seconds)}", indent=2)

    def _words(self, step: int, seconds: float) -> str:
        """Loss, score, and the time that is left."""
        words = [] if math.isnan(self.loss) else [f"loss {number(self.loss)}"]
        if not math.isnan(self.score):
            words.append(f"{self.metric} {number(self.score)} (best {number(self.best)})")
        if self.began_at is not None and step > self.began_at[0]:
            left = (seconds - self.began_at[1]) / (step - self.began_at[0]) * (self.steps - step)
            words.append(f"{duration(left)} left")
        return "  ".join(words)

    def _best(self) -> str:
        return "" if math.isnan(self.best) else f"; the best {self.metric} in validation was {number(self.best)}"
