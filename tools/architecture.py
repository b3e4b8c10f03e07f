"""Keep the tree of ARCHITECTURE.md equal to the code: one line a module, taken from its docstring.

`python tools/architecture.py` says what differs and exits with 1; with `--write` it rewrites the tree.
"""

import ast
import sys
import tomllib
from difflib import unified_diff
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "maskwright"
PAGE = ROOT / "ARCHITECTURE.md"
BEGIN, END = "<!-- tree: written by `python tools/architecture.py --write` -->\n", "<!-- end of the tree -->\n"


def layers() -> list[str]:
    """The packages, top first, as the import contract names them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return [package for layer in contracts[0]["layers"] for package in layer.split(" | ")]


def first_line(path: Path) -> str:
    """What a module says it does: the first line of its docstring."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not docstring:
        sys.exit(f"{path.relative_to(ROOT)}: the module needs a docstring whose first line says what it does.")
    return docstring.splitlines()[0]


def tree() -> str:
    """The package as a tree, top layer first, each line with the module's own words."""
    lines = ["```"]
    for package in layers():
        folder = PACKAGE / package
        lines.append(f"{package + '/':<24}{first_line(folder / '__init__.py')}")
        for path in sorted(folder.rglob("*.py")):
            if path.name != "__init__.py":
                lines.append(f"    {path.relative_to(folder).as_posix():<20}{first_line(path)}")
    return "\n".join([*lines, "```"]) + "\n"


def page() -> str:
    """ARCHITECTURE.md as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + tree() + END + rest.partition(END)[2]


def main(arguments: list[str]) -> int:
    is_now, should_be = PAGE.read_text(encoding="utf-8"), page()
    if arguments == ["--write"]:
        PAGE.write_text(should_be, encoding="utf-8")
    elif is_now != should_be:
        print(*unified_diff(is_now.splitlines(), should_be.splitlines(), "ARCHITECTURE.md", "the code", lineterm=""), sep="\n")
        print("Run: python tools/architecture.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
