"""The protocol of an assistant: an image is opened once, then clicks are answered by masks, best first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Int64, Num

from maskwright.masks.region import Region


@dataclass(frozen=True, eq=False)
class Candidate:
    """A mask that may be what a person means, how likely (0 to 1, to compare within one answer), and who proposes it."""

    region: Region
    score: float
    name: str


@runtime_checkable
class Session(Protocol):
    """One opened image. A session remembers nothing but the image: the same question has the same answer."""

    def mask(
        self,
        clicks_xy: Int64[np.ndarray, "n 2"],
        positive: Bool[np.ndarray, " n"],
        box_xyxy: tuple[int, int, int, int] | None = None,
        previous: Bool[np.ndarray, "h w"] | None = None,
    ) -> list[Candidate]:
        """Masks for all clicks so far, in their order, best first; an empty list where nothing says where the object is.

        Clicks and boxes may lie outside the image. `previous` is the mask of the same object that is to be improved, of the
        size of the image.
        """
        ...

    def propose(self) -> list[Candidate]:
        """Every object that is found without a click, best first, none twice."""
        ...


@runtime_checkable
class Assistant(Protocol):
    """What turns clicks into masks. Opening an image may take long and may run in a thread of its own; a click may not."""

    name: str
    learns: bool  # whether `learn` does anything

    def open(self, image: Num[np.ndarray, "h w c"]) -> Session:
        """Everything that is worth doing once for an image of any size, type and number of channels."""
        ...

    def learn(self, image: Num[np.ndarray, "h w c"], regions: Sequence[Region]) -> None:
        """Objects of an image that a person accepted, in addition to those told before; an assistant may ignore them."""
        ...
