"""What a round of learning is told: which images to learn from, which to score on, and which to predict."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import TypeAdapter

from maskwright.base.files import read_json, write_json
from maskwright.formats.plane_paths import axes_of, file_of
from maskwright.formats.project_file import ProjectClass

HELD_OUT = 5  # one image of so many is never learnt from
NEIGHBOURS = 5  # planes of a stack that are held out together, since each looks like the next
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
    """Whether an image is for scoring: by its name alone, so that none ever moves from one side to the other.

    Of a stack these are runs of neighbouring planes, blocks of them where there are slices and times, beginning at a place that
    its name chooses but never with the first: so that who labels the first planes of a single stack can learn from them.
    """
    path = PurePosixPath(name)
    places = tuple(axes_of(path).values())
    number = int.from_bytes(hashlib.sha256(str(file_of(path)).encode()).digest()[:4])
    if not places:
        return number % HELD_OUT == 0
    return sum(place // NEIGHBOURS for place in places) % HELD_OUT == 1 + number % (HELD_OUT - 1)


def task_of(classes: Sequence[ProjectClass]) -> Task:
    """What classes ask for: things one by one, stuff pixel by pixel, or both at once."""
    kinds = {one.kind for one in classes}
    if kinds == {"stuff"}:
        return "semantic"
    return "panoptic" if "stuff" in kinds else "instance"
