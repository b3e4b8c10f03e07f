"""A comparison of runs as tables for the terminal."""

from rich import box
from rich.table import Table
from rich.text import Text

from maskwright.metrics.paired import PairedScore
from maskwright.report import comparison_words as say
from maskwright.report.comparison import ComparedRun, RunComparison
from maskwright.report.words import duration, measure, number, printable, rounded, shortened, signed

NAME_LENGTH = 28  # characters of a run's or a class's name
STYLES = {"better": "green", "worse": "red"}


def run_table(comparison: RunComparison) -> Table:
    """One row a run: what it is, what it cost, its headline score and how that differs from the first run's."""
    what = measure(comparison.metric, shortened(comparison.subject, NAME_LENGTH))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption_justify="left")
    table.add_column("run", overflow="fold")
    table.add_column("network", overflow="fold", ratio=1)
    for heading in ("weights", "steps", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(printable(what), justify="right")
    table.add_column(Text(f"difference to {_name(comparison.runs[0].name)}"), justify="right")
    table.add_column("better in", justify="right", no_wrap=True)
    for run in comparison.runs:
        score = comparison.headline(run)
        is_first = run is comparison.runs[0]
        table.add_row(
            Text(_name(run.name), style="bold"), Text(printable(run.model)),
            rounded(run.weights), say.steps(run), _time(run),
            _two_lines(number(score.value), say.interval(score)),
            "" if is_first else _difference(score), "" if is_first else say.better_in(score),
            end_section=True,
        )  # fmt: skip
    table.caption = Text(printable(f"{comparison.rule}\n{say.READING}"), style="dim not italic")
    return table


def class_table(comparison: RunComparison) -> Table:
    """One row a class: the first run's score, and the difference of every other run."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("class", overflow="fold")
    for run in comparison.runs:
        table.add_column(Text(_name(run.name)), justify="right", overflow="fold")
    for name in comparison.class_names:
        first, *others = (run.row(comparison.metric, name) for run in comparison.runs)
        cells = (_two_lines(number(first.value), say.interval(first)), *map(_difference, others))
        table.add_row(_name(name), *cells, end_section=True)
    return table


def _difference(score: PairedScore) -> Text:
    """The difference over its interval, in colour where the interval leaves out 0."""
    return _two_lines(signed(score.difference), say.difference_interval(score), STYLES.get(say.verdict(score), ""))


def _two_lines(first: str, second: str, style: str = "") -> Text:
    return Text.assemble((first, style), ("\n" + second if second else "", "dim"))


def _time(run: ComparedRun) -> str:
    return "n/a" if run.seconds != run.seconds else duration(run.seconds)


def _name(name: str) -> str:
    return shortened(printable(name), NAME_LENGTH)
