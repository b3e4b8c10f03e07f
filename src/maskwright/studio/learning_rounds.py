"""The rounds of learning on the disk: `models/N` in a project, each a run with its score, whole or not there."""

import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import read_json, write_json

MODELS = "models"
ROUND = "round.json"
PROPOSALS = "proposals"
KEPT = 2  # newest rounds whose weights stay


@dataclass(frozen=True, kw_only=True)
class Round:
    """What a round learnt from and how good it is.

    labelled, held_out: finished images that it was trained on and scored on, by name. minutes: that people had spent on the
    labels by then. score: the task's headline on the held-out images with its interval; None where nothing was held out.
    classes: id of each class in the project, in the order of the network's.
    """

    number: int
    task: str
    labelled: tuple[str, ...]
    held_out: tuple[str, ...]
    minutes: float
    seconds: float
    metric: str
    score: float | None
    low: float | None
    high: float | None
    digest: str
    classes: tuple[int, ...]

    @property
    def images(self) -> int:
        """Labels that it knew, of both parts."""
        return len(self.labelled) + len(self.held_out)

    @property
    def name(self) -> str:
        """What proposals of its weights say they are by."""
        return f"learned-{self.number}-{self.digest[:12]}"


_ROUND = TypeAdapter(Round)


def folder_of(project: Path, number: int) -> Path:
    """The run of a round."""
    return project / MODELS / str(number)


def write_round(folder: Path, made: Round) -> None:
    """Say that a round is whole; before this it does not count."""
    write_json(folder / ROUND, asdict(made))


def rounds(project: Path) -> list[Round]:
    """The whole rounds, oldest first. One whose file is damaged does not count."""
    found = [_read(folder) for folder in (project / MODELS).glob("*")]
    return sorted((one for one in found if one is not None), key=lambda one: one.number)


def newest(project: Path) -> tuple[Path, str] | None:
    """The run of the newest whole round and its name; None before there is one."""
    for number in range(next_number(project) - 1, 0, -1):
        if (one := _read(folder := folder_of(project, number))) is not None:
            return folder, one.name
    return None


def _read(folder: Path) -> Round | None:
    with suppress(MaskwrightError, ValidationError, OSError):
        return _ROUND.validate_python(read_json(folder / ROUND))
    return None


def next_number(project: Path) -> int:
    """The number of a round that begins now."""
    taken = [int(folder.name) for folder in (project / MODELS).glob("*") if folder.name.isdecimal()]
    return max(taken, default=0) + 1


def tidy(project: Path) -> None:
    """Remove rounds that were not finished, and the weights of old ones; their scores stay. No round may be under way."""
    whole = rounds(project)
    numbers, kept = {one.number for one in whole}, {one.number for one in whole[-KEPT:]}
    for folder in (project / MODELS).glob("*"):
        if not folder.name.isdecimal() or int(folder.name) in kept:
            continue
        if int(folder.name) not in numbers:
            shutil.rmtree(folder, ignore_errors=True)
            continue
        for entry in folder.iterdir():
            if entry.name == ROUND:
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                with suppress(OSError):
                    entry.unlink()
