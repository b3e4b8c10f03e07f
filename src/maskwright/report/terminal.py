"""Scores and plans as tables for the terminal."""

from typing import Any

from rich.table import Table

from maskwright.metrics.scores import Scores


def score_table(scores: Scores) -> Table:
    """Every score with its interval, the baseline and the rule."""
    raise NotImplementedError


def plan_table(plan: dict[str, Any]) -> Table:
    """Every decision of a plan with its reason; `plan` is the content of plan.json."""
    raise NotImplementedError
