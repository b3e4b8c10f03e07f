"""A comparison of runs as tables for the terminal."""

from rich import box
from rich.table import Table
from rich.text import Text

from maskwright.metrics.paired import PairedScore
from maskwright.report import comparison_words as say
from maskwright.report.comparison import RunComparison
from maskwright.report.words import number, printable, rounded, shortened, signed, title_of

NAME_LENGTH = 28  # characters of a run's or a class's name
STYLES = {"better": "green", "worse": "red"}


def run_table(comparison: RunComparison) -> Table:
    """One row a run: what it is, what it cost, its headline score and how that differs from the first run's."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption_justify="left")
    table.add_column("run", overflow="fold", style="bold")
    table.add_column("network", overflow="fold", ratio=1)
    for heading in ("score", "difference", "better in"):
        table.add_column(heading, justify="right", no_wrap=True)
    for run in comparison.runs:
        score = comparison.headline(run)
        cost = f"{rounded(run.weights)} weights, {say.steps(run)} steps, {say.time(run)}"
        cells = [_name(run.name), _two_lines(printable(run.model), cost), _two_lines(number(score.value), say.interval(score))]
        if run is not comparison.runs[0]:
            cells += [_difference(score), Text(say.better_in(score))]
        table.add_row(*cells, end_section=True)
    table.caption = Text(printable(f"{comparison.rule}\n{say.READING}"), style="dim not italic")
    return table


def class_table(comparison: RunComparison) -> Table:
    """One row a class: the first run's score, and the difference of every other run."""
    return _differences(comparison, "class", comparison.by_class())


def metric_table(comparison: RunComparison) -> Table:
    """One row a metric beside the headline's: the first run's score, and the difference of every other run."""
    return _differences(comparison, "score", {title_of(metric): scores for metric, scores in comparison.by_metric().items()})


def _differences(comparison: RunComparison, heading: str, rows: dict[str, list[PairedScore]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(heading, overflow="fold")
    for run in comparison.runs:
        table.add_column(_name(run.name), justify="right", overflow="fold")
    for name, (first, *others) in rows.items():
        cells = (_two_lines(number(first.value), say.interval(first)), *map(_difference, others))
        table.add_row(_name(name), *cells, end_section=True)
    return table


def _difference(score: PairedScore) -> Text:
    """The difference over its interval, in colour where the interval leaves out 0."""
    return _two_lines(signed(score.difference), say.difference_interval(score), STYLES.get(say.verdict(score), ""))


def _two_lines(first: str, second: str, style: str = "") -> Text:
    return Text.assemble((first, style), ("\n" + second if second else "", "dim"))


def _name(name: str) -> Text:
    return Text(shortened(printable(name), NAME_LENGTH))
