"""The documentation is tested: what it names exists, and what it promises to list it lists."""

import ast
import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from maskwright.plan.plan import Plan

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])

BAD_INPUT = [*range(1, 54), *range(55, 79), *range(84, 162)]
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
    page = (DOCS / "reference" / "plan.md").read_text(encoding="utf-8").partition("\n## ")[0]
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


def options_of_commands() -> dict[str, set[str]]:
    """The options that each command has, by the reference."""
    page = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## `maskwright ([\w-]+)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return {command: set(re.findall(r"^\* `(--[\w-]+)", text, re.MULTILINE)) for command, text in sections}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_and_options_in_the_text_exist(page):
    known = options_of_commands()
    for command, rest in re.findall(r"maskwright ([a-z-]+)((?: +(?!#)[^`\n]*)?)", "\n".join(code_of(page))):
        assert command in known, command
        assert set(re.findall(r"(?<!\S)--[\w-]+", rest)) <= known[command], f"maskwright {command}{rest}"


def code_of(page: Path) -> list[str]:
    """Blocks for a shell, and code within lines."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    return blocks + re.findall(r"`(maskwright [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def test_the_reference_of_the_commands_is_what_they_say_of_themselves(tmp_path):
    """When this fails, run this command with --output docs/reference/commands.md."""
    arguments = ["maskwright.cli.main", "utils", "docs", "--name", "maskwright", "--title", "Commands"]
    page = tmp_path / "commands.md"
    subprocess.run([sys.executable, "-m", "typer", *arguments, "--output", str(page)], check=True, capture_output=True)
    assert (DOCS / "reference" / "commands.md").read_text(encoding="utf-8") == page.read_text(encoding="utf-8")
