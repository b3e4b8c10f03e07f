"""Which of several processes this one is, as torchrun says in the environment."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Rank:
    """The number of this process among all and among those of its machine, from 0 on, and how many there are of each."""

    number: int = 0
    count: int = 1
    local_number: int = 0
    local_count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that speaks and writes."""
        return self.number == 0


def own_rank() -> Rank:
    """The rank that torchrun gave to this process; alone without torchrun."""
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    if "TORCHELASTIC_RUN_ID" not in os.environ and "MASTER_ADDR" not in os.environ:
        return Rank()  # other programs use names such as RANK too
    values = [os.environ.get(name) for name in names]
    return Rank(*(default if value is None else int(value) for value, default in zip(values, (0, 1, 0, 1), strict=True)))
