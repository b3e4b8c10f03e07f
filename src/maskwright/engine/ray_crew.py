"""The workers that a Ray cluster lends: how many fit, who they are, what they say, and which of them died."""

import time
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from maskwright.base.errors import MaskwrightError
from maskwright.engine.predict_workers import THREADS
from maskwright.engine.ray_worker import RayWorker

START_SECONDS = 600.0  # within which one worker must have started: a machine may have to be fetched for it
STARTS = 3  # of workers that die before they say who they are


@dataclass(frozen=True)
class Died:
    """A worker that is gone, where it was, and the part that it had."""

    host: str
    pid: int
    part: int
    reason: str


@dataclass
class _Worker:
    """An actor, who it is once it has said so, and the call that it is answering."""

    actor: Any
    call: Any = None
    who: dict[str, Any] = field(default_factory=dict)
    part: int = 0  # 0 is none
    at: Any = None
    images_done: int = 0


class Crew:
    """Workers of one run, loaded as `chosen` says. `sees` are paths that each must see where it is."""

    def __init__(self, ray: Any, run: str, chosen: dict[str, Any], sees: list[str], *, workers: int | None) -> None:
        self.count, cpus, gpus = shares([node["Resources"] for node in ray.nodes() if node["Alive"]], workers, chosen["device"])
        self._ray, self._run, self._chosen, self._sees = ray, run, chosen, sees
        self._make = ray.remote(RayWorker).options(
            num_cpus=cpus, num_gpus=gpus, max_concurrency=2,  # one to predict, one to say how far it is
            runtime_env={"env_vars": dict.fromkeys(THREADS, str(cpus))},
        )  # fmt: skip
        self._workers: list[_Worker] = []
        self._since = time.monotonic()
        self._has_any = False
        self._failed_starts = 0

    @property
    def images_done(self) -> int:
        """Of the parts that are being predicted."""
        return sum(worker.images_done for worker in self._workers)

    def start(self, count: int) -> None:
        """Ask for so many more workers."""
        for _ in range(count):
            actor = self._make.remote(self._run, self._chosen)
            self._workers.append(_Worker(actor, actor.looks.remote(self._sees)))

    def idle(self) -> list[_Worker]:
        """Workers that are there and have no part."""
        return [worker for worker in self._workers if worker.call is None]

    def give(self, worker: _Worker, part: int, *arguments: Any) -> None:
        """Let a worker predict a part."""
        worker.part, worker.images_done = part, 0
        worker.call = worker.actor.predict.remote(*arguments)

    def said(self, seconds: float) -> list[Died | dict[str, Any]]:
        """What came of parts, after at most so long. Raises `MaskwrightError` where a worker cannot work at all."""
        calls = {worker.call: worker for worker in self._workers if worker.call is not None}
        ready, _ = self._ray.wait(list(calls), num_returns=1, timeout=seconds)
        news: list[Died | dict[str, Any]] = []
        for call in ready:
            worker = calls[call]
            worker.call = None
            try:
                said = self._ray.get(call)
            except self._ray.exceptions.RayActorError as error:
                self._workers.remove(worker)
                news += self._died(worker, _words(error))
                continue
            except self._ray.exceptions.RayError as error:
                raise MaskwrightError(f"A worker of the cluster could not work: {_words(error)}") from error
            if worker.part:
                news.append(said)
                worker.part = worker.images_done = 0
            else:
                self._take_in(worker, said)
        self._ask_how_far()
        if not self._has_any and time.monotonic() - self._since > START_SECONDS:
            raise MaskwrightError(
                f"No worker could be started on the cluster within {START_SECONDS / 60:g} minutes; others may be using all of "
                "it. 'ray status' says what is free. Wait, or ask for fewer --workers."
            )
        return news

    def end(self) -> list[tuple[int, str]]:
        """End all workers; process and machine of those that had a part."""
        for worker in self._workers:
            self._ray.kill(worker.actor)
        return [(worker.who["pid"], worker.who["host"]) for worker in self._workers if worker.part]

    def _take_in(self, worker: _Worker, who: dict[str, Any]) -> None:
        """Know a worker that has started. Raises `MaskwrightError` where it is of another kind, or elsewhere."""
        worker.who, self._has_any = who, True
        if who["version"] != version("maskwright"):
            raise MaskwrightError(
                f"{who['host']} of the cluster has maskwright {who['version']}, and this machine {version('maskwright')}. "
                "Install the same on all."
            )
        if who["missing"]:
            raise MaskwrightError(
                f"{who['host']} of the cluster does not see {', '.join(who['missing'])}. The run, the images and the folder of "
                "--out must lie on a disk that all machines share, under the same path on each."
            )

    def _died(self, worker: _Worker, reason: str) -> list[Died | dict[str, Any]]:
        if worker.part:
            return [Died(worker.who["host"], worker.who["pid"], worker.part, reason)]
        self._failed_starts += 1
        if self._failed_starts >= STARTS:
            raise MaskwrightError(f"{STARTS} workers of the cluster ended before they began: {reason}")
        self.start(1)
        return []

    def _ask_how_far(self) -> None:
        """Take in how many images busy workers have done. Who is dead is told of elsewhere."""
        asked = {worker.at: worker for worker in self._workers if worker.at is not None}
        ready, _ = self._ray.wait(list(asked), num_returns=len(asked), timeout=0) if asked else ([], [])
        for call in ready:
            worker, asked[call].at = asked[call], None
            try:
                worker.images_done = self._ray.get(call) if worker.part else 0
            except self._ray.exceptions.RayError:
                continue
        for worker in self._workers:
            if worker.part and worker.at is None:
                worker.at = worker.actor.at.remote()


def shares(nodes: list[dict[str, float]], workers: int | None, device: str) -> tuple[int, int, int]:
    """How many workers a cluster of these resources has, and how many processors and GPUs each of them.

    Raises `MaskwrightError` where so many `workers` do not fit.
    """
    gpus = 0 if device == "cpu" else sum(int(node.get("GPU", 0)) for node in nodes)
    cpus = [int(node.get("CPU", 0)) for node in nodes if not gpus or node.get("GPU", 0) >= 1]
    of_gpus = [int(node.get("GPU", 0)) for node in nodes if not gpus or node.get("GPU", 0) >= 1]
    count = workers or gpus or sum(each >= 1 for each in cpus)
    for each in range(max(cpus, default=0), 0, -1):
        fits = [min(have // each, cards) if gpus else have // each for have, cards in zip(cpus, of_gpus, strict=True)]
        if count and sum(fits) >= count:
            return count, each, 1 if gpus else 0
    raise MaskwrightError(
        f"{count or 1} workers do not fit on the cluster, which has {sum(cpus)} processors"
        f"{f' and {gpus} GPUs' if gpus else ''}, one at least for each. Ask for fewer with --workers."
    )


def _words(error: Exception) -> str:
    """The line of an error that says most: Ray puts a whole traceback into its words."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if "Error:" in line]
    return (named or lines or [type(error).__name__])[-1 if named else 0]
