"""Tables for the terminal."""

import io
import math
from dataclasses import replace

from rich.console import Console

from maskwright.report.terminal import plan_table, score_table


def shown(table, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(table)
    return console.file.getvalue()


def test_every_score_has_its_interval_baseline_and_rule(make_report):
    scores = make_report().scores
    text, row = shown(score_table(scores), width=400), scores.headline_row
    line = next(line for line in text.splitlines() if line.split()[:1] == ["cell"])
    assert line.split() == ["cell", f"{row.value:.3f}", f"{row.low:.3f}", "to", f"{row.high:.3f}", f"{row.baseline:.3f}", "1"]
    assert f"1 {row.rule}" in " ".join(text.split())
    assert "Baseline: 'background' everywhere." in text


def test_means_over_images_are_shown_when_asked_for(make_report):
    scores = make_report().scores
    assert "Dice per image" not in shown(score_table(scores))
    assert "Dice per image" in shown(score_table(scores, per_image=True))


def test_counts_are_whole_numbers_and_a_rule_within_another_is_told_once(make_report):
    scores = make_report().scores
    row = replace(scores.headline_row, rule="Shared / all.")
    mean = replace(row, subject="all images", rule="The mean over images of: shared / all.")
    count = replace(row, metric="true objects", value=7.0, rule="the number of true objects")
    text = shown(score_table(replace(scores, rows=(row, mean, count))))
    assert "The mean over images of: as 1." in text
    assert "2  The mean over images of: shared" not in text
    (line,) = (line for line in text.splitlines() if line.strip().startswith("True objects"))
    assert " 7 " in line


def test_names_are_no_markup_and_long_ones_do_not_push_numbers_away(make_report):
    scores = make_report(names=("background", "[red]x[/red]", "y" * 500)).scores
    text = shown(score_table(scores), width=80)
    assert "[red]x[/red]" in text
    assert f"{scores.row('dice', 'y' * 500).value:.3f}" in text
    assert max(map(len, text.splitlines())) <= 80


def test_what_cannot_be_measured(make_report):
    scores = make_report().scores
    scores = replace(scores, rows=tuple(replace(row, value=math.nan, low=math.nan, high=math.nan) for row in scores.rows))
    assert "n/a" in shown(score_table(scores))


def test_a_plan_with_its_reasons():
    text = shown(plan_table({"decisions": [{"name": "batch", "value": 8, "why": "[fills] 2 cores"}]}))
    assert "batch" in text
    assert "8" in text
    assert "[fills] 2 cores" in text
