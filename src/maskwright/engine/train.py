"""The training loop, from a plan to weights."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from maskwright.base.errors import DataError, Interrupted, MaskwrightError, RunError, TrainingError
from maskwright.base.rng import stream
from maskwright.data.dataset import DataSet
from maskwright.data.split import Split
from maskwright.engine.environment import environment
from maskwright.engine.evaluate import evaluate
from maskwright.engine.fabric import open_fabric
from maskwright.engine.manifest import differences, manifest
from maskwright.engine.predict import Predictor
from maskwright.engine.ranks import ALONE, Ranks
from maskwright.engine.run import Run
from maskwright.engine.settle import settle
from maskwright.engine.signals import stop_on_signals
from maskwright.engine.start import start_network, with_past
from maskwright.engine.state import TrainingState
from maskwright.engine.weights import save_weights
from maskwright.nn.device import is_out_of_memory, keep_memory
from maskwright.nn.ranks import synchronise
from maskwright.plan.objective import batches_of, build_network
from maskwright.plan.plan import Plan
from maskwright.sampling.batches import Batch, prefetch
from maskwright.sampling.samples import PreparedSamples
from maskwright.tasks import task_of

Listen = Callable[[dict[str, Any]], None]

CHECKPOINT_SECONDS = 2.0  # between checkpoints at least; what a kill can cost
CHECKPOINT_SHARE = 0.03  # of the time that saving may take, where networks are large and disks slow
JOURNAL_ENTRIES = 500  # losses in a whole journal, whatever the number of steps


class NotANumberError(ArithmeticError):
    """A loss or a gradient that is NaN or infinite; the message names the images of the batch."""


def train(
    plan: Plan,
    train: DataSet,
    val: DataSet | None = None,
    *,
    out: Path | str,
    split: Split | None = None,
    device: str = "auto",
    listen: Listen | None = None,
    ranks: Ranks = ALONE,
) -> Run:
    """Train as planned into a new run folder and return it.

    `val` chooses the best weights; without it the last ones count as the best. `split` adds to the run's record how the
    parts were made and what a score on them can show. `listen` is handed every journal entry as it is made. Of several
    processes the first trains, the others `join`; each has its share of every batch.
    """
    ranks.share_of(plan.batch)
    parts = {"train": train} if val is None else {"train": train, "val": val}
    split = split or Split(parts, "given", "The parts were given by the caller; how they were made is not known.")
    if plan.encoder_weights is not None or plan.start_from is not None:
        with torch.random.fork_rng(devices=[]):
            start_network(plan, build_network(plan))  # what is wrong with the weights is said before there is a run
    split = with_past(plan, split.for_task(plan.task))
    files = manifest(split.parts.values())
    run = Run.create(Path(out), plan, split.to_json(), files)
    with run.lock():
        _lead(run, split, files, device, listen, ranks)
    return run


def resume(
    run: Path | str,
    data: DataSet,
    *,
    device: str = "auto",
    listen: Listen | None = None,
    accept_changed_data: bool = False,
    ranks: Ranks = ALONE,
) -> Run:
    """Continue a run to the weights that it would have reached undisturbed: bit for bit, on the same machine.

    Of several processes the first resumes, the others `join`; there may be more or fewer than at the start.
    Raises `RunError` when files of the data are no longer those of the start, unless `accept_changed_data`.
    """
    opened = Run.open(Path(run))
    split = Split.from_json(opened.split, data.for_task(opened.plan.task))
    ranks.share_of(opened.plan.batch)
    files = manifest(split.parts.values())
    changed = differences(opened.manifest, files)
    if changed and not accept_changed_data:
        raise RunError(
            f"{opened.folder}: the data are not those that the run began with: {'; '.join(changed[:5])}. "
            "Restore them, or go on regardless with --accept-changed-data; the weights will then be others."
        )
    with opened.lock():
        _lead(opened, split, files, device, listen, ranks)
    return opened


def join(run: Path | str, data: DataSet, *, device: str = "auto", ranks: Ranks) -> None:
    """Take a share in the training that the first process begins or resumes. Nothing is written here.

    Raises `DataError` where this process sees other data than the first.
    """
    first: dict[str, Any] = ranks.first_said(None)
    plan = Plan.from_json(first["plan"])
    split = Split.from_json(first["split"], data.for_task(plan.task))
    changed = differences(first["files"], manifest(split.parts.values()))
    if changed:
        raise DataError(
            f"{data.root}: process {ranks.own.number} on {socket.gethostname()} sees other files here than the first one: "
            f"{'; '.join(changed[:5])}. Put the same data under this path on all machines."
        )
    _Training(Run(Path(run)), plan, split, device, None, ranks).finish()


def _lead(run: Run, split: Split, files: dict[str, str], device: str, listen: Listen | None, ranks: Ranks) -> None:
    """Train, with the other processes if there are any, and settle what is left to settle."""
    plan = run.plan
    ranks.first_said({"plan": plan.to_json(), "split": split.to_json(), "files": files})
    _Training(run, plan, split, device, listen, ranks).finish()
    settle(run, split.val, device=device)


class _Training:
    """One process's work on a run, from its last checkpoint to the end."""

    def __init__(self, run: Run, plan: Plan, split: Split, device: str, listen: Listen | None, ranks: Ranks) -> None:
        keep_memory()
        self.run, self.plan, self.listen, self.ranks = run, plan, listen, ranks
        self.device = ranks.device(device)
        self.task = task_of(self.plan)
        self.fabric = open_fabric(self.device, self.plan.precision)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.plan.seed)
            network = self.task.network()
        kept = run.load_checkpoint() if ranks.is_first else None
        self.begun = start_network(self.plan, network) if kept is None and ranks.is_first else None
        if ranks.count > 1:
            synchronise(network)
        network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.state = TrainingState(self.plan, network)
        self.network, self.optimizer = self.fabric.setup(network, self.state.optimizer)
        if kept is not None:
            self.state.restore(*kept, source=run.folder)
        elif ranks.is_first:
            run.save_checkpoint(self.state.tensors(), self.state.about())
        self.follow_first()
        samples = PreparedSamples(split.train, self.plan.normalization, self.task.encode, shrink=self.plan.shrink)
        self.batches = batches_of(self.plan, samples, (ranks.own.number, ranks.count))
        self.val = None if split.val is None else split.val.with_records(split.val.records[: self.plan.validation_images])
        self.pieces = 1  # a batch is worked through in so many, more where memory does not suffice
        self.began = time.monotonic() - self.state.seconds
        self.next_save = time.monotonic() + CHECKPOINT_SECONDS

    def finish(self) -> None:
        """Take the steps that are left; stop in good order when asked, go back once when the loss is no number."""
        state, steps = self.state, self.plan.steps
        together = {"processes": self.ranks.count} if self.ranks.count > 1 else {}
        self.note({"event": "start", "step": state.step, "steps": steps, **environment(self.device), **together})
        if self.begun is not None:
            self.note({"event": "note", "step": state.step, "message": self.begun})
        with stop_on_signals(second_insists=self.ranks.count == 1) as stop, torch.random.fork_rng():
            while state.step < steps and not self.ranks.any_says(stop.is_set()):
                try:
                    self.take_steps(stop)
                except NotANumberError as trouble:
                    self.go_back(trouble)
            self.save()
        if state.step < steps:
            raise Interrupted(
                f"Stopped at step {state.step} of {steps}; everything is saved. "
                f"Go on with: maskwright train --resume --out {self.run.folder}"
            )
        self.note({"event": "end", "step": state.step, "seconds": round(state.seconds, 1)})

    def take_steps(self, stop: threading.Event) -> None:
        """The loop: a batch, a step, and from time to time a validation and a checkpoint."""
        state, plan = self.state, self.plan
        with closing(prefetch(self.batches, range(state.step, plan.steps))) as batches:
            for batch in batches:
                number = self.ranks.own.number
                chance = stream(plan.seed, "dropout", state.step, *([number] if number else []))
                torch.manual_seed(int(chance.integers(2**63)))
                rate = state.set_learning_rate()
                terms = self.learn(batch)
                state.average()
                state.step += 1
                last = state.step == plan.steps
                if last or state.step % max(1, plan.steps // JOURNAL_ENTRIES) == 0:
                    self.note({"event": "step", "step": state.step, "loss": sum(terms.values()), "terms": terms, "lr": rate})
                if last or state.step % plan.validate_every == 0:
                    self.validate()
                if time.monotonic() >= self.next_save:
                    self.save()
                if self.ranks.any_says(stop.is_set()):
                    return

    def learn(self, batch: Batch) -> dict[str, float]:
        """One step down the gradient; the terms of the loss."""
        try:
            return self.descend(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if self.ranks.count > 1:
                raise TrainingError(
                    f"{self.run.folder}: {len(batch.ids)} crops of {self.plan.crop_hw} pixels do not fit into the memory of "
                    f"{self.device} in process {self.ranks.own.number}. Go on with --resume and more processes, so that each "
                    "has fewer crops; or start a new run with a smaller crop or batch."
                ) from error
            if self.pieces >= self.plan.batch:
                raise MaskwrightError(
                    f"{self.run.folder}: no crop of {self.plan.crop_hw} pixels fits into the memory of {self.device}. "
                    "Start a new run with a smaller crop: --set crop_hw=[128,128]"
                ) from error
            self.pieces *= 2
            message = (
                f"Out of memory: from here on a batch is worked through in {self.pieces} pieces; the gradients add up alike."
            )
            self.note({"event": "note", "step": self.state.step, "message": message})
            return self.learn(batch)

    def descend(self, batch: Batch) -> dict[str, float]:
        self.optimizer.zero_grad(set_to_none=True)
        totals: dict[str, float] = {}
        images, targets = batch.image.chunk(self.pieces), batch.target.chunk(self.pieces)
        for image, target in zip(images, targets, strict=True):
            image = image.to(self.device, memory_format=torch.channels_last)
            terms = self.task.losses(self.network, Batch(image, target.to(self.device), batch.ids))
            loss = torch.stack(list(terms.values())).sum() / len(images)
            self.fabric.backward(loss)
            for name, term in terms.items():
                totals[name] = totals.get(name, 0.0) + term.item() / len(images)
        parameters = list(self.state.network.parameters())
        self.ranks.average(parameters)
        losses = self.ranks.means(list(totals.values()))
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.plan.optimizer.clip_norm)
        if not torch.isfinite(norm + sum(losses)):
            names = [name for ids in self.ranks.all_said(list(batch.ids)) for name in ids]
            raise NotANumberError(f"the loss of step {self.state.step} is no number; its images were: {', '.join(names)}")
        self.optimizer.step()
        return dict(zip(totals, losses, strict=True))

    def validate(self) -> None:
        """Score the averaged weights on the validation part and keep them if they are the best so far."""
        if not self.ranks.is_first:
            return
        state = self.state
        if self.val is None:
            self.keep_best(None, "none")
            return
        plan = replace(self.plan, mirror=False)
        scores = evaluate(Predictor(plan, state.averaged, device=self.device), self.val)
        row = scores.headline_row
        score = None if row.value != row.value else row.value
        per_class = {r.subject: r.value for r in scores.rows if r.metric == row.metric and r.value == r.value}
        self.note({"event": "validation", "step": state.step, "score": score, "metric": scores.headline, "classes": per_class})
        if state.best_score is None or (score is not None and score > state.best_score):
            self.keep_best(score, scores.headline)

    def keep_best(self, score: float | None, metric: str) -> None:
        self.state.best_score = score
        about = {"step": self.state.step, "score": score, "metric": metric}
        save_weights(self.run.best_path, self.state.averaged.state_dict(), about)

    def save(self) -> None:
        if not self.ranks.is_first:
            return
        started = time.monotonic()
        self.state.seconds = started - self.began
        self.run.save_checkpoint(self.state.tensors(), self.state.about())
        ended = time.monotonic()
        self.next_save = ended + max(CHECKPOINT_SECONDS, (ended - started) / CHECKPOINT_SHARE)

    def follow_first(self) -> None:
        """Take up the state of the first process."""
        whole = self.ranks.first_state((self.state.tensors(), self.state.about()))
        if not self.ranks.is_first:
            self.state.restore(*whole, source=self.run.folder)

    def go_back(self, trouble: NotANumberError) -> None:
        """Return once to the last checkpoint with half the learning rate. Raises `TrainingError` the second time."""
        if self.state.caution < 1:
            there = f"The best weights so far are kept in {self.run.best_path.name}. " if self.run.best_path.exists() else ""
            raise TrainingError(
                f"{self.run.folder}: again, {trouble}. {there}"
                "Look at these images with 'maskwright check', or start a new run with a lower rate: "
                f"--set optimizer.learning_rate={self.plan.optimizer.learning_rate / 4:g}"
            )
        best = self.state.best_score
        kept = self.run.load_checkpoint() if self.ranks.is_first else None
        if kept is not None:  # there is one from the start on
            self.state.restore(*kept, source=self.run.folder)
        self.follow_first()
        self.state.best_score, self.state.caution = best, 0.5
        message = f"Went back to step {self.state.step} with half the learning rate, since {trouble}."
        self.note({"event": "note", "step": self.state.step, "message": message})
        self.save()

    def note(self, entry: dict[str, Any]) -> None:
        """Put an entry into the journal and hand it to who listens."""
        if not self.ranks.is_first:
            return
        entry = {**entry, "seconds": round(time.monotonic() - self.began, 2)} if "seconds" not in entry else entry
        self.run.journal.append(entry)
        if self.listen is not None:
            self.listen(entry)
