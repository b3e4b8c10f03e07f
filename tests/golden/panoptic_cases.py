"""Panoptic maps by seed: rectangles on void, and what a network might make of them."""

import numpy as np

NAMES, THINGS = ("car", "bus", "road", "sky", "tree"), ("car", "bus")  # of the last there is nothing in any map
SIZE = 24
IMAGES = 20

Map = tuple[np.ndarray, dict[int, int], set[int]]  # ids, the class of each, those that are crowds


def random_map(seed: int, of: Map | None = None, *, crowds: bool = False) -> Map:
    """Rectangles, each a segment of some class; or `of` moved and partly painted over. A class has one crowd at most."""
    rng = np.random.default_rng(seed)
    ids = np.zeros((SIZE, SIZE), np.int32) if of is None else np.roll(of[0], rng.integers(0, 3, 2), (0, 1)).copy()
    known = {} if of is None else dict(of[1])
    for _ in range(8 if of is None else 4):
        x, y, width, height = *rng.integers(-4, SIZE, 2), *rng.integers(1, 14, 2)
        id = int(rng.integers(1, 2**24))
        ids[max(y, 0) : y + height, max(x, 0) : x + width] = id
        known[id] = int(rng.integers(len(NAMES) - 1))
    left = [id for id in np.unique(ids).tolist() if id]
    crowded: set[int] = set()
    for class_id in range(len(NAMES)) if crowds else ():
        of_class = [id for id in left if known[id] == class_id]
        if len(of_class) > 1 and rng.random() < 0.5:
            crowded.add(of_class[0])
    return ids, {id: known[id] for id in left}, crowded


def pairs() -> list[tuple[Map, Map]]:
    """Ground truth, with void and crowds, and prediction of each image."""
    truths = [random_map(seed, crowds=True) for seed in range(IMAGES)]
    return [(truth, random_map(1000 + seed, truth)) for seed, truth in enumerate(truths)]
