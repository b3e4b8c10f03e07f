"""What a round of learning is told: which images to learn from, which to score on, and which to predict."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from maskwright.base.files import read_json, write_json
from maskwright.formats.project_file import ProjectClass

HELD_OUT = 5  # one image of so many is never learnt from
Task = Literal["semantic", "instance", "panoptic"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A round of learning.

    folder: of the run that is made. labels: the project's folder. images: the folder of the images. train, held_out: names of
    finished images. predict: id and name of those whose proposals are wanted, in this order. start_from: the run whose weights
    are where it begins, or None. minutes: to learn for. spent: minutes that people had spent on the labels.
    """

    folder: Path
    labels: Path
    images: Path
    task: Task
    minutes: float
    spent: float
    train: tuple[str, ...]
    held_out: tuple[str, ...]
    predict: tuple[tuple[int, str], ...]
    start_from: Path | None
    max_pixels: int

    def write(self, path: Path) -> None:
        """Write it for the process that learns."""
        write_json(path, _JOB.dump_python(self, mode="json"))

    @classmethod
    def read(cls, path: Path) -> "Job":
        """What `write` wrote."""
        return _JOB.validate_python(read_json(path))


_JOB = TypeAdapter(Job)


def is_held_out(name: str) -> bool:
    """Whether an image is for scoring: by its name alone, so that none ever moves from one side to the other."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % HELD_OUT == 0


def task_of(classes: Sequence[ProjectClass]) -> Task:
    """What classes ask for: things one by one, stuff pixel by pixel, or both at once."""
    kinds = {one.kind for one in classes}
    if kinds == {"stuff"}:
        return "semantic"
    return "panoptic" if "stuff" in kinds else "instance"
