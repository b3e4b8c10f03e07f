"""Tasks whose segmentation of an image comes strip by strip, in the memory of a few: classes of pixels, objects from maps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float32

from maskwright.base.errors import PlanError
from maskwright.masks.object_stream import Carry, Found, ObjectStream
from maskwright.tasks.instance import InstanceTask
from maskwright.tasks.semantic import SemanticTask
from maskwright.tasks.task import Task


class Stream(Protocol):
    """Takes strips of blended maps from top to bottom and yields labels of rows that no later strip can change."""

    def add(self, maps: Float32[np.ndarray, "k h w"]) -> Iterator[Found]:
        """The next rows of the maps."""


@dataclass
class ClassStream:
    """The class of the largest probability of every pixel."""

    carry: Carry

    def add(self, maps: Float32[np.ndarray, "k h w"]) -> Iterator[Found]:
        """Every row is done at once."""
        labels = maps.argmax(axis=0).astype(np.int32)
        top, width = self.carry.top, maps.shape[2]
        self.carry = Carry(top + len(labels), np.zeros((0, width), np.int32), np.zeros(width, np.int32))
        yield Found(top, labels, np.zeros((0, 2)), self.carry)


def has_stream(task: Task) -> bool:
    """Whether the task needs only some rows of an image at a time."""
    return isinstance(task, SemanticTask | InstanceTask)


def stream_of(task: Task, size_hw: tuple[int, int], carry: Carry) -> Stream:
    """What finds the segmentation of an image strip by strip, from `carry` on. Raises `PlanError` where it needs the whole."""
    if isinstance(task, SemanticTask):
        return ClassStream(carry)
    if isinstance(task, InstanceTask):
        return ObjectStream(size_hw, task.finding, carry)
    raise PlanError(
        "Images that are read part by part are predicted by networks that draw classes or maps of objects. Cut the image into "
        "smaller ones for this run."
    )


def first_row(task: Task, carry: Carry) -> int:
    """From which row on the stream needs maps."""
    return carry.top if isinstance(task, SemanticTask) else carry.first_row
