"""Stopping in good order: the first signal asks, the second insists."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def stop_on_signals(*, second_insists: bool = True) -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM or SIGHUP sets; a second one raises `KeyboardInterrupt` at once, if it may insist.

    It may not where whoever started this process passes signals on, and one from a terminal or a scheduler can come twice.
    Outside the main thread, where Python permits no signal handlers, the event is never set.
    """
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set() and second_insists:
            raise KeyboardInterrupt
        asked.set()

    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
