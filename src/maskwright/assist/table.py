"""Which assistants there are: those that come with the package, those that are installed, and runs."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from maskwright.assist.assistant import Assistant
from maskwright.assist.install import installed
from maskwright.base.errors import DataError, did_you_mean

DEFAULT = "classical"
ALONE = ("watershed", "wand", "grabcut")  # each alone, to compare with


def assistants() -> dict[str, Callable[[], Assistant]]:
    """What makes each assistant that is available here, by its name. Nothing heavy is loaded before one is made."""
    made: dict[str, Callable[[], Assistant]] = {DEFAULT: _classical}
    made |= {name: partial(_tool, name) for name in ALONE}
    return made | {name: partial(_sam, name) for name in installed()}


def open_assistant(name: str, *, is_kept: bool = True, looks_ahead: bool = False) -> Assistant:
    """The assistant of this name, or the run in this folder as one. Raises `DataError` where there is neither.

    is_kept: whether what its encoder sees is kept on the disk and taken from there; without, opening costs what it costs.
    looks_ahead: whether it works while nobody asks, so that the next click is answered sooner.
    """
    available = assistants()
    if name in installed():
        return _sam(name, is_kept=is_kept, looks_ahead=looks_ahead)
    if name in available:
        return available[name]()
    if (Path(name) / "plan.json").is_file():
        from maskwright.assist.own_run import OwnRun

        return OwnRun(Path(name))
    raise DataError(f"There is no assistant '{name}' here, nor a run of this name. {did_you_mean(name, available)}")


def _classical() -> Assistant:
    from maskwright.assist.classical import Classical

    return Classical()


def _tool(name: str) -> Assistant:
    from maskwright.assist.classical import Classical
    from maskwright.assist.tools import TOOLS

    return Classical(name, {name: TOOLS[name]})


def _sam(name: str, *, is_kept: bool = True, looks_ahead: bool = False) -> Assistant:
    from maskwright.assist.embeddings import EmbeddingCache
    from maskwright.assist.install import cache_folder, files_of
    from maskwright.assist.sam import Sam
    from maskwright.assist.sam_networks import SamNetworks

    encoder, decoder = files_of(name)
    cache = EmbeddingCache(cache_folder()) if is_kept else None
    return Sam(SamNetworks(encoder, decoder), name=name, cache=cache, looks_ahead=looks_ahead)
