"""Which assistants there are: those that come with the package, those that are installed, and runs."""

from collections.abc import Callable
from pathlib import Path

from maskwright.assist.assistant import Assistant
from maskwright.base.errors import DataError, did_you_mean

DEFAULT = "classical"


def assistants() -> dict[str, Callable[[], Assistant]]:
    """What makes each assistant that is available here, by its name. Nothing heavy is loaded before one is made."""
    return {}


def open_assistant(name: str) -> Assistant:
    """The assistant of this name, or the run in this folder as one. Raises `DataError` where there is neither."""
    available = assistants()
    if name in available:
        return available[name]()
    if (Path(name) / "plan.json").is_file():
        raise NotImplementedError
    raise DataError(f"There is no assistant '{name}' here. {did_you_mean(name, available)}")
