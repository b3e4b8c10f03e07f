"""Many images by the workers of a Ray cluster: parts of the images in a queue, and workers that may die at any moment."""

import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from maskwright.base.errors import DataError, Interrupted, MaskwrightError
from maskwright.base.files import atomic_write
from maskwright.data.pairing import list_images
from maskwright.engine.leases import Leases
from maskwright.engine.predict_folder import Failure, PredictionReport, Progress
from maskwright.engine.predict_workers import joined_report
from maskwright.engine.ray_cluster import ray_cluster
from maskwright.engine.ray_crew import Crew, Died
from maskwright.engine.run import Run
from maskwright.engine.signals import stop_on_signals

PARTS = 4  # of the images for each worker: the more, the more evenly they end, and the more often a folder is listed
TRIES = 3  # of an image over which workers die, and of a part over which they die without an image in hand
LOOK_SECONDS, RENEW_SECONDS = 0.5, 60.0  # between looks at the workers, and between renewals of the leases of failed images


def predict_with_ray(
    run: Path, images: list[Path], out: Path, *, address: str, workers: int | None = None, device: str = "auto",
    runtime: str = "auto", precision: str = "auto", progress: Progress | None = None, **options: Any,
) -> PredictionReport:  # fmt: skip
    """As `predict_folder` with `options`, by so many workers of a cluster (see `ray_cluster`) whose machines share the folders.

    Without `workers` there is one for each GPU of the cluster, and without any GPU one for each machine. Where a worker dies,
    as where memory runs out, another one does its part again; an image over which `TRIES` of them die is listed as failed.
    Raises `MaskwrightError` where no cluster answers, no worker starts, or a machine does not see the folders.
    """
    run, out, images = run.absolute(), out.absolute(), [path.absolute() for path in images]
    Run.open(run)
    count = len(list_images(images))
    with ray_cluster(address, workers=workers) as ray, _sign(out) as sign, stop_on_signals() as stop:
        sees = [str(path) for path in (run / "plan.json", sign, *images)]
        chosen = {"device": device, "runtime": runtime, "precision": precision}
        crew = Crew(ray, str(run), chosen, sees, workers=workers)
        work = _Work(crew, Leases(out), ([str(path) for path in images], str(out)), options, count)
        try:
            while work.goes_on():
                if stop.is_set():
                    raise Interrupted("Stopped. Run the same command again to go on.")
                work.look()
                if progress is not None:
                    progress(work.images_done, count)
        finally:
            work.end()
    return joined_report(run, images, out, options, work.told, work.failed)


@contextmanager
def _sign(folder: Path) -> Iterator[Path]:
    """A file by which a machine can tell that it sees this very folder, and not one of its own under the same path."""
    path = folder / f".ray-{uuid.uuid4().hex[:12]}"
    atomic_write(path, version("maskwright"))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@dataclass
class _Work:
    """The parts that wait, and what came of the others."""

    crew: Crew
    leases: Leases
    where: tuple[list[str], str]  # images and the folder that takes what is predicted
    options: dict[str, Any]
    count: int
    told: list[dict[str, Any]] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.parts = max(1, min(self.count, PARTS * self.crew.count))
        self._waiting = deque(range(1, self.parts + 1))
        self._deaths: Counter[str | int] = Counter()  # by image, and by part where no image was in hand
        self._held: list[str] = []
        self._renewed = time.monotonic()
        self.crew.start(min(self.crew.count, self.parts))

    @property
    def images_done(self) -> int:
        """Of all images, those of parts that are told of and those that workers say they have done."""
        told = sum(len(part[kind]) for part in self.told for kind in ("done", "skipped", "failed", "elsewhere"))
        return min(self.count, told + self.crew.images_done)

    def goes_on(self) -> bool:
        """Whether a part is left."""
        return len(self.told) < self.parts

    def look(self) -> None:
        """Give parts to workers who have none, and take in what was said since."""
        for worker in self.crew.idle():
            if self._waiting:
                part = self._waiting.popleft()
                self.crew.give(worker, part, *self.where, (part, self.parts), self.options)
        for said in self.crew.said(LOOK_SECONDS):
            if isinstance(said, Died):
                self._mourn(said)
            elif "error" in said:
                raise DataError(said["error"])
            else:
                self.told.append(said)
        if time.monotonic() - self._renewed > RENEW_SECONDS:
            self._renewed = time.monotonic()
            for name in self._held:
                self.leases.renew(name)

    def end(self) -> None:
        """Free what failed, and what workers that are ended before their time had in hand."""
        for pid, host in self.crew.end():
            self._held += self.leases.hold_of(pid, host)
        for name in self._held:
            self.leases.give_back(name)

    def _mourn(self, died: Died) -> None:
        """Let another worker do the part again, without images over which too many have died."""
        names = self.leases.hold_of(died.pid, died.host)
        for name in names:
            self._deaths[name] += 1
            if self._deaths[name] < TRIES:
                self.leases.give_back(name)
                continue
            self._held.append(name)
            self.failed.append(
                Failure(Path(name), f"{TRIES} workers died over it, the last on {died.host}; memory may have run out. Run the "
                        "same command with fewer --workers, so that each has more, to do only this.")
            )  # fmt: skip
        self._deaths[died.part] += not names
        if self._deaths[died.part] >= TRIES:
            raise MaskwrightError(f"{TRIES} workers died, the last on {died.host}, with no image in hand: {died.reason}")
        self._waiting.appendleft(died.part)
        self.crew.start(1)
