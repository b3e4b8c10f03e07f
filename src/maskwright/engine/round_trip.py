"""Objects as they were and as a format gives them back: which are equal to the pixel, and what became of the others."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.formats.annotations import Loss
from maskwright.masks.region import Region, iou
from maskwright.masks.types import Instances

ROWS = 256  # objects that are compared with all others at a time, which bounds the memory


@dataclass(frozen=True)
class ImageTrip:
    """What came back of an image. exact: objects equal to the pixel. untold: how many losses nobody had announced."""

    objects: int
    exact: int
    losses: tuple[Loss, ...]
    untold: int


def compare(name: str, before: Instances, after: Instances, told: Sequence[Loss]) -> ImageTrip:
    """Compare the objects of an image with what was read of it after writing; `told` are the losses that writing announced."""
    own, other = ([_key(region, each.size_hw) for region in each.regions] for each in (before, after))
    left_out = {loss.object for loss in told if loss.iou == 0}
    places = [place for place in range(len(own)) if place not in left_out]
    partner = _equal(places, own, other, before, after)
    exact = len(partner)
    ious = dict.fromkeys(partner, 1.0)
    for place, found, value in _nearest([place for place in places if place not in partner], own, other, partner):
        partner[place], ious[place] = found, value
    losses: list[Loss] = []
    untold = 0
    for place in range(len(before)):
        words = [loss for loss in told if loss.object == place]
        seen = _difference(before, after, place, partner.get(place))
        value = ious.get(place, 0.0)
        if words:
            losses.append(Loss(name, place, "; ".join(loss.what for loss in words), min(value, *(loss.iou for loss in words))))
        elif value < 1 or seen:
            losses.append(Loss(name, place, seen or "its mask came back changed", value))
            untold += 1
    general = [loss for loss in told if loss.object is None]
    if not general:
        general = [Loss(name, None, what) for what in _of_image(before, after, len(after) - len(partner))]
        untold += len(general)
    return ImageTrip(len(before), exact, (*losses, *general), untold)


_Key = tuple[tuple[int, int, int, int], bytes]


def _key(region: Region, size_hw: tuple[int, int]) -> tuple[_Key, Region]:
    """What is equal for regions of equal pixels on the image, and the region on it in its tight box."""
    inside = region.window((0, 0, size_hw[1], size_hw[0]))
    tight = Region.of_mask(inside.pixels)
    (x0, y0, _, _), (left, top, right, bottom) = inside.box_xyxy, tight.box_xyxy
    box = (x0 + left, y0 + top, x0 + right, y0 + bottom) if right else (0, 0, 0, 0)
    return (box, np.packbits(tight.pixels).tobytes()), Region(box, tight.pixels)


def _equal(
    places: Sequence[int],
    own: Sequence[tuple[_Key, Region]],
    other: Sequence[tuple[_Key, Region]],
    before: Instances,
    after: Instances,
) -> dict[int, int]:
    """Objects that came back with the same pixels; of several, the one that is like it in everything else."""
    free: dict[_Key, list[int]] = defaultdict(list)
    for place, (key, _) in enumerate(other):
        free[key].append(place)
    partner: dict[int, int] = {}
    for is_like in (True, False):
        for place in places:
            key, _ = own[place]
            if place in partner or not free[key]:
                continue
            found = next((one for one in free[key] if not _difference(before, after, place, one)), None)
            if found is None and not is_like:
                found = free[key][0]
            if found is not None:
                free[key].remove(found)
                partner[place] = found
    return partner


def _nearest(
    left: Sequence[int], own: Sequence[tuple[_Key, Region]], other: Sequence[tuple[_Key, Region]], partner: dict[int, int]
) -> list[tuple[int, int, float]]:
    """What overlaps each of the objects that are left most, the best pair first."""
    free = sorted(set(range(len(other))) - set(partner.values()))
    pairs: list[tuple[float, int, int]] = []
    for start in range(0, len(left), ROWS):
        some = left[start : start + ROWS]
        table = iou([own[place][1] for place in some], [other[place][1] for place in free])
        pairs += [(float(table[i, j]), some[i], free[j]) for i, j in np.argwhere(table > 0).tolist()]
    found: list[tuple[int, int, float]] = []
    taken: set[int] = set()
    gone: set[int] = set()
    for value, place, one in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if place not in gone and one not in taken:
            found.append((place, one, value))
            gone.add(place)
            taken.add(one)
    return found


def _difference(before: Instances, after: Instances, place: int, found: int | None) -> str:
    """What else differs between an object and what came back of it, in words; nothing where nothing does."""
    if found is None:
        return "it did not come back"
    (old, score, crowd), (new, other_score, other_crowd) = (
        (each.classes[int(each.class_ids[at])].name, float(each.scores[at]), bool(each.is_crowd[at]))
        for each, at in ((before, place), (after, found))
    )
    words = [f"its class '{old}' came back as '{new}'"] if old != new else []
    words += [f"its score {score:g} came back as {other_score:g}"] if score != other_score else []
    words += ["its crowd mark came back changed"] if crowd != other_crowd else []
    return "; ".join(words)


def _of_image(before: Instances, after: Instances, more: int) -> list[str]:
    """What differs on the image as a whole, in words."""
    words = [f"{more} objects came back that were not there"] if more else []
    old, new = (np.zeros(each.size_hw, bool) if each.ignored is None else each.ignored for each in (before, after))
    changed = int(np.count_nonzero(old != new))
    return [*words, *([f"{changed} pixels came back ignored that were not, or the other way around"] if changed else [])]
