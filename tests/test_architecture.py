"""ARCHITECTURE.md tells the truth, and the package's front door stays light."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import maskwright

ROOT = Path(__file__).resolve().parents[1]


def load_tool() -> ModuleType:
    """tools/architecture.py as a module; the folder is no package."""
    spec = importlib.util.spec_from_file_location("architecture", ROOT / "tools" / "architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tree_of_the_page_is_the_tree_of_the_code():
    """When this fails: python tools/architecture.py --write."""
    tool = load_tool()
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page()


def test_every_package_is_a_layer():
    """A new package must take its place in the order of imports."""
    packages = {path.parent.name for path in (ROOT / "src" / "maskwright").glob("*/__init__.py")}
    assert packages == set(load_tool().layers())


def test_importing_the_package_brings_neither_torch_nor_matplotlib():
    """`maskwright --help` and scripts that only read masks must not wait for them."""
    code = "import sys, maskwright; print(sorted({'torch', 'matplotlib', 'scipy', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", dir(maskwright))
def test_every_public_name_leads_somewhere(name):
    assert getattr(maskwright, name) is not None


def test_a_package_loaded_later_does_not_take_the_place_of_a_verb():
    """`maskwright.plan` is both a package and a verb; `mw.plan` must stay the verb."""
    code = (
        "import maskwright.plan.plan, maskwright.report.page, maskwright as mw; print(callable(mw.plan), callable(mw.report))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True True"


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(AttributeError, match="has no 'trian'; it has read, image, check"):
        maskwright.trian  # noqa: B018
