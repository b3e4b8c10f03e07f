"""Scores on the terminal: the table with its rules, warnings, and what well-known libraries would print."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from maskwright.cli.steps import tell
from maskwright.cli.terminal import gap, heading, show
from maskwright.metrics.rules import Convention
from maskwright.metrics.scores import Scores
from maskwright.report.terminal import score_table
from maskwright.report.words import number


def show_scores(scores: Scores, about: str = "") -> None:
    """The table of scores, and what to know before believing them."""
    heading("Scores", about)
    show(score_table(scores))
    gap()
    for warning in scores.warnings:
        tell("warning", warning)


def show_conventions(rules: Sequence[Convention]) -> None:
    """What each library would print for the same masks, and the rule behind its number."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("library", overflow="fold")
    table.add_column("rule", overflow="fold", ratio=1)
    for rule in rules:
        name = Text.assemble((rule.library, "bold"), f"\n{rule.call}")
        table.add_row(number(rule.value), name, Text(rule.rule, style="dim"), end_section=True)
    heading("What others would print", "for the same masks")
    show(table)
