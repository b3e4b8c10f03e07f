"""Tables as files: whole or absent, read back by any program, and harmless in a spreadsheet."""

import csv
import json
import math

import pytest

from maskwright.base.errors import MaskwrightError
from maskwright.formats.tables import check_table_name, table

COLUMNS = ("image", "class", "area")


def write(path, *rows):
    with table(path, COLUMNS) as written:
        for row in rows:
            written.add(row)
    return path


def cells(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_commas_quotes_lines_and_letters_come_back(tmp_path):
    names = ['a,b "c".png', "zwei\nZeilen", "né 🙂", " blank "]
    path = write(tmp_path / "t.csv", *({"image": name, "class": "cell", "area": 1.5} for name in names))
    assert cells(path) == [list(COLUMNS), *([name, "cell", "1.5"] for name in names)]
    assert path.read_bytes().startswith(b"image,class,area\r\n")


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_name_becomes_a_formula(tmp_path, name):
    (_, (image, cls, area)) = cells(write(tmp_path / "t.csv", {"image": name, "class": name, "area": -2.5}))
    assert image == cls == f"'{name}"
    assert area == "-2.5"  # a number is a number


def test_what_is_missing_or_no_number_is_an_empty_cell(tmp_path):
    assert cells(write(tmp_path / "t.csv", {"image": "a", "area": math.nan}))[1] == ["a", "", ""]
    assert json.loads(write(tmp_path / "t.json", {"image": "a", "area": math.inf}).read_text()) == [
        {"image": "a", "class": None, "area": None}
    ]


def test_no_row_leaves_the_header(tmp_path):
    assert write(tmp_path / "t.csv").read_bytes() == b"image,class,area\r\n"
    assert json.loads(write(tmp_path / "t.json").read_text()) == []


def test_names_that_are_no_utf_8_are_written_as_escapes(tmp_path):
    assert cells(write(tmp_path / "t.csv", {"image": "a\udcff.png"}))[1][0] == "a\\udcff.png"


def test_a_table_that_is_not_finished_leaves_what_was_there(tmp_path):
    path = write(tmp_path / "t.csv", {"image": "old"})
    with pytest.raises(KeyboardInterrupt), table(path, COLUMNS):
        raise KeyboardInterrupt
    assert cells(path)[1][0] == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("t.xlsx", "Excel files are not written"),
        ("t.parquet", "Parquet files are not written"),
        ("t.cvs", r"Did you mean '\.csv'"),
        ("t", "as ''"),
    ],
)
def test_other_files_are_refused_in_words(tmp_path, name, what):
    with pytest.raises(MaskwrightError, match=what):
        check_table_name(tmp_path / name)
