"""A run: the folder that holds a training's plan, split, journal, weights and scores."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from torch import Tensor

from maskwright.base.errors import RunError, WeightsError
from maskwright.base.files import read_json, write_json
from maskwright.base.journal import Journal
from maskwright.engine.weights import load_weights, save_weights
from maskwright.plan.plan import Plan

Checkpoint = tuple[dict[str, Tensor], dict[str, Any]]  # of the state, and what is said about it


class Run:
    """One training on disk. `plan.json` says what was to be done, `journal.jsonl` what was, `best.safetensors` predicts."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.journal = Journal(self.folder / "journal.jsonl")

    @classmethod
    def create(cls, folder: Path, plan: Plan, split: dict[str, Any], manifest: dict[str, str]) -> "Run":
        """A new run folder. Raises `RunError` where one with a plan stands already."""
        run = cls(folder)
        if (run.folder / "plan.json").exists():
            raise RunError(
                f"{folder}: there is a run here already. Continue it with --resume, or choose another folder with --out."
            )
        write_json(run.folder / "split.json", split)
        write_json(run.folder / "data.json", manifest)
        write_json(run.folder / "plan.json", plan.to_json())
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """An existing run folder. Raises `RunError` where there is none."""
        run = cls(folder)
        if not (run.folder / "plan.json").is_file():
            raise RunError(
                f"{folder}: no run here (there is no plan.json). Give the folder that 'maskwright train --out' wrote."
            )
        return run

    @property
    def plan(self) -> Plan:
        path = self.folder / "plan.json"
        return Plan.from_json(read_json(path), source=str(path))

    @property
    def split(self) -> dict[str, Any]:
        """The parts of the data and what they can show, as `data.split.Split.to_json` wrote them."""
        value: dict[str, Any] = read_json(self.folder / "split.json")
        return value

    @property
    def manifest(self) -> dict[str, str]:
        """SHA-256 of every image and mask file at the start, by record id."""
        value: dict[str, str] = read_json(self.folder / "data.json")
        return value

    @property
    def best_path(self) -> Path:
        return self.folder / "best.safetensors"

    @property
    def settled_path(self) -> Path:
        return self.folder / "settled.json"

    @property
    def settled(self) -> dict[str, Any] | None:
        """The thresholds that were settled after training; None where the task has none, or before."""
        return read_json(self.settled_path) if self.settled_path.is_file() else None

    def save_checkpoint(self, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
        """Keep the state of training; the one before stays beside it until the next."""
        last, previous = self.folder / "last.safetensors", self.folder / "previous.safetensors"
        if last.exists():
            os.replace(last, previous)
        save_weights(last, tensors, about)

    def load_checkpoint(self) -> Checkpoint | None:
        """The newest whole state, or None where none was kept. A damaged one is noted in the journal and passed over."""
        for name in ("last.safetensors", "previous.safetensors"):
            if (self.folder / name).exists():
                try:
                    return load_weights(self.folder / name)
                except WeightsError as error:
                    self.journal.append({"event": "note", "message": f"{error} The checkpoint before it is used."})
        return None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process. Raises `RunError` naming who holds it. The system frees it if the process dies."""
        lock, note = FileLock(self.folder / ".lock"), self.folder / ".holder.json"
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            holder = f" by {read_json(note)['holder']}" if note.exists() else ""
            raise RunError(
                f"{self.folder}: in use{holder}. Wait for it to end, or train into another folder with --out."
            ) from error
        try:
            write_json(note, {"holder": f"process {os.getpid()} on {socket.gethostname()} since {time.ctime()}"})
            yield
        finally:
            note.unlink(missing_ok=True)
            lock.release()
