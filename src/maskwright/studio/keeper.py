"""The thread that keeps the files of an open project up to its database, a moment after each change, and backs it up."""

import threading
import time

from maskwright.base.errors import MaskwrightError
from maskwright.studio.store import Store

QUIET_SECONDS = 1.0  # after the last change until files are written
LONGEST_SECONDS = 5.0  # that a change waits while others follow
BACKUP_SECONDS = 1800.0


class Keeper:
    """Runs beside the server. `trouble` says in words why files could not be written; edits are safe all the same."""

    def __init__(self, store: Store) -> None:
        self.store, self.trouble = store, ""
        self._changed, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._backed_up = time.monotonic()

    def start(self) -> None:
        self._thread.start()

    def changed(self) -> None:
        """Say that there is something to write."""
        self._changed.set()

    def stop(self) -> None:
        """Write what is left and end."""
        self._stop.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join()
        self._write(is_last=True)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._changed.wait()
            begun = time.monotonic()
            while self._changed.is_set() and time.monotonic() - begun < LONGEST_SECONDS:
                self._changed.clear()
                if self._stop.wait(QUIET_SECONDS):
                    return
            self._write()
            if self.trouble and not self._stop.wait(LONGEST_SECONDS):
                self._changed.set()

    def _write(self, *, is_last: bool = False) -> None:
        try:
            self.store.write_files()
            if is_last or time.monotonic() - self._backed_up > BACKUP_SECONDS:
                self.store.database.back_up()
                self._backed_up = time.monotonic()
            self.trouble = ""
        except MaskwrightError as error:
            self.trouble = str(error)
