"""Ways to do the same, timed in turns, so that what disturbs the machine disturbs all of them.

A way is a function that does the work once and returns the seconds that it took. What a person would have without maskwright
comes first; a ratio is that of the two ways in one turn, and what is kept is the median of the turns.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import torch
from experiments import RECORDS

from maskwright.base.files import write_json
from maskwright.engine.environment import environment

Way = Callable[[], float]


def timed(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> Way:
    """A way to do some work that has to be timed from here; `time.process_time` counts what the processor did, not waiting."""

    def seconds() -> float:
        began = clock()
        work()
        return clock() - began

    return seconds


def take_turns(ways: Mapping[str, Way], turns: int, *, warm: int = 1) -> dict[str, list[float]]:
    """Seconds of each way in each turn, after some that are not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(warm + turns):
        for name, way in ways.items():
            took = way()
            if turn >= warm:
                seconds[name].append(took)
    return seconds


def pair(what: str, theirs: str, other: list[float], own: list[float], *, count: float = 1, unit: str = "s") -> dict[str, Any]:
    """A row of a table: medians, how many times faster ours was, and from where to where that went over the turns.

    With a unit such as "images/s" the row tells how many of `count` were done in a second, else how many seconds all took.
    """
    ratios = [a / b for a, b in zip(other, own, strict=True)]
    return {
        "what": what, "theirs": theirs, "unit": unit, "other": in_unit(other, count, unit), "own": in_unit(own, count, unit),
        "times_faster": median(ratios), "from": min(ratios), "to": max(ratios), "turns": len(ratios),
    }  # fmt: skip


def in_unit(seconds: list[float], count: float, unit: str) -> float:
    return count / median(seconds) if unit.endswith("/s") else median(seconds)


def told(row: dict[str, Any]) -> str:
    """A row for the terminal."""
    return (
        f"{row['what']}: {row['theirs']} {row['other']:.3g} {row['unit']}, maskwright {row['own']:.3g} {row['unit']}: "
        f"{row['times_faster']:.2f} times as fast ({row['from']:.2f} to {row['to']:.2f} in {row['turns']} turns)"
    )


@contextmanager
def apart(make: Callable[..., Way], *arguments: Any) -> Iterator[Way]:
    """The way that `make(*arguments)` gives, in a process of its own.

    For what changes its process, as our training does, which tells the C library to keep memory: the other side would gain.
    """
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there, make, arguments), daemon=True)
    process.start()
    there.close()
    ask: Callable[[], Any] = partial(_ask, here)
    ask()  # it is made
    try:
        yield ask
    finally:
        here.close()
        process.join()


def _ask(connection: Connection) -> Any:
    connection.send(None)
    return connection.recv()


def _serve(connection: Connection, make: Callable[..., Way], arguments: tuple[Any, ...]) -> None:
    connection.recv()
    way = make(*arguments)
    connection.send(None)
    while True:
        try:
            connection.recv()
        except EOFError:
            return
        connection.send(way())


def record_of(name: str) -> Path:
    """Where what a benchmark of speed measured is kept."""
    return RECORDS / f"speed-{name}.json"


def keep(name: str, measured: dict[str, Any]) -> None:
    """Keep what was measured, with the machine."""
    write_json(record_of(name), {"environment": environment(torch.device("cpu")), **measured})
