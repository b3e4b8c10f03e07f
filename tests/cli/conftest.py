"""Commands run as a person runs them, and one trained run that all tests may read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maskwright.cli.main import app

Invoke = Callable[..., Result]

# A training of a second: `maskwright train DATA --out RUN *TINY`.
TINY = (
    "--budget", "1s", "--set", "steps=6", "--set", "validate_every=3", "--set", "model.widths=[4,8]",
    "--set", "crop_hw=[32,32]", "--set", "batch=2", "--set", "precision=fp32", "--set", "optimizer.learning_rate=0.01",
)  # fmt: skip


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="maskwright")


@pytest.fixture(name="invoke")
def the_program() -> Invoke:
    """`invoke("check", folder)`: the result with exit code, stdout and stderr."""
    return invoke


@pytest.fixture
def tiny() -> tuple[str, ...]:
    """Options that make a training take a second."""
    return TINY


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, blobs_to_read: Path) -> Path:
    """A run on the blobs, to be read and not changed."""
    run = tmp_path_factory.mktemp("runs") / "blobs-1"
    result = invoke("train", blobs_to_read, "--out", run, *TINY)
    assert result.exit_code == 0, result.output
    return run
