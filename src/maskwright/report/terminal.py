"""Scores and plans as tables for the terminal."""

from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from maskwright.metrics.scores import Scores
from maskwright.report.words import amount, interval_of, number, printable, shortened, title_of

NAME_LENGTH = 32  # characters of a class name; longer ones would push the numbers off the screen


def score_table(scores: Scores) -> Table:
    """Every score with its interval, what nothing but background would score, and the rule.

    Names are shown as they are: square brackets in them are no markup.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.add_column("score", no_wrap=True)
    table.add_column("of", overflow="ellipsis")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("95 % interval", no_wrap=True)
    table.add_column("baseline", justify="right", no_wrap=True)
    table.add_column("rule", style="dim", overflow="fold", ratio=1)
    last = None
    for row in scores.rows:
        style = "bold" if row is scores.headline_row else ""
        rule = row.rule if (row.metric, row.rule) != last else "〃"
        table.add_row(
            Text(title_of(row.metric)), _name(row.subject), number(row.value), interval_of(row), number(row.baseline),
            Text(rule), style=style,
        )  # fmt: skip
        last = (row.metric, row.rule)
    return table


def plan_table(plan: dict[str, Any]) -> Table:
    """Every decision of a plan with its reason; `plan` is the content of plan.json."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("decision", no_wrap=True)
    table.add_column("value", style="bold", overflow="fold")
    table.add_column("why", overflow="fold", ratio=1)
    for decision in plan.get("decisions", ()):
        table.add_row(_name(decision["name"]), Text(printable(amount(decision["value"]))), Text(printable(decision["why"])))
    return table


def _name(name: str) -> Text:
    return Text(shortened(printable(name), NAME_LENGTH))
