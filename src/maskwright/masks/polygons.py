"""Polygons to masks as COCO fills them, and masks to rings that follow their pixels exactly."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64, Int64

from maskwright.base.errors import MaskValueError
from maskwright.masks.region import Region

SCALE = 5  # COCO's rasteriser walks along the outline on a grid this much finer than the pixels
FARTHEST = 1e8  # pixels from the origin; beyond, the reference's 32-bit integers on that grid overflow
CROSSINGS = 1 << 21  # crossings of edges with pixel columns that are worked out at a time, which bounds the memory
MOST_CORNERS = 1024  # of a polygon that is searched for edges that cross

Polygon = Float64[np.ndarray, "n 2"]
Rule = Literal["union", "even-odd"]


def fill(polygons: Sequence[Polygon], size_hw: tuple[int, int], *, rule: Rule = "union") -> Bool[np.ndarray, "h w"]:
    """The mask of polygons of (x, y) in pixels, where pixel (0, 0) reaches from 0 to 1; equal to pycocotools bit for bit.

    Each polygon covers what its outline encloses an odd number of times. Several are united, as COCO has it, or with 'even-odd'
    cut into each other, so that rings inside rings are holes. Raises `MaskValueError` on coordinates that are no numbers.
    """
    return fill_region(polygons, size_hw, rule=rule).mask(size_hw)


def fill_region(polygons: Sequence[Polygon], size_hw: tuple[int, int], *, rule: Rule = "union") -> Region:
    """`fill` as a region in its tight box, at a cost that follows the polygons and not the image."""
    for polygon in polygons:
        if not np.abs(polygon).max(initial=0) < FARTHEST:  # NaN as well
            raise MaskValueError(f"A polygon has coordinates that are no numbers or beyond {FARTHEST:.0e} pixels.")
    corners = [polygon for polygon in polygons if len(polygon)]
    if not corners:
        return Region((0, 0, 0, 0), np.zeros((0, 0), bool))
    low, high = (np.floor(each(np.concatenate(corners), axis=0)).astype(int) for each in (np.min, np.max))
    x0, y0 = np.clip(low - 1, 0, size_hw[::-1]).tolist()
    x1, y1 = np.clip(high + 2, 0, size_hw[::-1]).tolist()
    covered = np.zeros((y1 - y0, x1 - x0), bool)
    for polygon in corners:
        one = _filled(polygon, (x0, y0, x1, y1))
        covered = covered | one if rule == "union" else covered ^ one
    tight = Region.of_mask(covered)
    left, top, right, bottom = tight.box_xyxy
    return Region((left + x0, top + y0, right + x0, bottom + y0), tight.pixels) if right else tight


def outline(mask: Bool[np.ndarray, "h w"]) -> list[Polygon]:
    """The rings around a mask, along the edges of its pixels; filled by the even-odd rule they give the mask back.

    Parts that touch at a corner only have rings of their own. Rings around a part run clockwise on the screen, rings around a
    hole the other way (`is_hole`); without holes, `fill` gives the mask back by either rule.
    """
    padded = np.pad(mask, 1)
    upper_left, upper_right = padded[:-1, :-1], padded[:-1, 1:]
    lower_left, lower_right = padded[1:, :-1], padded[1:, 1:]
    odd = upper_left ^ upper_right ^ lower_left ^ lower_right
    saddle = (upper_left == lower_right) & (upper_right == lower_left) & (upper_left != upper_right)
    ys, xs = np.nonzero(odd | saddle)
    if not len(ys):
        return []
    # Where two parts touch, two corners lie at one place: each has one edge across and one edge down.
    twice = saddle[ys, xs]
    corners = np.repeat(np.arange(len(ys)), np.where(twice, 2, 1))
    second = np.append(False, corners[1:] == corners[:-1])
    falls = upper_left[ys, xs][corners]  # at a saddle: the parts lie upper left and lower right, else the other way
    goes_down = np.where(twice[corners], second == falls, False)
    y, x = ys[corners], xs[corners]
    across = _partners(np.lexsort((second, x, y)))
    down = _partners(np.lexsort((goes_down, y, x)))
    is_solid = lower_right[y, x]  # of a ring's first corner: whether the ring goes around a part or a hole
    return [np.stack([x[ring], y[ring]], axis=1).astype(np.float64) for ring in _rings(across, down, is_solid.tolist())]


def is_hole(ring: Polygon) -> bool:
    """Whether a ring of `outline` goes around a hole: counter-clockwise on the screen."""
    return signed_area(ring) < 0


def signed_area(ring: Polygon) -> float:
    """The area inside a ring, in square pixels; negative where it runs counter-clockwise on the screen."""
    following = np.roll(ring, -1, axis=0)
    return float(np.sum(ring[:, 0] * following[:, 1] - following[:, 0] * ring[:, 1]) / 2)


def cross_themselves(polygons: Sequence[Polygon]) -> Bool[np.ndarray, " n"]:
    """Which polygons have two edges that cut through each other; touching is no crossing.

    All pairs of edges are looked at; polygons of more than `MOST_CORNERS` corners are not, and count as not crossing.
    """
    crossing = np.zeros(len(polygons), bool)
    by_size: dict[int, list[int]] = defaultdict(list)
    for place, polygon in enumerate(polygons):
        if 4 <= len(polygon) <= MOST_CORNERS:
            by_size[1 << (len(polygon) - 1).bit_length()].append(place)
    for size, places in by_size.items():
        step = max(CROSSINGS // (size * size), 1)
        for some in (places[first : first + step] for first in range(0, len(places), step)):
            # A last corner that is repeated adds edges without length, which cross nothing.
            rings = np.stack([np.pad(polygons[one], ((0, size - len(polygons[one])), (0, 0)), mode="edge") for one in some])
            crossing[some] = _have_crossing_edges(rings)
    return crossing


def _have_crossing_edges(rings: Float64[np.ndarray, "n k 2"]) -> Bool[np.ndarray, " n"]:
    """Whether two edges of a ring have the ends of each on both sides of the other."""
    along = np.roll(rings, -1, axis=1) - rings
    to_corner = rings[:, None] - rings[:, :, None]
    side = along[:, :, None, 0] * to_corner[..., 1] - along[:, :, None, 1] * to_corner[..., 0]
    parted = side * np.roll(side, -1, axis=2) < 0
    return np.asarray((parted & parted.transpose(0, 2, 1)).any(axis=(1, 2)))


def _rings(across: list[int], down: list[int], is_solid: list[bool]) -> list[list[int]]:
    """Rings of corners, each from its first corner in reading order, clockwise around parts, the other way around holes."""
    rings = []
    is_used = [False] * len(across)
    for first in range(len(across)):
        if is_used[first]:
            continue
        ring, place = [], first
        one, other = (across, down) if is_solid[first] else (down, across)
        while not is_used[place]:
            after = one[place]
            ring += [place, after]
            is_used[place] = is_used[after] = True
            place = other[after]
        rings.append(ring)
    return rings


def _partners(order: Int64[np.ndarray, " n"]) -> list[int]:
    """Along a line, the first corner is joined to the second, the third to the fourth, and so on."""
    partner = np.empty_like(order)
    partner[order[0::2]], partner[order[1::2]] = order[1::2], order[0::2]
    return list(partner.tolist())


def _filled(polygon: Polygon, box_xyxy: tuple[int, int, int, int]) -> Bool[np.ndarray, "h w"]:
    """The pixels of a box that a polygon covers, by the rule of pycocotools' rleFrPoly.

    The outline is walked on a grid `SCALE` times finer. Where it passes from the second to the third fifth of a pixel column,
    it turns the pixels below on or off.
    """
    x0, y0, x1, y1 = box_xyxy
    fine = np.trunc(SCALE * polygon + 0.5).astype(np.int64)
    edges = np.concatenate([fine, np.roll(fine, -1, axis=0)], axis=1)
    flips = np.zeros((y1 - y0 + 1, x1 - x0), np.uint8)
    lowest, highest = np.minimum(edges[:, 0], edges[:, 2]), np.maximum(edges[:, 0], edges[:, 2])
    first = np.maximum(-((2 - lowest) // SCALE), x0)  # columns whose step from 5k + 2 to 5k + 3 lies on the edge
    last = np.minimum((highest - 3) // SCALE, x1 - 1)
    counts = np.maximum(last - first + 1, 0)
    for part in _chunks(counts):
        edge = np.repeat(np.arange(len(edges))[part], counts[part])
        column = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(counts[part]) - counts[part], counts[part])
        rows = _crossing_rows(edges[edge], SCALE * column + 2)
        rows = np.clip(rows, y0, y1) - y0
        np.bitwise_xor.at(flips, (rows, column - x0), 1)
    covered: Bool[np.ndarray, "h w"] = np.bitwise_xor.accumulate(flips, axis=0)[:-1].view(bool)
    return covered


def _crossing_rows(edges: Int64[np.ndarray, "n 4"], step: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """The first pixel row below each edge where it passes from the fine column `step` to the next.

    Every rounding is that of the reference, which goes from the end with the lower x (or y, on steep edges) to the other.
    """
    dx, dy = np.abs(edges[:, 2] - edges[:, 0]), np.abs(edges[:, 3] - edges[:, 1])
    is_flat = dx >= dy
    turned = np.where(is_flat, edges[:, 0] > edges[:, 2], edges[:, 1] > edges[:, 3])
    edges = np.where(turned[:, None], edges[:, [2, 3, 0, 1]], edges)
    xs, ys, xe, ye = edges.T
    # Flat edges: the row on the grid at both columns.
    slope = np.where(is_flat, ye - ys, xe - xs) / np.where(is_flat, dx, dy)
    here = np.minimum(*(np.trunc(ys + slope * (step + more - xs) + 0.5) for more in (0, 1)))
    # Steep edges: the last grid row before the column changes, found by a guess that the exact rounding corrects.
    with np.errstate(divide="ignore", invalid="ignore"):
        guess = np.where(is_flat, 0, np.ceil((step + 0.5 - xs) / slope))
    is_rising = slope > 0
    changed = np.full(len(edges), -1.0)
    for t in (guess + 1, guess, guess - 1):
        column = np.trunc(xs + slope * t + 0.5)
        has_changed = np.where(is_rising, column > step, column <= step)
        changed = np.where(has_changed & (t >= 1), t, changed)
    rows = np.where(is_flat, here, ys + changed - 1)
    return np.asarray(np.ceil((rows + 0.5) / SCALE - 0.5), np.int64)


def _chunks(counts: Int64[np.ndarray, " n"]) -> list[slice]:
    """Runs of edges that have about `CROSSINGS` crossings together."""
    ends = np.cumsum(counts)
    cuts = np.searchsorted(ends, np.arange(CROSSINGS, int(ends[-1]) + CROSSINGS, CROSSINGS)) + 1
    cuts = np.unique(np.minimum(np.concatenate([[0], cuts]), len(counts)))
    return [slice(a, b) for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)]
