"""Where a plane lies in its stack: the planes around it, so that a page can go from one to the next."""

import sqlite3
from contextlib import closing
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from maskwright.formats.plane_paths import axes_of, file_of, is_plane
from maskwright.formats.planes import open_stack
from maskwright.studio.pyramid import SAMPLE, ranges_of

SAMPLED = 5  # planes, spread over a stack, from which its intensities are learnt
AROUND = "SELECT id, name FROM images WHERE is_there AND substr(name, 1, ?) = ?"


def plane_as_json(name: str) -> dict[str, Any]:
    """The stack that an image is a plane of, and the plane; both empty where it is none."""
    path = PurePosixPath(name)
    return {"stack": str(file_of(path)), "plane": path.name} if is_plane(path) else {"stack": "", "plane": ""}


def planes_around(connection: sqlite3.Connection, name: str) -> dict[str, Any] | None:
    """The axes of an image's stack, the slowest first, and the ids of its planes in their order; None of an image that is none.

    None as well where it or others of them have gone from the folder, so that there is no order without a gap.
    """
    here = axes_of(PurePosixPath(name))
    if not here:
        return None
    start = f"{file_of(PurePosixPath(name))}/"
    found = {}
    for row in connection.execute(AROUND, (len(start), start)):
        place = axes_of(PurePosixPath(row["name"]))
        if list(place) == list(here):  # others are of a stack that lay there before
            found[tuple(place.values())] = row["id"]
    if tuple(here.values()) not in found:
        return None
    lengths = [max(numbers) + 1 for numbers in zip(*found, strict=True)]
    if prod(lengths) != len(found):
        return None
    return {
        "axes": [{"name": letter, "length": length} for letter, length in zip(here, lengths, strict=True)],
        "images": [found[place] for place in sorted(found)],
    }


def ranges_of_stack(plane: Path) -> tuple[tuple[float, float], ...]:
    """The values that are shown black and white on all planes of a stack, so that these compare. Raises `ImageFileError`."""
    with closing(open_stack(plane)) as stack:
        height, width = stack.size_hw
        step = max(int(np.ceil(np.sqrt(height * width * SAMPLED / SAMPLE))), 1)
        places = np.unique(np.linspace(0, len(stack.planes) - 1, SAMPLED).round().astype(int)).tolist()
        seen = [stack.read((0, 0, width, height), place)[::step, ::step].reshape(-1, 1, stack.channels) for place in places]
    pixels = np.concatenate(seen)
    finite = pixels[np.isfinite(pixels).all(axis=(1, 2))]
    return ranges_of(finite if len(finite) else np.zeros_like(pixels[:1]))
