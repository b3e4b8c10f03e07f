"""Which image to label next: the most uncertain ones first, and none that look like one another in a row."""

import json
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Num

COMPARED = 2000  # images among which variety is looked for; of more, the most uncertain
SIDE = 4  # of the small picture that says how an image looks
MIDDLE = 0.5  # how uncertain an image is taken for of which nobody has said it


def looks_of(image: Num[np.ndarray, "h w c"]) -> list[float]:
    """How an image looks, in few numbers: a picture of 4 x 4 pixels, and how much it varies in each of them; 0 to 1."""
    gray = image.astype(np.float32).mean(axis=2)
    low, high = float(gray.min()), float(gray.max())
    gray = (gray - low) / (high - low or 1)
    rows = np.array_split(np.arange(gray.shape[0]), min(SIDE, gray.shape[0]))
    columns = np.array_split(np.arange(gray.shape[1]), min(SIDE, gray.shape[1]))
    cells = [gray[np.ix_(some, others)] for some in rows for others in columns]
    numbers = [float(value) for cell in cells for value in (cell.mean(), cell.std())]
    return [round(value, 4) for value in np.resize(numbers, 2 * SIDE * SIDE).tolist()]


def helpful(uncertainty: Sequence[float | None], kept_looks: Sequence[str | None]) -> list[int]:
    """The places of images in the order in which labels help most: the most uncertain and farthest from all before it first.

    kept_looks: JSON of `looks_of`. An image whose looks nobody has seen counts as far from all. Beyond `COMPARED` images, by
    uncertainty alone.
    """
    unsure = np.array([MIDDLE if value is None else value for value in uncertainty], np.float64)
    places = np.argsort(-unsure, kind="stable")
    near, rest = places[:COMPARED], places[COMPARED:]
    looks = _looks([kept_looks[place] for place in near])
    distance = np.ones(len(near))
    chosen: list[int] = []
    for _ in range(len(near)):
        gain = unsure[near] * distance
        gain[chosen] = -np.inf
        best = int(gain.argmax())
        chosen.append(best)
        apart = np.linalg.norm(looks - looks[best], axis=1) / np.sqrt(looks.shape[1])
        distance = np.minimum(distance, np.where(np.isnan(apart), 1.0, apart))
    return [*near[chosen].tolist(), *rest.tolist()]


def _looks(kept: Sequence[str | None]) -> Float64[np.ndarray, "n k"]:
    """The numbers of each image; NaN where there are none."""
    unknown = [np.nan] * (2 * SIDE * SIDE)
    return np.array([unknown if text is None else json.loads(text) for text in kept], np.float64).reshape(
        len(kept), 2 * SIDE * SIDE
    )
