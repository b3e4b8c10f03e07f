"""Words, tables and progress on the terminal: calm, and plain where the terminal is plain."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

PLAIN_WIDTH = 120  # of tables that go into a file or a pipe
PLAIN_SECONDS = 10.0  # between lines of progress where there is no bar


class QuietConsole(Console):
    """A console that leaves a broken pipe to `main`, where it is no error."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


PLAIN = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH

OUT = QuietConsole(markup=False, emoji=False, highlight=False, width=PLAIN)
ERR = QuietConsole(markup=False, emoji=False, highlight=False, stderr=True)

Report = Callable[[int, int], None]


def say(text: str | Text, *, style: str = "", indent: int = 0, console: Console = OUT) -> None:
    """One paragraph, wrapped to the terminal with its indent kept; in a file or a pipe, one line."""
    content = Text(text, style=style) if isinstance(text, str) else text
    if console.is_terminal:
        console.print(Padding(content, (0, 0, 0, indent), expand=False))
    else:
        console.print(Text(" " * indent) + content, soft_wrap=True)


def gap() -> None:
    """An empty line."""
    OUT.print()


def heading(title: str, about: str = "") -> None:
    """A title after an empty line, with what it is about beside it."""
    gap()
    say(Text.assemble((title, "bold"), ("  " + about if about else "", "dim")))


def show(table: RenderableType) -> None:
    """A table, set in from the left like the words."""
    OUT.print(Padding(table, (0, 0, 0, 2), expand=False))


def is_live() -> bool:
    """Whether bars may move: on a terminal that can move its cursor and is not asked to be plain."""
    return OUT.is_terminal and not OUT.is_dumb_terminal and "NO_COLOR" not in os.environ


@contextmanager
def bar(what: str) -> Iterator[Report]:
    """Progress as a bar that vanishes at the end; where bars cannot move, a line now and then."""
    if not is_live():
        yield _lines(what)
        return
    columns = (TextColumn("  {task.description}"), BarColumn(bar_width=None), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=OUT, transient=True, expand=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total, description=f"{what} {done} of {total}")


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say what is being done while it is done; on a live terminal the words vanish afterwards."""
    if is_live():
        with OUT.status(what, spinner="line"):
            yield
    else:
        say(f"{what} ...", indent=2)
        yield


def _lines(what: str) -> Report:
    last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > PLAIN_SECONDS:
            last = time.monotonic()
            say(f"{what}: {done} of {total}", indent=2)

    return report


def forgive_letters() -> None:
    """Letters that the terminal's encoding lacks become '?', so that no name can stop the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
