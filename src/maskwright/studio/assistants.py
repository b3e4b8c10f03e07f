"""Assistants in processes of their own: asked with a time limit, and ended where they hang."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from maskwright.base.errors import MaskwrightError
from maskwright.studio.lessons import Lesson

ANSWER_SECONDS = 5.0
OPEN_SECONDS = 300.0  # loading a network and encoding a large image for the first time
PROPOSE_SECONDS = 600.0
LEARN_SECONDS = 30.0
LAST_WORDS, LAST_WORDS_SECONDS = 5, 1.0  # lines that are repeated of a process that ended, and how long they are waited for
QUIET_SECONDS = 0.5  # that nothing is asked before an assistant is told what was accepted
COMMAND = (sys.executable, "-m", "maskwright.studio.assistant_child")
LEARNED = "learned"  # as which the newest network that has learned in the project is asked for


class NoAnswer(MaskwrightError):  # noqa: N818
    """An assistant hung, broke, or said that it cannot."""


class Helper:
    """One process with one assistant. Questions go one after another; an image is opened in the background.

    before: what was accepted so far, which the process is told whenever it starts. called: what a run is called here, and what
    stands at its masks, where that is not the name of its folder.
    """

    def __init__(
        self, name: str, max_pixels: int, command: Sequence[str] = COMMAND, before: Callable[[], list[Lesson]] = list,
        called: str | None = None,
    ) -> None:  # fmt: skip
        self.name, self._before = called or name, before
        self._said_by = {} if called is None else {"assistant": called}
        self._command = [*command, name, str(max_pixels)]
        self._asking, self._guard = threading.Lock(), threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._said: deque[str] = deque(maxlen=LAST_WORDS)
        self._hearing = threading.Thread()
        self._opened: set[str] = set()
        self._opening: dict[str, threading.Thread] = {}
        self._wrong: dict[str, str] = {}
        self._lessons: queue.Queue[Lesson] = queue.Queue()
        self._teacher: threading.Thread | None = None
        self._learns, self._asked = True, time.monotonic()

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
        return self._candidates({"do": "mask", "path": str(path), **question}, seconds)

    def propose(self, path: Path, seconds: float = PROPOSE_SECONDS) -> list[dict[str, Any]]:
        """Every object of an image. Raises `NoAnswer`."""
        self._wait_until_open(str(path), seconds)
        return self._candidates({"do": "propose", "path": str(path)}, seconds)

    def learn(self, lesson: Lesson) -> None:
        """Tell what was accepted, as soon as nothing else is asked. A process that is not there is told when it starts."""
        if self._process is None or not self._learns:
            return
        self._lessons.put(lesson)
        with self._guard:
            if self._teacher is None:
                self._teacher = threading.Thread(target=self._teach, daemon=True)
                self._teacher.start()

    def close(self) -> None:
        """End the process."""
        self._end(self._process)

    def _end(self, process: "subprocess.Popen[str] | None") -> None:
        """End a process, which may not be the one that is asked any more."""
        with self._guard:
            if self._process is process:
                self._process = None
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

    def _tell_before(self) -> None:
        """Tell a process that has just started what was accepted so far."""
        for lesson in self._before():
            self.learn(lesson)

    def _teach(self) -> None:
        """Pass lessons on until one ends the process: then it gets no more of them."""
        while self._learns:
            lesson = self._lessons.get()
            while time.monotonic() - self._asked < QUIET_SECONDS:
                time.sleep(QUIET_SECONDS / 5)
            taught = self._process
            if taught is None:
                continue
            try:
                self._ask({"do": "learn", "path": str(lesson.path), "masks": list(lesson.masks)}, LEARN_SECONDS)
            except NoAnswer:
                self._learns = taught is self._process

    def _wait_until_open(self, key: str, seconds: float) -> None:
        self.open(Path(key))
        thread = self._opening.get(key)
        if thread is not None:
            thread.join(seconds)
            if thread.is_alive():
                raise NoAnswer(f"{self.name} is still opening the image.")
        if key in self._wrong:
            raise NoAnswer(self._wrong[key])

    def _candidates(self, question: dict[str, Any], seconds: float) -> list[dict[str, Any]]:
        return [{**one, **self._said_by} for one in self._ask(question, seconds)["candidates"]]

    def _ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any]:
        if not self._asking.acquire(timeout=seconds):
            raise NoAnswer(f"{self.name} is busy with another question.")
        process = None
        try:
            process = self._started()
            self._asked = time.monotonic()
            assert process.stdin is not None  # since it is a pipe
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self._end(process)
            raise NoAnswer(f"{self.name} did not answer within {seconds:g} seconds and was started anew.") from None
        except OSError:
            line = None
        finally:
            self._asking.release()
        if line is None:
            hearing, said = self._hearing, self._said
            self._end(process)
            if hearing.is_alive():
                hearing.join(LAST_WORDS_SECONDS)
            raise NoAnswer(f"{self.name} stopped: {' '.join(said) or 'without a word'}.")
        try:
            answer: dict[str, Any] = dict(json.loads(line))
        except (ValueError, TypeError):
            self._end(process)
            raise NoAnswer(f"{self.name} said what is no answer, and was started anew.") from None
        if "error" in answer:
            raise NoAnswer(f"{self.name} cannot: {answer['error']}.")
        return answer

    def _started(self) -> "subprocess.Popen[str]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._lines = queue.Queue()
        self._said = deque(maxlen=LAST_WORDS)
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        threading.Thread(target=_listen, args=(self._process, self._lines), daemon=True).start()
        self._hearing = threading.Thread(target=_hear, args=(self._process, self._said), daemon=True)
        self._hearing.start()
        threading.Thread(target=self._tell_before, daemon=True).start()
        return self._process


def _listen(process: "subprocess.Popen[str]", lines: "queue.Queue[str | None]") -> None:
    """Put every answer into the queue, and None at the end."""
    assert process.stdout is not None  # since it is a pipe
    with process.stdout as answers:
        for line in answers:
            lines.put(line)
    lines.put(None)


def _hear(process: "subprocess.Popen[str]", said: deque[str]) -> None:
    """Keep the last words, which say why a process ended."""
    assert process.stderr is not None  # since it is a pipe
    with process.stderr as words:
        said.extend(line.strip() for line in words if line.strip())


class Helpers:
    """The assistants of a server, each started when it is needed.

    learned: the folder of the newest network that has learned in the project, and what it is called: one more assistant.
    """

    def __init__(
        self,
        names: Sequence[str],
        default: str | None,
        max_pixels: int,
        command: Sequence[str] = COMMAND,
        before: Callable[[], list[Lesson]] = list,
        learned: Callable[[], tuple[Path, str] | None] = lambda: None,
    ) -> None:
        self._names, self.default, self._learned = tuple(names), default, learned
        self._max_pixels, self._command, self._before = max_pixels, command, before
        self._helpers: dict[str, Helper] = {}
        self._guard = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Those there are now: with the network that learns in the project, once it has."""
        return self._names if LEARNED in self._names or self._learned() is None else (*self._names, LEARNED)

    def get(self, name: str | None) -> Helper | None:
        """The helper of a name, or of the default; None where there is none."""
        chosen = name or self.default
        if chosen == LEARNED and LEARNED not in self._names:  # a run's folder may be called so
            return self._newest()
        if chosen is None or (chosen not in self._names and chosen != self.default):
            return None
        with self._guard:
            return self._helpers.setdefault(chosen, Helper(chosen, self._max_pixels, self._command, self._before))

    def _newest(self) -> Helper | None:
        """The helper of the newest network that has learned; the one of the network before it is ended."""
        if (newest := self._learned()) is None:
            return None
        folder, called = newest
        with self._guard:
            helper = self._helpers.get(LEARNED)
            if helper is None or helper.name != called:
                if helper is not None:
                    helper.close()
                helper = Helper(str(folder), self._max_pixels, self._command, self._before, called)
                self._helpers[LEARNED] = helper
            return helper

    def learn(self, lesson: Lesson) -> None:
        """Tell every assistant that runs what was accepted."""
        for helper in list(self._helpers.values()):
            helper.learn(lesson)

    def close(self) -> None:
        for helper in self._helpers.values():
            helper.close()
