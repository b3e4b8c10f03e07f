"""The documentation is tested: what it names exists, and what it promises to list it lists."""

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from maskwright.plan.plan import Plan

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])

BAD_INPUT = [*range(1, 49), *range(56, 79), *range(84, 94)]
NOT_TESTED = "no test"  # opens the reason why there is none


def rows() -> dict[int, str]:
    """The test column of the bad-input table, by number."""
    table = (DOCS / "reference" / "bad-input.md").read_text(encoding="utf-8")
    return {int(number): last.strip() for number, last in re.findall(r"^\| (\d+) \|.*\|([^|]*)\|$", table, re.MULTILINE)}


def test_the_bad_input_table_is_complete():
    assert list(rows()) == BAD_INPUT


@pytest.mark.parametrize("number", BAD_INPUT)
def test_every_bad_input_names_a_test_that_exists(number):
    """Either tests as `folder/file.py::name`, or the reason why there is none."""
    column = rows()[number]
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", column)
    assert named or column.startswith(NOT_TESTED), "name a test, or say why there is none"
    for file, name in named:
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, file


def test_every_field_of_the_plan_is_explained():
    page = (DOCS / "reference" / "plan.md").read_text(encoding="utf-8")
    explained = {name for row in re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert explained == {field.name for field in dataclasses.fields(Plan)}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_code_for_python_compiles(page):
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        compile(block, str(page), "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_to_files_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target
