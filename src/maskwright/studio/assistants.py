"""Assistants in processes of their own: asked with a time limit, and ended where they hang."""

import json
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from maskwright.base.errors import MaskwrightError

ANSWER_SECONDS = 5.0
OPEN_SECONDS = 300.0  # loading a network and encoding a large image for the first time
PROPOSE_SECONDS = 600.0
COMMAND = (sys.executable, "-m", "maskwright.studio.assistant_child")


class NoAnswer(MaskwrightError):  # noqa: N818
    """An assistant hung, broke, or said that it cannot."""


class Helper:
    """One process with one assistant. Questions go one after another; an image is opened in the background."""

    def __init__(self, name: str, max_pixels: int, command: Sequence[str] = COMMAND) -> None:
        self.name = name
        self._command = [*command, name, str(max_pixels)]
        self._asking, self._guard = threading.Lock(), threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._said: deque[str] = deque(maxlen=5)
        self._opened: set[str] = set()
        self._opening: dict[str, threading.Thread] = {}
        self._wrong: dict[str, str] = {}

    def open(self, path: Path) -> bool:
        """Begin to open an image; whether it is open."""
        key = str(path)
        with self._guard:
            if key in self._opened or key in self._opening:
                return key in self._opened
            self._wrong.pop(key, None)
            self._opening[key] = threading.Thread(target=self._open, args=(key,), daemon=True)
            self._opening[key].start()
        return False

    def mask(self, path: Path, question: dict[str, Any], seconds: float = ANSWER_SECONDS) -> list[dict[str, Any]]:
        """Candidates for clicks. Raises `NoAnswer`, within the seconds."""
        self._wait_until_open(str(path), seconds)
        return list(self._ask({"do": "mask", "path": str(path), **question}, seconds)["candidates"])

    def propose(self, path: Path, seconds: float = PROPOSE_SECONDS) -> list[dict[str, Any]]:
        """Every object of an image. Raises `NoAnswer`."""
        self._wait_until_open(str(path), seconds)
        return list(self._ask({"do": "propose", "path": str(path)}, seconds)["candidates"])

    def close(self) -> None:
        """End the process."""
        with self._guard:
            process, self._process = self._process, None
            self._opened.clear()
        if process is not None:
            process.kill()
            process.wait()
            with suppress(OSError):
                assert process.stdin is not None  # since it is a pipe
                process.stdin.close()

    def _open(self, key: str) -> None:
        try:
            self._ask({"do": "open", "path": key}, OPEN_SECONDS)
            with self._guard:
                self._opened.add(key)
        except NoAnswer as error:
            self._wrong[key] = str(error)
        finally:
            with self._guard:
                self._opening.pop(key, None)

    def _wait_until_open(self, key: str, seconds: float) -> None:
        self.open(Path(key))
        thread = self._opening.get(key)
        if thread is not None:
            thread.join(seconds)
            if thread.is_alive():
                raise NoAnswer(f"{self.name} is still opening the image.")
        if key in self._wrong:
            raise NoAnswer(self._wrong[key])

    def _ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any]:
        if not self._asking.acquire(timeout=seconds):
            raise NoAnswer(f"{self.name} is busy with another question.")
        try:
            process = self._started()
            assert process.stdin is not None  # since it is a pipe
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self.close()
            raise NoAnswer(f"{self.name} did not answer within {seconds:g} seconds and was started anew.") from None
        except OSError:
            line = None
        finally:
            self._asking.release()
        if line is None:
            self.close()
            raise NoAnswer(f"{self.name} stopped: {' '.join(self._said) or 'without a word'}.")
        try:
            answer: dict[str, Any] = dict(json.loads(line))
        except (ValueError, TypeError):
            self.close()
            raise NoAnswer(f"{self.name} said what is no answer, and was started anew.") from None
        if "error" in answer:
            raise NoAnswer(f"{self.name} cannot: {answer['error']}.")
        return answer

    def _started(self) -> "subprocess.Popen[str]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._lines = queue.Queue()
        self._said.clear()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        for target in (_listen, self._hear):
            threading.Thread(target=target, args=(self._process, self._lines), daemon=True).start()
        return self._process

    def _hear(self, process: "subprocess.Popen[str]", _: "queue.Queue[str | None]") -> None:
        """Keep the last words, which say why a process ended."""
        assert process.stderr is not None  # since it is a pipe
        with process.stderr as words:
            self._said.extend(line.strip() for line in words if line.strip())


def _listen(process: "subprocess.Popen[str]", lines: "queue.Queue[str | None]") -> None:
    """Put every answer into the queue, and None at the end."""
    assert process.stdout is not None  # since it is a pipe
    with process.stdout as answers:
        for line in answers:
            lines.put(line)
    lines.put(None)


class Helpers:
    """The assistants of a server, each started when it is needed."""

    def __init__(self, names: Sequence[str], default: str | None, max_pixels: int, command: Sequence[str] = COMMAND) -> None:
        self.names, self.default = tuple(names), default
        self._max_pixels, self._command = max_pixels, command
        self._helpers: dict[str, Helper] = {}
        self._guard = threading.Lock()

    def get(self, name: str | None) -> Helper | None:
        """The helper of a name, or of the default; None where there is none."""
        chosen = name or self.default
        if chosen is None or (chosen not in self.names and chosen != self.default):
            return None
        with self._guard:
            return self._helpers.setdefault(chosen, Helper(chosen, self._max_pixels, self._command))

    def close(self) -> None:
        for helper in self._helpers.values():
            helper.close()
