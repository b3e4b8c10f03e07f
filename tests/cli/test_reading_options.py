"""What is said about the data reaches the reading, and is written again as it was typed."""

import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from maskwright.cli.reading_options import reads_data, typed
from maskwright.engine.reading import Reading


def reading_of(line: str) -> Reading:
    """The reading that these options make."""
    made = []
    app = typer.Typer()

    @app.command()
    @reads_data
    def command(said: dict, folder: Path) -> None:
        made.append(Reading(path=folder, **said))

    result = CliRunner().invoke(app, ["data", *shlex.split(line)])
    assert result.exit_code == 0, result.output
    return made[0]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--masks 'other folder'",
        "--kind class-ids --ignore 255 --ignore 7 --class-names background,cell",
        "--ignore '#FFFFFF' --colors '#000000=background,#9B9B9B=dead cell'",
        "--foreground 128 --repair nearest --group-by '^(a|b)' --max-pixels 1000",
        "--image-glob 'raw/*.tif' --mask-glob 'seg/*.png'",
        "--format coco --annotations 'all of them.json'",
    ],
)
def test_options_are_written_as_they_were_typed(line):
    assert shlex.split(typed(reading_of(line))) == sorted_like(line)


def sorted_like(line: str) -> list[str]:
    """The words of a line in the order of the options."""
    words = shlex.split(line)
    order = ["--masks", "--image-glob", "--mask-glob", "--kind", "--ignore", "--class-names", "--colors", "--foreground"]
    pairs = list(zip(words[::2], words[1::2], strict=True))
    order += ["--repair", "--format", "--annotations", "--group-by", "--max-pixels"]
    place = {flag: index for index, flag in enumerate(order)}
    return [word for pair in sorted(pairs, key=lambda pair: place[pair[0]]) for word in pair]


def test_a_foreground_of_0_is_not_forgotten():
    assert reading_of("--foreground 0").foreground == 0
    assert typed(reading_of("--foreground 0")) == "--foreground 0"


def test_a_reading_comes_back_from_its_file(tmp_path):
    reading = reading_of("--masks m --ignore '#FFFFFF' --ignore 3 --colors '#000000=a,#010203=b' --class-names a,b")
    reading.save(tmp_path)
    kept = Reading.of_run(tmp_path)
    assert kept.path == Path("data").absolute()
    assert kept.masks == Path("m").absolute()
    assert (kept.ignore, kept.colors, kept.class_names) == (reading.ignore, reading.colors, reading.class_names)
