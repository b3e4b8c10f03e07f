"""One seed, named streams: every random draw is repeatable from (seed, what it is for, which one)."""

import hashlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """A generator of its own for each name path, such as `stream(1, "crop", step)`.

    The names are hashed, so that streams do not depend on the order in which they are made and adding one moves no other.
    """
    digest = hashlib.sha256("\x1f".join(str(part) for part in (seed, *names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))
