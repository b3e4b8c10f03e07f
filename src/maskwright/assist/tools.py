"""Click to mask without a network: watershed, magic wand and GrabCut on a patch, each with all masks that it can mean."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Int32
from scipy import ndimage
from skimage.segmentation import watershed as flood_from_markers

from maskwright.assist.graph_cut import graph_cut
from maskwright.assist.patch import Patch
from maskwright.masks.regions import distance

Mask = Bool[np.ndarray, "h w"]
Tool = Callable[[Patch], list[Mask]]

BAND = 0.35  # of the mask's depth: how far from its outline the mask of before is open to change
REACH = 0.4  # of the patch's longer side: how far around the last click it is open to change, too
TOLERANCES = 10  # how many tolerances the magic wand tries
CUT_PX = 128  # longer side that GrabCut sees; its time grows with the pixels
CUT_FROM_PX = 64  # and the least that it sees enough colours in to begin with a click
DISC = 0.25  # of the patch's longer side: radius of the disc that a first click means to GrabCut


def watershed(patch: Patch) -> list[Mask]:
    """Basins of the picture's steepness, flooded from the clicks and the rim, and once more from what was right before."""
    found = [_flooded(patch, np.zeros(patch.size_hw, np.int32))]
    if patch.previous is not None and len(patch.clicks_xy):
        found.append(_flooded(patch, _settled(patch, patch.previous)))
    return found


def _flooded(patch: Patch, markers: Int32[np.ndarray, "h w"]) -> Mask:
    """The object's basins, from markers that clicks go over: 1 is object, 2 is not."""
    object_at, other_at = patch.points
    markers[_outside(patch)] = 2
    for points, number in ((object_at, 1), (other_at, 2)):
        markers[_grown(points)] = number
    markers[object_at], markers[other_at] = 1, 2
    return np.asarray(flood_from_markers(patch.edges, markers) == 1)  # type: ignore[no-untyped-call]


def _settled(patch: Patch, previous: Mask) -> Int32[np.ndarray, "h w"]:
    """The mask of before where it is sure: away from its outline and from the last click."""
    markers = np.zeros(patch.size_hw, np.int32)
    (x, y), (height, width) = patch.clicks_xy[-1], patch.size_hw
    rows, columns = np.ogrid[:height, :width]
    away = (rows - y) ** 2 + (columns - x) ** 2 > (REACH * max(patch.size_hw)) ** 2
    inside, outside = distance(~previous), distance(previous)
    band = BAND * float(inside.max()) + 1 if previous.any() else 1.0
    markers[(inside > band) & away] = 1
    markers[(outside > band) & away] = 2
    return markers


def _outside(patch: Patch) -> Mask:
    """The rim of the patch, or what lies outside of a drawn box."""
    outside = np.ones(patch.size_hw, bool)
    if patch.drawn_box is not None:
        x0, y0, x1, y1 = patch.drawn_box
        outside[y0:y1, x0:x1] = False
    else:
        outside[1:-1, 1:-1] = False
    return outside


def _grown(points: Mask) -> Mask:
    """A click means the pixels beside it, too."""
    return np.asarray(ndimage.binary_dilation(points)) if points.any() else points


def wand(patch: Patch) -> list[Mask]:
    """What is joined to the positive clicks and alike, for a row of tolerances, with holes filled and edges smoothed."""
    object_at, other_at = patch.points
    if not object_at.any():
        return []
    likeness = np.stack([np.abs(patch.smooth - patch.smooth[y, x]).max(axis=2) for y, x in _some(object_at)]).min(axis=0)
    if other_at.any():
        unlike = np.stack([np.abs(patch.smooth - patch.smooth[y, x]).max(axis=2) for y, x in _some(other_at)]).min(axis=0)
        likeness = np.where(unlike < likeness, 2.0, likeness)
    found: list[Mask] = []
    for tolerance in np.geomspace(0.015, 0.6, TOLERANCES):
        mask = _joined(likeness <= tolerance, object_at)
        area = int(np.count_nonzero(mask))
        if found and area < 1.05 * np.count_nonzero(found[-1]):
            continue
        if area > 0.9 * mask.size:
            break
        found.append(mask)
    return [_joined(np.asarray(ndimage.binary_fill_holes(_smoothed(mask))) | object_at, object_at) for mask in found]


def _some(points: Mask) -> list[tuple[int, int]]:
    """At most sixteen of the points, the first in reading order."""
    return [(int(y), int(x)) for y, x in np.argwhere(points)[:16]]


def _joined(mask: Mask, points: Mask) -> Mask:
    """The connected parts of a mask in which a point lies."""
    numbers, count = ndimage.label(mask)
    kept = np.zeros(count + 1, bool)
    kept[numbers[points]] = True
    kept[0] = False
    return np.asarray(kept[numbers])


def _smoothed(mask: Mask, width: int = 3) -> Mask:
    """The majority of every pixel's neighbours."""
    return np.asarray(ndimage.uniform_filter(mask.astype(np.float32), width, mode="nearest") > 0.5)


def grabcut(patch: Patch) -> list[Mask]:
    """The cut between the object's colours and those around it, begun from the mask before, a drawn box, or a disc."""
    object_at, other_at = patch.points
    if patch.previous is not None and patch.previous.any():
        begun = patch.previous
    elif patch.drawn_box is not None:
        begun = ~_outside(patch)
    elif max(patch.size_hw) < CUT_FROM_PX:
        return []
    else:
        begun = distance(object_at) <= DISC * max(patch.size_hw)
    surely, surely_not = _grown(object_at) & ~other_at, (_grown(other_at) & ~object_at) | _outside(patch)
    step = max(-(-max(patch.size_hw) // CUT_PX), 1)
    if step > 1:  # what is sure of a block of pixels is what any of them is
        begun, surely, surely_not = begun[::step, ::step], _coarse(surely, step), _coarse(surely_not, step)
    picture = patch.picture[::step, ::step].astype(np.float32) / 255  # smoothed, it has colours of neither side
    mask = graph_cut(picture, begun, surely, surely_not & ~surely)
    if step > 1:
        mask = mask.repeat(step, axis=0).repeat(step, axis=1)[: patch.size_hw[0], : patch.size_hw[1]]
        mask = _smoothed(mask, 2 * step + 1) | object_at
    return [_joined(mask, object_at) if object_at.any() else mask]


def _coarse(mask: Mask, step: int) -> Bool[np.ndarray, "a b"]:
    """Whether any pixel of each block is in the mask."""
    rows, columns = (np.arange(0, length, step) for length in mask.shape)
    return np.asarray(np.logical_or.reduceat(np.logical_or.reduceat(mask, rows, axis=0), columns, axis=1))


def outline(mask: Mask) -> Mask:
    """The pixels of a mask that touch what is not in it, or the rim of the patch."""
    return mask & ~np.asarray(ndimage.binary_erosion(mask))


TOOLS: dict[str, Tool] = {"watershed": watershed, "wand": wand, "grabcut": grabcut}
