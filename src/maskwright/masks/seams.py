"""Several rings as one, joined by seams without width, for formats that hold one ring an object."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from maskwright.masks.polygons import Polygon


def one_ring(rings: Sequence[Polygon]) -> tuple[Polygon, float]:
    """One ring that encloses what the rings do by the even-odd rule, and the length of its seams in pixels.

    Each ring is joined to the nearest corner of those joined before; the seam is walked there and back, so that it encloses
    nothing. Rings that touch are joined by seams of no length.
    """
    points = np.concatenate(rings)
    ring_of = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    places, after = list(range(len(points))), [0] * len(points)
    for number in range(len(rings)):
        corners = np.flatnonzero(ring_of == number).tolist()
        for place, following in zip(corners, [*corners[1:], corners[0]], strict=True):
            after[place] = following
    nearest, partner = np.full(len(points), np.inf), np.zeros(len(points), np.int64)
    is_free = ring_of != 0
    added, length = 0, 0.0
    for _ in rings[1:]:
        own, free = np.flatnonzero(ring_of == added), np.flatnonzero(is_free)
        distance, which = map(np.asarray, cKDTree(points[own]).query(points[free]))
        nearer = distance < nearest[free]
        nearest[free[nearer]], partner[free[nearer]] = distance[nearer], own[which[nearer]]
        end = int(free[nearest[free].argmin()])
        start = int(partner[end])
        before = next(place for place in np.flatnonzero(ring_of == ring_of[end]).tolist() if after[place] == end)
        # start, the ring from end around to end again, start again, and on.
        end_again, start_again = len(places), len(places) + 1
        places += [end, start]
        after += [start_again, after[start]]
        after[before], after[start] = end_again, end
        added, length = int(ring_of[end]), length + float(nearest[end])
        is_free[ring_of == added] = False
    walk, place = [0], after[0]
    while place != 0:
        walk.append(place)
        place = after[place]
    return points[[places[place] for place in walk]], length
