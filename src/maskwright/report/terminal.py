"""Scores and plans as tables for the terminal."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from maskwright.metrics.scores import Scores
from maskwright.report.tables import score_groups
from maskwright.report.words import amount, interval_of, number, printable, shortened, title_of, value_of

NAME_LENGTH = 28  # characters of a class name; longer ones would push the numbers off a screen of 80 columns


def score_table(scores: Scores, *, per_image: bool = False) -> Table:
    """Scores with their intervals and baselines, the headline's metric first; each row's rule stands below, by its number.

    `per_image` adds the means over images to the pooled scores, and the details. Names are shown as they are: brackets in them
    are no markup.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption_justify="left")
    table.add_column("score", no_wrap=True)
    table.add_column("of", overflow="fold")
    for heading in ("value", "95 % interval", *(["baseline"] if scores.baseline else []), "rule"):
        table.add_column(heading, justify="right", no_wrap=True)
    rules: dict[str, int] = {}
    groups = [
        (group.metric, rows)
        for group in score_groups(scores)
        if (rows := [row for row in group.rows if per_image or not (row.detail or group.metric.endswith(" per image"))])
    ]
    spaced = any(len(rows) > 1 for _, rows in groups)
    for metric, rows in groups:
        for row in rows:
            rule = rules.setdefault(row.rule, len(rules) + 1)
            baseline = [number(row.baseline)] if scores.baseline else []
            cells = (value_of(row), interval_of(row), *baseline, str(rule))
            name = title_of(metric) if row is rows[0] else ""
            style = "bold" if row is scores.headline_row else ""
            table.add_row(name, _name(row.subject), *cells, style=style, end_section=spaced and row is rows[-1])
    notes = [f"{place}  {rule}" for rule, place in zip(_told_once(list(rules)), rules.values(), strict=True)]
    about = [f"Baseline: {scores.baseline}."] if scores.baseline else []
    table.caption = Text(printable("\n".join([*about, *notes])), style="dim not italic")
    return table


def plan_table(plan: dict[str, Any]) -> Table:
    """Every decision of a plan with its reason; `plan` is the content of plan.json."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("decision", no_wrap=True)
    table.add_column("value", style="bold", overflow="fold", max_width=40)
    table.add_column("why", overflow="fold", ratio=1)
    for decision in plan.get("decisions", ()):
        table.add_row(_name(decision["name"]), Text(printable(amount(decision["value"]))), Text(printable(decision["why"])))
    return table


def _told_once(rules: Sequence[str]) -> list[str]:
    """The rules, those that end as an earlier one reads with its number in place of it: "The mean over images of: as 1." """
    told: list[str] = []
    for rule in rules:
        same = [place for place, earlier in enumerate(rules[: len(told)]) if rule.lower().endswith(f" {earlier.lower()}")]
        told.append(f"{rule[: -len(rules[same[0]])]}as {same[0] + 1}." if same else rule)
    return told


def _name(name: str) -> Text:
    return Text(shortened(printable(name), NAME_LENGTH))
