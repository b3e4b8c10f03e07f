"""The cheapest outline between an object's colours and those around it: mixtures of colours, and a minimum cut (GrabCut).

As in Rother, Kolmogorov and Blake (2004): each side has a mixture of Gaussians, learnt from what is taken for it; the cut
between them runs where neighbours differ; both are repeated. By SciPy's maximum flow, so that no other library is needed.
"""

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

COMPONENTS = 5  # Gaussians of each side
ROUNDS = 2
SMOOTH = 50.0  # what it costs to part two neighbours of one colour, as in the paper
WHOLE = 100.0  # capacities are whole numbers: so many to one
CERTAIN = 1e4  # cost of going against what was said
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))
EVEN = 1e-4  # variance that is added, so that a flat colour is a Gaussian too


def graph_cut(
    picture: Float32[np.ndarray, "h w 3"],
    begun: Bool[np.ndarray, "h w"],
    surely: Bool[np.ndarray, "h w"],
    surely_not: Bool[np.ndarray, "h w"],
) -> Bool[np.ndarray, "h w"]:
    """The object that begins as `begun`, with what it surely is and is not. `begun` where one side has no pixel.

    Values of the picture are 0 to 1. The same question has the same answer.
    """
    mask: Bool[np.ndarray, "h w"] = (begun | surely) & ~surely_not
    colors = picture.reshape(-1, 3).astype(np.float64)
    pairs, costs = _neighbours(picture)
    for _ in range(ROUNDS):
        inside = mask.ravel()
        if inside.all() or not inside.any():
            break
        gain = _likelihood(colors, colors[inside]) - _likelihood(colors, colors[~inside])
        gain[surely.ravel()], gain[surely_not.ravel()] = CERTAIN, -CERTAIN
        cut = _minimum_cut(gain, pairs, costs).reshape(mask.shape)
        if (cut == mask).all():
            break
        mask = cut
    return mask


def _likelihood(colors: Float64[np.ndarray, "n 3"], learnt_from: Float64[np.ndarray, "m 3"]) -> Float64[np.ndarray, " n"]:
    """The logarithm of how likely each colour is in a mixture that is learnt from some."""
    parts = _parts(learnt_from)
    found = np.full((int(parts.max()) + 1, len(colors)), -np.inf)
    for part in range(len(found)):
        members = learnt_from[parts == part]
        if len(members) == 0:
            continue
        middle = members.mean(axis=0)
        spread = (members - middle).T @ (members - middle) / len(members) + EVEN * np.eye(3)
        away = colors - middle
        distance = (away @ np.linalg.inv(spread) * away).sum(axis=1)
        found[part] = np.log(len(members) / len(learnt_from)) - 0.5 * (distance + np.log(np.linalg.det(spread)))
    most = found.max(axis=0)
    return np.asarray(most + np.log(np.exp(found - most).sum(axis=0)))


def _parts(colors: Float64[np.ndarray, "m 3"]) -> Int64[np.ndarray, " m"]:
    """Which component each colour belongs to: the widest group is parted at its mean along its main direction, each time."""
    parts = np.zeros(len(colors), np.int64)
    for new in range(1, COMPONENTS):
        spreads = [_spread(colors[parts == part]) for part in range(new)]
        widest = int(np.argmax([spread[0] for spread in spreads]))
        if spreads[widest][0] <= EVEN:
            break
        members = np.flatnonzero(parts == widest)
        along = colors[members] @ spreads[widest][1]
        parts[members[along > along.mean()]] = new
    return parts


def _spread(colors: Float64[np.ndarray, "m 3"]) -> tuple[float, Float64[np.ndarray, " 3"]]:
    """The variance of a group of colours, by how many they are, along its main direction, and this."""
    if len(colors) < 2:
        return 0.0, np.zeros(3)
    values, vectors = np.linalg.eigh(np.cov(colors.T))
    return float(values[-1]), vectors[:, -1]


def _neighbours(picture: Float32[np.ndarray, "h w 3"]) -> tuple[Int64[np.ndarray, "2 p"], Float64[np.ndarray, " p"]]:
    """Pairs of pixels that touch, and what it costs to part each."""
    height, width = picture.shape[:2]
    places = np.arange(height * width).reshape(height, width)
    ones, others, differences, lengths = [], [], [], []
    for down, across in STEPS:
        left, right = (slice(None, width - across), slice(across, None)) if across >= 0 else (slice(1, None), slice(None, -1))
        above, below = slice(None, height - down), slice(down, None)
        ones.append(places[above, left].ravel())
        others.append(places[below, right].ravel())
        differences.append(((picture[above, left] - picture[below, right]) ** 2).sum(axis=2).ravel())
        lengths.append(np.full(len(ones[-1]), np.hypot(down, across)))
    difference = np.concatenate(differences).astype(np.float64)
    sharp = 1 / (2 * max(float(difference.mean()) if len(difference) else 0.0, 1e-9))
    costs = SMOOTH * np.exp(-sharp * difference) / np.concatenate(lengths)
    return np.stack([np.concatenate(ones), np.concatenate(others)]), costs


def _minimum_cut(
    gain: Float64[np.ndarray, " n"], pairs: Int64[np.ndarray, "2 p"], costs: Float64[np.ndarray, " p"]
) -> Bool[np.ndarray, " n"]:
    """The side of the source: pixels gain by lying there or not, and pairs cost what parts them."""
    count = len(gain)
    source, sink = count, count + 1
    wanted, unwanted = np.flatnonzero(gain > 0), np.flatnonzero(gain < 0)
    starts = np.concatenate([pairs[0], pairs[1], np.full(len(wanted), source), unwanted])
    ends = np.concatenate([pairs[1], pairs[0], wanted, np.full(len(unwanted), sink)])
    capacity = np.concatenate([costs, costs, gain[wanted], -gain[unwanted]]) * WHOLE
    graph = csr_array((capacity.astype(np.int32), (starts, ends)), shape=(count + 2, count + 2))
    flow = csr_array(maximum_flow(graph, source, sink).flow)
    left = csr_array(graph - flow)
    left = csr_array(left.maximum(0))
    left.eliminate_zeros()  # what is full is no way
    reached = breadth_first_order(left, source, return_predecessors=False)
    mask = np.zeros(count + 2, bool)
    mask[reached] = True
    return mask[:count]
