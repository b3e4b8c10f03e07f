"""Runs side by side on the terminal."""

import io

from rich.console import Console

from maskwright.report.comparison_terminal import class_table, run_table


def shown(table, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(table)
    return console.file.getvalue()


def line_of(text: str, name: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [name])


def test_every_run_has_a_row_and_the_first_no_difference(make_comparison):
    comparison = make_comparison({"a": 0.5, "b": 0.6})
    text = shown(run_table(comparison))
    first, second = map(comparison.headline, comparison.runs)
    assert line_of(text, "a") == ["a", "U-Net", "a", f"{first.value:.3f}"]
    assert line_of(text, "b") == ["b", "U-Net", "b", f"{second.value:.3f}", f"{second.difference:+.3f}", "100.0", "%"]
    assert "1.9 M weights, 20 steps, 90 s" in text
    assert f"{second.difference_low:+.3f} to {second.difference_high:+.3f}" in text
    assert "2 x hits / both" in text
    assert "another seed" in text


def test_every_class_has_a_row(make_comparison):
    comparison = make_comparison({"a": 0.5, "b": 0.4}, names=("background", "cell", "rim"))
    text = shown(class_table(comparison))
    for name in comparison.class_names:
        first, second = (run.row("dice", name) for run in comparison.runs)
        assert line_of(text, name) == [name, f"{first.value:.3f}", f"{second.difference:+.3f}"]


def test_names_are_shown_as_they_are_and_fit_a_small_screen(make_comparison):
    comparison = make_comparison({"[red]a[/red]": 0.5, "b" * 90: 0.6})
    text = shown(run_table(comparison), width=80) + shown(class_table(comparison), width=80)
    assert "[red]a[/red]" in text
    assert "b" * 90 not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in shown(run_table(make_comparison({"a": 0.5, "b": 0.6})), width=80)
