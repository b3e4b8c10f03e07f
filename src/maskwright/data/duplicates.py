"""Images that show the same: equal pixels, or the same picture scaled, saved anew or brightened."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Num
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

GRID = 32  # cells a side; finer grids lose pictures that were scaled to odd sizes, coarser ones mix up X-rays of one kind
SMOOTH = GRID / 16  # what is smoother than this many cells is light and layout, which strangers share too
SAME = 0.95  # the same picture after JPEG, scaling or brightening has 0.98 and more; neighbouring slices 0.6, hip X-rays 0.91
BLOCK = 1024  # images compared at a time: memory stays at a few MB however many there are


@dataclass(frozen=True, eq=False)
class Look:
    """What is kept of an image to compare it: the hash of its pixels, and its fine structure on a coarse grid.

    `detail` has mean 0 and length 1, so that a product of two is their correlation; it is all 0 for an image without structure.
    """

    digest: str
    detail: Float32[np.ndarray, " n"]


@dataclass(frozen=True)
class Duplicates:
    """Groups of image ids: `exact` have equal pixels, `near` show the same but differ in their pixels."""

    exact: tuple[tuple[str, ...], ...] = ()
    near: tuple[tuple[str, ...], ...] = ()

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Every group that must stay on one side of a split; groups may overlap."""
        return self.exact + self.near


def look(image: Num[np.ndarray, "h w c"]) -> Look:
    """Digest and fine structure of an image: cheap to keep for ten thousand of them."""
    digest = hashlib.sha256(f"{image.dtype} {image.shape}".encode())
    digest.update(np.ascontiguousarray(image).data)
    gray = np.nan_to_num(image.astype(np.float32).mean(axis=2), posinf=0, neginf=0)
    grid = np.asarray(Image.fromarray(gray).resize((GRID, GRID), Image.Resampling.BOX))
    detail = (grid - gaussian_filter(grid, SMOOTH)).ravel()
    detail -= detail.mean()
    length = float(np.linalg.norm(detail))
    rounding = 1e-5 * GRID * (float(np.abs(grid).max()) + 1e-30)
    return Look(digest.hexdigest(), detail / length if length > rounding else np.zeros_like(detail))


def find_duplicates(looks: Mapping[str, Look]) -> Duplicates:
    """The groups of equal and of like-looking images among the given ones (by id), in the order of the ids.

    Correlates the fine structure of every pair, which a matrix product does for ten thousand images in seconds. Rotated and
    mirrored copies are not found, nor crops.
    """
    ids = list(looks)
    by_digest: dict[str, list[str]] = {}
    for name, one in looks.items():
        by_digest.setdefault(one.digest, []).append(name)
    exact = tuple(tuple(group) for group in by_digest.values() if len(group) > 1)
    near = []
    for group in _alike(np.stack([one.detail for one in looks.values()]) if looks else np.zeros((0, 1), np.float32)):
        names = tuple(ids[i] for i in group)
        if len({looks[name].digest for name in names}) > 1:
            near.append(names)
    return Duplicates(exact, tuple(near))


def _alike(details: Float32[np.ndarray, "n m"]) -> Iterable[list[int]]:
    """Groups of rows that are connected by correlations of at least `SAME`."""
    rows, columns = [], []
    for start in range(0, len(details), BLOCK):
        for other in range(start, len(details), BLOCK):
            row, column = np.nonzero(details[start : start + BLOCK] @ details[other : other + BLOCK].T >= SAME)
            rows.append(row + start)
            columns.append(column + other)
    if not rows:
        return
    row, column = np.concatenate(rows), np.concatenate(columns)
    _, group_of = connected_components(
        coo_array((np.ones(len(row), bool), (row, column)), shape=(len(details),) * 2), directed=False
    )
    members = np.argsort(group_of, kind="stable")
    for group in np.split(members, np.flatnonzero(np.diff(group_of[members])) + 1):
        if len(group) > 1:
            yield group.tolist()
