"""Learning while a person labels: rounds of training in another process, one at a time, and their proposals taken in."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import natural_key, read_json
from maskwright.studio import classes, images, proposals
from maskwright.studio.database import Busy, NotSaved
from maskwright.studio.known import known_on
from maskwright.studio.learning_curve import curve
from maskwright.studio.learning_job import Job, is_held_out, task_of
from maskwright.studio.learning_process import COMMAND, Learning
from maskwright.studio.learning_rounds import PROPOSALS, Round, folder_of, next_number, rounds, tidy
from maskwright.studio.learning_settings import Settings, keep_settings, read_settings
from maskwright.studio.objects import Mask, NotPossible
from maskwright.studio.order import helpful
from maskwright.studio.proposals import Proposed
from maskwright.studio.store import Store

TICK_SECONDS = 1.0
RESTS = (10.0, 60.0, 600.0)  # seconds after the first crash, the second, ...; after the last, until there are new labels
MOST_PREDICTED = 1000  # images a round
TAKEN_AT_ONCE = 20  # images, so that nobody who asks waits long

FINISHED = """
SELECT name, EXISTS (SELECT 1 FROM objects WHERE objects.image = images.id) AS has_objects FROM images
WHERE state = 'done' AND is_there
"""
OTHERS = "SELECT id, name, uncertainty, looks FROM images WHERE state != 'done' AND is_there"
SPENT = "SELECT coalesce(sum(seconds), 0) FROM edits WHERE tool != 'import'"


class Learner:
    """Watches how many images are finished, starts rounds, and takes in what they propose.

    Old weights keep serving until a round is whole; a round that breaks or is killed changes nothing. Asking and setting never
    wait for it, and it never holds the database while it learns.
    """

    def __init__(
        self, store: Store, is_open: Callable[[int], bool] = lambda image: False, command: Sequence[str] = COMMAND
    ) -> None:
        """is_open: whether a page shows an image now, whose proposals are left as they are until it does not."""
        self.store, self.is_paused, self.trouble = store, False, ""
        self._is_open, self._command = is_open, command
        self._learning: Learning | None = None
        self._guard, self._stop = threading.RLock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="learner", daemon=True)
        self._crashes, self._rests_until, self._known = 0, 0.0, -1
        self._rounds = rounds(store.folder)

    def start(self) -> None:
        """Begin to watch; what a killed server left behind is put away."""
        tidy(self.store.folder)
        self._thread.start()

    def stop(self) -> None:
        """End the round that is under way, if any, and watch no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._guard:
            if self._learning is not None:
                self._learning.end()
                self._learning = None

    def tick(self) -> None:
        """Look once: has a round ended, is there something to take in, is there reason to begin one?"""
        with self._guard:
            learning = self._learning
            if learning is not None and learning.result is not None:
                self._ended(learning)
            self._rounds = rounds(self.store.folder)
            self._take_in()
            if self._learning is None and self._is_due():
                self._begin()

    def begin(self) -> None:
        """Start a round now. Raises `NotPossible` where one is under way already, or there is nothing to learn from."""
        with self._guard:
            if self._learning is not None:
                raise NotPossible("A training is under way already. Wait until it ends, or stop it first.")
            if not any(row["has_objects"] and not is_held_out(row["name"]) for row in self._finished()):
                raise NotPossible("There is nothing to learn from yet: mark images with objects as done, then start again.")
            self.is_paused, self._crashes = False, 0
            self._begin()

    def halt(self) -> None:
        """End the round that is under way; the weights before it go on to serve."""
        with self._guard:
            if self._learning is not None:
                self._learning.end()
                self._learning, self._known = None, len(self._finished())
                tidy(self.store.folder)

    def pause(self, is_paused: bool) -> None:
        """Halt between two steps and begin nothing, or go on."""
        with self._guard:
            self.is_paused = is_paused
            if self._learning is not None:
                self._learning.tell("pause" if is_paused else "go")

    def set(self, **values: Any) -> None:
        """Change settings. Raises `NotSaved`."""
        keep_settings(self.store.database, replace(read_settings(self.store.database), **values))

    def state(self) -> dict[str, Any]:
        """How far it is, as the protocol has it."""
        settings, learning, known = read_settings(self.store.database), self._learning, self._rounds
        last = known[-1] if known else None
        return {
            **vars(settings),
            "state": self._word(settings, learning),
            "stage": "" if learning is None else learning.stage,
            "share": 0.0 if learning is None else learning.share,
            "finished": len(self._finished()),
            "new": self._new(),
            "round": last and {name: getattr(last, name) for name in ("number", "name", "images", "score")},
            "trouble": self.trouble,
        }

    def curve(self) -> dict[str, Any]:
        """Scores against labelled images, as the protocol has them."""
        return curve(self._rounds)

    def _word(self, settings: Settings, learning: Learning | None) -> str:
        if self.is_paused:
            return "paused"
        if learning is not None:
            return "learning"
        return "waiting" if settings.enabled else "off"

    def _run(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            try:
                self.tick()
            except (MaskwrightError, OSError) as error:  # a full disk, or a database that is busy: tried again
                self.trouble = str(error)

    def _finished(self) -> list[Any]:
        with self.store.database.reading() as connection:
            return list(connection.execute(FINISHED))

    def _new(self) -> int:
        """Finished images that the last round did not know."""
        last = self._rounds[-1] if self._rounds else None
        known = set() if last is None else {*last.labelled, *last.held_out}
        return sum(row["name"] not in known for row in self._finished())

    def _is_due(self) -> bool:
        settings, finished = read_settings(self.store.database), self._finished()
        if not settings.enabled or self.is_paused or self._new() < settings.after:
            return False
        if not any(row["has_objects"] and not is_held_out(row["name"]) for row in finished):
            return False
        is_other = len(finished) != self._known
        return is_other if self._crashes > len(RESTS) or not self._crashes else time.monotonic() >= self._rests_until

    def _begin(self) -> None:
        """Start a round. Raises `MaskwrightError` where the disk refuses."""
        self.store.write_files()  # which the process reads
        finished = self._finished()
        self._known = len(finished)
        names = sorted((row["name"] for row in finished), key=natural_key)
        with self.store.database.reading() as connection:
            others = list(connection.execute(OTHERS))
            spent = connection.execute(SPENT).fetchone()[0] / 60
        settings, listed = read_settings(self.store.database), classes.listed(self.store.database)
        last, number = self._rounds[-1] if self._rounds else None, next_number(self.store.folder)
        folder = folder_of(self.store.folder, number)
        goes_on = last is not None and set(last.classes) - {0} == {one.id for one in listed}
        job = Job(
            folder=folder, labels=self.store.folder, images=self.store.images,
            task=task_of(listed) if settings.task == "auto" else settings.task, minutes=settings.minutes, spent=spent,
            train=tuple(name for name in names if not is_held_out(name)),
            held_out=tuple(name for name in names if is_held_out(name)),
            predict=tuple((row["id"], row["name"]) for row in _chosen(others)),
            start_from=folder_of(self.store.folder, last.number) if last is not None and goes_on else None,
            max_pixels=self.store.max_pixels,
        )  # fmt: skip
        path = folder.with_name(f"{number}.job.json")
        job.write(path)
        try:
            self._learning = Learning(number, path, self._command)
        except OSError as error:
            self._crashed(f"cannot be started ({error.strerror or error})")

    def _ended(self, learning: Learning) -> None:
        """Note how a round ended. Its proposals wait in its folder."""
        is_whole = any(one.number == learning.number for one in rounds(self.store.folder))
        if is_whole:
            self.trouble, self._crashes = "", 0
        else:
            self._crashed(learning.last_words)
        learning.close()
        self._learning = None
        with suppress(OSError):
            folder_of(self.store.folder, learning.number).with_name(f"{learning.number}.job.json").unlink()
        tidy(self.store.folder)

    def _crashed(self, words: str) -> None:
        self._crashes += 1
        self._rests_until = time.monotonic() + RESTS[min(self._crashes, len(RESTS)) - 1]
        again = "It is tried again in a while." if self._crashes <= len(RESTS) else "It is tried again after more labels."
        self.trouble = f"Learning stopped: {words.rstrip('.')}. {again}"

    def _take_in(self) -> None:
        """Take in what the newest whole round proposes for images that nobody has open, each image at once or not at all."""
        if not self._rounds:
            return
        made = self._rounds[-1]
        files = (folder_of(self.store.folder, made.number) / PROPOSALS).glob("*.json")
        waiting = [path for path in files if path.stem.isdecimal() and not self._is_open(int(path.stem))]
        for path in sorted(waiting)[:TAKEN_AT_ONCE]:
            try:
                self._replace(int(path.stem), read_json(path), made)
            except (NotSaved, Busy):
                raise
            except (MaskwrightError, KeyError, TypeError, ValueError):
                pass  # an image that is gone, or a mask that does not fit it any more
            path.unlink(missing_ok=True)

    def _replace(self, image: int, value: dict[str, Any], made: Round) -> None:
        """Put a round's proposals in the place of the open ones."""
        state = self.store.file_state(image)
        if state.changed or state.trouble or state.size_hw is None:
            return
        there = {one.id for one in classes.listed(self.store.database)}
        with self.store.database.reading() as connection:
            row = connection.execute("SELECT state FROM images WHERE id = ?", (image,)).fetchone()
        known = known_on(self.store.database, image, state.size_hw)
        found = [] if row["state"] == "done" else value["proposals"]
        kept = []
        for one in found:
            mask = Mask.from_json(one)
            if one["class_id"] in there and not known.holds(mask):
                kept.append(Proposed(one["class_id"], mask, float(one["score"]), made.name))
        proposals.add(self.store.database, image, kept, replace_open=True)
        images.set_uncertainty(self.store.database, image, float(value["uncertainty"]))
        images.keep_looks(self.store.database, image, value["looks"])


def _chosen(rows: Sequence[Any]) -> list[Any]:
    """The images to predict, by name; of very many, those whose labels would help most."""
    if len(rows) > MOST_PREDICTED:
        places = helpful([row["uncertainty"] for row in rows], [row["looks"] for row in rows])
        rows = [rows[place] for place in places[:MOST_PREDICTED]]
    return sorted(rows, key=lambda row: natural_key(row["name"]))
