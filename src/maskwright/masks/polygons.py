"""Polygons to masks as COCO fills them, and masks to rings that follow their pixels exactly."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64, Int64

from maskwright.base.errors import MaskValueError
from maskwright.masks.region import Region

SCALE = 5  # COCO's rasteriser walks along the outline on a grid this much finer than the pixels
FARTHEST = 1e8  # pixels from the origin; beyond, the reference's 32-bit integers on that grid overflow
CROSSINGS = 1 << 21  # crossings of edges with pixel columns, or pairs of edges, that are worked out at a time: bounds memory
PIXELS = 1 << 23  # pixels in the boxes of rings that are filled at a time
MOST_CORNERS = 1024  # of a polygon that is searched for edges that cross

EMPTY = Region((0, 0, 0, 0), np.zeros((0, 0), bool))

Polygon = Float64[np.ndarray, "_ 2"]
Rule = Literal["union", "even-odd"]


def fill(polygons: Sequence[Polygon], size_hw: tuple[int, int], *, rule: Rule = "union") -> Bool[np.ndarray, "h w"]:
    """The mask of polygons of (x, y) in pixels, where pixel (0, 0) reaches from 0 to 1; equal to pycocotools bit for bit.

    Each polygon covers what its outline encloses an odd number of times. Several are united, as COCO has it, or with 'even-odd'
    cut into each other, so that rings inside rings are holes. Raises `MaskValueError` on coordinates that are no numbers.
    """
    return fill_region(polygons, size_hw, rule=rule).mask(size_hw)


def fill_region(polygons: Sequence[Polygon], size_hw: tuple[int, int], *, rule: Rule = "union") -> Region:
    """`fill` as a region in its tight box, at a cost that follows the polygons and not the image."""
    return fill_regions([polygons], size_hw, rule=rule)[0]


def fill_regions(objects: Sequence[Sequence[Polygon]], size_hw: tuple[int, int], *, rule: Rule = "union") -> list[Region]:
    """`fill_region` of many objects on one image, which costs little more than one."""
    rings = [(place, ring) for place, polygons in enumerate(objects) for ring in polygons if len(ring)]
    found: list[list[Region]] = [[] for _ in objects]
    if rings:
        boxes = _boxes([ring for _, ring in rings], size_hw)
        pixels = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1] + 1)
        for some in _chunks(pixels, PIXELS):
            for (place, _), region in zip(rings[some], _filled([ring for _, ring in rings[some]], boxes[some]), strict=True):
                found[place].append(region)
    return [several[0] if len(several) == 1 else united(several, rule=rule) for several in found]


def united(several: Sequence[Region], *, rule: Rule = "union") -> Region:
    """Regions as one in its tight box: all their pixels, or with 'even-odd' those that an odd number of them has."""
    if not any(region.area for region in several):
        return EMPTY
    boxes = np.array([region.box_xyxy for region in several if region.area])
    (x0, y0), (x1, y1) = boxes[:, :2].min(axis=0).tolist(), boxes[:, 2:].max(axis=0).tolist()
    covered = np.zeros((y1 - y0, x1 - x0), bool)
    for region in several:
        if region.area:
            a, b, c, d = region.box_xyxy
            part = covered[b - y0 : d - y0, a - x0 : c - x0]
            (np.logical_or if rule == "union" else np.logical_xor)(part, region.pixels, out=part)
    return _placed(covered, x0, y0)


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

    Edges are compared that share columns, so that outlines along pixels cost little. Polygons of more than `MOST_CORNERS`
    corners are not looked at and count as not crossing.
    """
    crossing = np.zeros(len(polygons), bool)
    places = np.array([place for place, polygon in enumerate(polygons) if 4 <= len(polygon) <= MOST_CORNERS], np.int64)
    if not len(places):
        return crossing
    lengths = np.array([len(polygons[place]) for place in places])
    starts = np.concatenate([polygons[place] for place in places])
    ends = np.concatenate([np.roll(polygons[place], -1, axis=0) for place in places])
    ring_of, firsts = np.repeat(np.arange(len(places)), lengths), np.cumsum(lengths) - lengths
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    # From left to right, each ring in a lane of its own; a little wider than it is, so that rounding hides no pair.
    left, right = np.minimum.reduceat(low[:, 0], firsts), np.maximum.reduceat(high[:, 0], firsts)
    width = np.maximum(right - left, 1e-9)[ring_of]
    lane_low, lane_high = (2 * ring_of + (x - left[ring_of]) / width for x in (low[:, 0], high[:, 0]))
    order = np.argsort(lane_low, kind="stable")
    counts = np.searchsorted(lane_low[order], lane_high[order] + 1e-6, "right") - np.arange(len(order)) - 1
    for part in _chunks(counts, CROSSINGS):
        one = np.repeat(np.arange(len(order))[part], counts[part])
        other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(counts[part]) - counts[part], counts[part])
        one, other = order[one], order[other]
        meet = (low[one, 1] <= high[other, 1]) & (low[other, 1] <= high[one, 1])
        one, other = one[meet], other[meet]
        cut = _cut_each_other(starts[one], ends[one], starts[other], ends[other])
        crossing[places[ring_of[one[cut]]]] = True
    return crossing


def _cut_each_other(
    a: Float64[np.ndarray, "n 2"], b: Float64[np.ndarray, "n 2"], c: Float64[np.ndarray, "n 2"], d: Float64[np.ndarray, "n 2"]
) -> Bool[np.ndarray, " n"]:
    """Whether the edges from a to b and from c to d have the ends of each on both sides of the other."""
    return np.asarray((_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0))


def _side(
    start: Float64[np.ndarray, "n 2"], end: Float64[np.ndarray, "n 2"], point: Float64[np.ndarray, "n 2"]
) -> Float64[np.ndarray, " n"]:
    along, there = end - start, point - start
    return np.asarray(along[:, 0] * there[:, 1] - along[:, 1] * there[:, 0])


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


def _boxes(rings: Sequence[Polygon], size_hw: tuple[int, int]) -> Int64[np.ndarray, "r 4"]:
    """For each ring a box on the image that has all the pixels that it may cover."""
    corners = np.concatenate(rings)
    if not np.abs(corners).max() < FARTHEST:  # NaN as well
        raise MaskValueError(f"A polygon has coordinates that are no numbers or beyond {FARTHEST:.0e} pixels.")
    firsts = np.cumsum([0, *map(len, rings[:-1])])
    low, high = (np.floor(each.reduceat(corners, firsts, axis=0)).astype(np.int64) for each in (np.minimum, np.maximum))
    return np.asarray(np.clip(np.concatenate([low - 1, high + 2], axis=1), 0, [*size_hw[::-1], *size_hw[::-1]]))


def _placed(covered: Bool[np.ndarray, "h w"], x0: int, y0: int) -> Region:
    """The region of what is covered in a box whose corner lies at x0, y0."""
    tight = Region.of_mask(covered)
    left, top, right, bottom = tight.box_xyxy
    return Region((left + x0, top + y0, right + x0, bottom + y0), tight.pixels) if right else EMPTY


def _filled(rings: Sequence[Polygon], boxes: Int64[np.ndarray, "r 4"]) -> list[Region]:
    """The pixels that each ring covers in its box, by the rule of pycocotools' rleFrPoly.

    The outline is walked on a grid `SCALE` times finer. Where it passes from the third to the fourth fifth of a pixel column,
    it turns the pixels below on or off.
    """
    lengths = np.array([len(ring) for ring in rings])
    ring_of = np.repeat(np.arange(len(rings)), lengths)
    fine = np.trunc(SCALE * np.concatenate(rings) + 0.5).astype(np.int64)
    following = np.arange(1, len(fine) + 1)
    following[np.cumsum(lengths) - 1] -= lengths
    edges = np.concatenate([fine, fine[following]], axis=1)
    x0, y0, x1, y1 = boxes.T
    widths = x1 - x0
    sizes = widths * (y1 - y0 + 1)
    starts = np.cumsum(sizes) - sizes
    flips = np.zeros(int(sizes.sum()), np.uint8)
    lowest, highest = np.minimum(edges[:, 0], edges[:, 2]), np.maximum(edges[:, 0], edges[:, 2])
    first = np.maximum(-((2 - lowest) // SCALE), x0[ring_of])  # columns whose step from 5k + 2 to 5k + 3 lies on the edge
    last = np.minimum((highest - 3) // SCALE, x1[ring_of] - 1)
    counts = np.maximum(last - first + 1, 0)
    for part in _chunks(counts, CROSSINGS):
        edge = np.repeat(np.arange(len(edges))[part], counts[part])
        column = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(counts[part]) - counts[part], counts[part])
        ring = ring_of[edge]
        rows = np.clip(_crossing_rows(edges[edge], SCALE * column + 2), y0[ring], y1[ring]) - y0[ring]
        np.bitwise_xor.at(flips, starts[ring] + rows * widths[ring] + column - x0[ring], 1)
    found = []
    for start, size, width, left, top in np.stack([starts, sizes, widths, x0, y0], axis=1).tolist():
        turns = flips[start : start + size].reshape(-1, width) if width else np.zeros((1, 0), np.uint8)
        found.append(_placed(np.bitwise_xor.accumulate(turns, axis=0)[:-1].view(bool), left, top))
    return found


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


def _chunks(counts: Int64[np.ndarray, " n"], most: int) -> list[slice]:
    """Runs of entries whose counts are together about `most`, or one entry that has more."""
    ends = np.cumsum(counts)
    cuts = np.searchsorted(ends, np.arange(most, int(ends[-1]) + most, most)) + 1
    cuts = np.unique(np.minimum(np.concatenate([[0], cuts, [len(counts)]]), len(counts)))
    return [slice(a, b) for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)]
