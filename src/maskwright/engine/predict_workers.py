"""Several processes that predict: each loads the run once and has its share of the images; one that dies costs one image."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwright.base.errors import DataError, Interrupted, MaskwrightError
from maskwright.base.files import sha256
from maskwright.data.pairing import list_images
from maskwright.engine.leases import Leases
from maskwright.engine.predict_folder import Failure, PredictionReport, Progress, folder_of, written_as
from maskwright.engine.run import Run
from maskwright.engine.signals import stop_on_signals

COMMAND = (sys.executable, "-m", "maskwright.engine.predict_worker")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
LAST_WORDS = 2000  # characters of what a worker that died had to say


@dataclass
class _Worker:
    """One share of the images, and the process that has it now."""

    number: int
    process: "subprocess.Popen[str]"
    at: int = 0
    of: int = 0
    said: dict[str, Any] = field(default_factory=dict)
    complaint: str = ""


def predict_with_workers(
    run: Path, images: list[Path], out: Path, *, workers: int, device: str = "auto", runtime: str = "auto",
    precision: str = "auto", progress: Progress | None = None, command: tuple[str, ...] = COMMAND, **options: Any,
) -> PredictionReport:  # fmt: skip
    """As `predict_folder` with `options`, in so many processes, which share the processor's threads.

    An image over which a process dies, as where memory runs out, is listed as failed, and another process does the rest of its
    share. Raises `MaskwrightError` where a process cannot start its work.
    """
    asked = {
        "run": str(run), "images": [str(path) for path in images], "out": str(out),
        "device": device, "runtime": runtime, "precision": precision,
    }  # fmt: skip
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    environment = os.environ | dict.fromkeys(THREADS, threads)

    def start(number: int) -> _Worker:
        process = subprocess.Popen(
            [*command, json.dumps(asked | options | {"shard": [number, workers]})], env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        return _Worker(number, process)

    leases, failed, held = Leases(out), list[Failure](), list[str]()
    ended: list[_Worker] = []
    with stop_on_signals() as stop:
        going = [start(number) for number in range(1, workers + 1)]
        while going:
            hearing = [threading.Thread(target=_hear, args=(worker,), daemon=True) for worker in going]
            for thread in hearing:
                thread.start()
            while any(thread.is_alive() for thread in hearing):
                hearing[0].join(0.2) if hearing[0].is_alive() else threading.Event().wait(0.2)
                if progress is not None:
                    everyone = [*ended, *going]
                    progress(sum(worker.at for worker in everyone), max(1, sum(worker.of for worker in everyone)))
                if stop.is_set():
                    for worker in going:
                        worker.process.terminate()
            died = [worker for worker in going if not worker.said]
            ended += [worker for worker in going if worker.said]
            going = []
            for worker in [] if stop.is_set() else died:
                names = leases.hold_of(worker.process.pid)
                held += names
                if not names:
                    raise MaskwrightError(f"A worker ended with {_end(worker)}: {worker.complaint[-LAST_WORDS:].strip()}")
                failed += [
                    Failure(Path(name), f"the process that predicted it ended with {_end(worker)}; memory may have run out. "
                            "Run the same command with fewer --workers to do only this.") for name in names
                ]  # fmt: skip
                going.append(start(worker.number))
        for name in held:
            leases.give_back(name)
        if stop.is_set():
            raise Interrupted("Stopped. Run the same command again to go on.")
    for worker in ended:
        if "error" in worker.said:
            raise DataError(worker.said["error"])
    return joined_report(run, images, out, options, [worker.said for worker in ended], failed)


def joined_report(
    run: Path, images: list[Path], out: Path, options: dict[str, Any], told: list[dict[str, Any]], failed: list[Failure]
) -> PredictionReport:
    """What several processes told of their parts (`predict_worker.told`), as one report; the file of all objects is written.

    failed: the images over which processes died, which none of them tells of.
    """
    failed = failed + [Failure(Path(image), reason) for part in told for image, reason in part["failed"]]
    opened = Run.open(run)
    folder = folder_of(
        opened.plan, sha256(opened.best_path), opened.settled, out, written_as(opened.plan, options.get("to")),
        options.get("suffix", ".png"), frozenset(options.get("extras", ())), frozenset(),
    )  # fmt: skip
    missing = {failure.image.absolute() for failure in failed}
    folder.join(without=[record for record in list_images(images) if record.image.absolute() in missing])
    done, skipped, elsewhere = (
        tuple(Path(path) for part in told for path in part[kind]) for kind in ("done", "skipped", "elsewhere")
    )
    elsewhere = tuple(path for path in elsewhere if path.absolute() not in missing)  # its lease is kept from all others
    return PredictionReport(done, skipped, tuple(failed), folder.together, sum(part["hidden"] for part in told), elsewhere)


def _hear(worker: _Worker) -> None:
    """Take in what a worker says until it ends."""
    assert worker.process.stdout is not None
    assert worker.process.stderr is not None
    errors = worker.process.stderr
    listening = threading.Thread(target=lambda: setattr(worker, "complaint", errors.read()), daemon=True)
    listening.start()
    for line in worker.process.stdout:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if "at" in said:
            worker.at, worker.of = said["at"], said["of"]
        else:
            worker.said = said
    worker.process.wait()
    listening.join()
    worker.process.stdout.close()
    errors.close()


def _end(worker: _Worker) -> str:
    code = worker.process.returncode
    return f"signal {-code}" if code < 0 else f"exit code {code}"
