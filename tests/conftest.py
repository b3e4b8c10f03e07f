"""What all tests share: shape checks, repeatable examples, one thread, and where the real data lies."""

import functools
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from beartype import BeartypeConf, beartype
from beartype.roar import BeartypeDecorHintPep3119Exception
from hypothesis import settings
from jaxtyping import install_import_hook
from PIL import Image

# Before anything imports torch or NumPy's BLAS: sums in one order everywhere, and test processes that share cores in peace.
for threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

NUMBERS = BeartypeConf(is_pep484_tower=True)  # an int is a float, as PEP 484 and every type checker have it


def shape_checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check a function's annotations, array shapes included, on every call but those by which torch traces a network.

    There sizes are tensors, and looking at them would be traced too. Dataclasses with a `__post_init__` are left to it, so that
    tests see its message in words and not the type checker's.
    """
    try:
        checked = beartype(conf=NUMBERS)(function)
    except BeartypeDecorHintPep3119Exception:
        return function  # an annotation is a Protocol without @runtime_checkable
    if function.__name__ != "__init__":

        @functools.wraps(function)
        def checked_unless_traced(*args: Any, **named: Any) -> Any:
            torch = sys.modules.get("torch")
            traces = torch is not None and torch.jit.is_tracing()
            return function(*args, **named) if traces else checked(*args, **named)

        return checked_unless_traced

    def checked_init(self: object, *args: Any, **named: Any) -> Any:
        return None if hasattr(self, "__post_init__") else checked(self, *args, **named)

    return checked_init


install_import_hook("maskwright", f"{__name__}.shape_checked")  # the whole package, in the test run only

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=50, print_blob=True)
settings.load_profile("repeatable")

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets beside the repository; a test that needs it is skipped where there is none."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real data sets are not on this machine ({REAL_DATA})")
    return REAL_DATA


@pytest.fixture(scope="session")
def blobs_to_read(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`blob_folder` for tests that change nothing in it."""
    folder = tmp_path_factory.mktemp("data") / "blobs"
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:64, :64]
    for number in range(6):
        mask = np.zeros((64, 64), bool)
        for _ in range(4):
            (cy, cx), radius = rng.uniform(8, 56, 2), rng.uniform(5, 10)
            mask |= (y - cy) ** 2 + (x - cx) ** 2 < radius**2
        image = np.clip(60 + 110 * mask + rng.normal(0, 12, mask.shape), 0, 255).astype(np.uint8)
        Image.fromarray(image).save(folder / "images" / f"cell{number}.png")
        Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "masks" / f"cell{number}.png")
    return folder


@pytest.fixture
def blob_folder(tmp_path: Path, blobs_to_read: Path) -> Path:
    """A small data set that a network learns in seconds: six 64x64 gray images of bright discs, with masks of 0 and 255."""
    return Path(shutil.copytree(blobs_to_read, tmp_path / "blobs"))


@pytest.fixture(autouse=True)
def torch_alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch predicts but where runtimes are tested: to compile a network takes longer than a test has to predict."""
    if "maskwright.engine" in sys.modules and "runtimes" not in request.path.parts:
        monkeypatch.setattr("maskwright.engine.runtimes.choose.installed", lambda: None)
