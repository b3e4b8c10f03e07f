"""What all tests share: shape checks, repeatable examples, one thread, and where the real data lies."""

import os
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# Before anything imports torch or NumPy's BLAS: sums in one order on every machine, and test processes that share cores in peace.
for threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

# Every annotation of the package, array shapes included, is checked on every call of the test run.
install_import_hook("maskwright", "beartype.beartype")

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=50, print_blob=True)
settings.load_profile("repeatable")

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets beside the repository; a test that needs it is skipped where there is none."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real data sets are not on this machine ({REAL_DATA})")
    return REAL_DATA
