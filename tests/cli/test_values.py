"""What is typed becomes what is meant, or an error with an example."""

import pytest
import typer

from maskwright.cli import values


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("90s", 1.5), ("10min", 10), ("1h", 60), ("1.5h", 90), ("10 min", 10), ("2m", 2), ("30SEC", 0.5), ("0.5s", 1 / 120)],
)
def test_times(text, minutes):
    assert values.minutes(text) == pytest.approx(minutes)


@pytest.mark.parametrize("text", ["10", "min", "-5min", "0s", "ten minutes", "1d", "nan", "1e9min", ""])
def test_what_is_no_time_is_answered_with_examples(text):
    with pytest.raises(typer.BadParameter, match=r"90s, 10min or 1\.5h"):
        values.minutes(text)


def test_mask_values_are_numbers_or_colours():
    assert values.mask_value("255") == 255
    assert values.mask_value("-1") == -1
    assert values.mask_value("#9b9B00") == (155, 155, 0)
    for text in ("white", "#12345", "1.5", "#GGGGGG"):
        with pytest.raises(typer.BadParameter, match="#9B9B9B"):
            values.mask_value(text)


def test_a_mask_value_is_written_as_it_is_read():
    for value in (0, 255, -1, (155, 155, 0)):
        assert values.mask_value(values.written(value)) == value


def test_colour_tables():
    assert values.color_table("#000000=background, #9B9B9B=dead cell") == (
        ((0, 0, 0), "background"),
        ((155, 155, 155), "dead cell"),
    )
    for text, complaint in (("#000000", "names no class"), ("#000000=", "names no class"), ("=cell", "no colour")):
        with pytest.raises(typer.BadParameter, match=complaint):
            values.color_table(text)


def test_assignments_keep_everything_behind_the_first_sign():
    assert values.assignments(["model.widths=[16,32]", "a = b=c"]) == {"model.widths": "[16,32]", "a": "b=c"}


@pytest.mark.parametrize("texts", [["steps"], ["=3"], ["steps=1", "steps=2"]])
def test_assignments_that_set_nothing_or_twice(texts):
    with pytest.raises(typer.BadParameter, match=r"sets nothing|set twice"):
        values.assignments(texts)
