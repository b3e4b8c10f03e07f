"""Errors that a person can act on: what was seen, what was expected, what to do."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class MaskwrightError(Exception):
    """A fault of the input or the surroundings, not of the program; the command line prints it and exits with `exit_code`."""

    exit_code: ClassVar[int] = 2


class ImageFileError(MaskwrightError):
    """A file that cannot be read as the image it claims to be."""


class MaskValueError(MaskwrightError):
    """A mask whose values do not fit its classes, its image or its file format."""


class DataError(MaskwrightError):
    """A data set that cannot be used as it is: nothing paired, wrong sizes, contradictory names."""


class PlanError(MaskwrightError):
    """A plan, or a change to one, that cannot be carried out."""


class RunError(MaskwrightError):
    """A run folder that is in use, incomplete, or holds something else than was asked for."""


class WeightsError(MaskwrightError):
    """A weights file that is damaged, foreign, or made for another network."""


class TrainingError(MaskwrightError):
    """A training that cannot go on: the loss is no longer a number, twice."""

    exit_code = 4


class Interrupted(MaskwrightError):  # noqa: N818  nothing went wrong
    """The user or the system asked to stop; what was reached is saved and can be continued."""

    exit_code = 130


def did_you_mean(name: str, options: Iterable[str], *, lists: bool = False) -> str:
    """A sentence that names the nearest of the options; they are all listed when none is near, or where it always `lists`."""
    options = sorted(options)
    near = get_close_matches(name, options, n=1)
    nearest, every = f"Did you mean '{near[0]}'?" if near else "", f"Possible are: {', '.join(options)}."
    return " ".join(filter(None, (nearest, every if lists or not near else "")))
