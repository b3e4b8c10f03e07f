"""One process that learns: started at low priority, told to halt and to go on, heard, and ended."""

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

COMMAND = (sys.executable, "-m", "maskwright.studio.learning_child")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
END_SECONDS = 10.0


class Learning:
    """A process at work on a job. `stage` and `share` say how far it is."""

    def __init__(self, number: int, job: Path, command: Sequence[str] = COMMAND) -> None:
        """Raises `OSError` where it cannot be started."""
        self.number = number
        self.stage, self.share = "starting", 0.0
        self._said: deque[str] = deque(maxlen=5)
        one_less = str(max((os.cpu_count() or 2) - 1, 1))
        threads = {name: os.environ.get(name, one_less) for name in THREADS}
        self._process = subprocess.Popen(
            [*command, str(job)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            encoding="utf-8", errors="replace", env={**os.environ, **threads},
        )  # fmt: skip
        self._ears = [threading.Thread(target=hear, daemon=True) for hear in (self._follow, self._hear)]
        for ear in self._ears:
            ear.start()

    @property
    def result(self) -> int | None:
        """The exit status; None while it works."""
        return self._process.poll()

    @property
    def last_words(self) -> str:
        """Why it ended, as far as it said so."""
        for ear in self._ears:
            ear.join(1.0)
        return self._said[-1] if self._said else "without a word"

    def tell(self, word: str) -> None:
        """`pause` or `go`; a process that is gone is told nothing."""
        assert self._process.stdin is not None  # since it is a pipe
        with suppress(OSError, ValueError):
            self._process.stdin.write(word + "\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """Kill it: what it had not finished does not count."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        self.close()

    def close(self) -> None:
        """Let go of a process that has ended."""
        assert self._process.stdin is not None  # since it is a pipe
        with suppress(OSError):
            self._process.stdin.close()

    def _follow(self) -> None:
        assert self._process.stdout is not None  # since it is a pipe
        with self._process.stdout as lines:
            for line in lines:
                with suppress(ValueError, TypeError, KeyError):
                    told = json.loads(line)
                    self.stage, self.share = str(told["stage"]), float(told["share"])

    def _hear(self) -> None:
        assert self._process.stderr is not None  # since it is a pipe
        with self._process.stderr as words:
            self._said.extend(line.strip() for line in words if line.strip())
