"""Objects found in overlapping tiles brought together: each whole, and once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int64

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.tiles import Tile
from maskwright.masks.types import Instances

Box = tuple[int, int, int, int]

NEAR = 2  # pixels: an object that comes so near to an inner side of its tile may go on beyond it
MOST_IOU = 0.5  # of two objects of one class from different tiles; more, and they are the same
PIECE = 0.5  # of the pixels of an object that its tile cut: with more of them in a better seen one it is a piece of that


@dataclass(eq=False)
class _Found:
    """An object in the whole image, and how well its tile saw it: 0 with its middle nearest to it, 1 beside it, 2 cut."""

    region: Region
    class_id: int
    score: float
    seen: int
    tile: Box
    cut: tuple[bool, bool, bool, bool]  # at the left, top, right and bottom of the tile


def whole_objects(found: Iterable[tuple[Tile, Instances]], size_hw: tuple[int, int], classes: Classes) -> Instances:
    """The objects of an image from those of its tiles, the surest first.

    An object that a tile cuts is left to the neighbour that sees all that is there of it and more. Where every tile cuts it,
    its parts become one, if they agree on the pixels that their tiles share. Doubles of one class go; the one stays whose
    tile has its middle nearest. Objects no larger than the overlap of the tiles are seen whole by the tile around their
    middle. Memory follows the pixels of the objects, not the image times their number.
    """
    tiles, objects = [], list[_Found]()
    for tile, instances in found:
        tiles.append(tile.box_xyxy)
        objects += _placed(tile.box_xyxy, instances, size_hw)
    if len(tiles) > 1:
        centers = np.array([((x0 + x1) / 2, (y0 + y1) / 2) for x0, y0, x1, y1 in tiles])
        objects = [each for each in objects if each.seen < 2 or not any(_sees_more(tile, each, size_hw) for tile in tiles)]
        for each in objects:
            each.seen = max(each.seen, int(not _is_nearest(each, tiles, centers)))
        objects = _without_doubles(sorted(objects, key=lambda each: (each.seen, -each.score)))
    objects.sort(key=lambda each: -each.score)
    return Instances(
        size_hw=size_hw,
        regions=tuple(each.region for each in objects),
        class_ids=np.array([each.class_id for each in objects], np.int64),
        scores=np.array([each.score for each in objects], np.float64),
        is_crowd=np.zeros(len(objects), bool),
        classes=classes,
    )


def _placed(box: Box, instances: Instances, size_hw: tuple[int, int]) -> list[_Found]:
    """The objects of a tile where they lie in the image."""
    left, top, right, bottom = box
    inner = (left > 0, top > 0, right < size_hw[1], bottom < size_hw[0])
    placed = []
    rows = zip(instances.regions, instances.class_ids.tolist(), instances.scores.tolist(), strict=True)
    for region, class_id, score in rows:
        x0, y0, x1, y1 = region.box_xyxy
        near = (x0 < NEAR, y0 < NEAR, x1 > right - left - NEAR, y1 > bottom - top - NEAR)
        cut = tuple(is_inner and is_near for is_inner, is_near in zip(inner, near, strict=True))
        moved = Region((x0 + left, y0 + top, x1 + left, y1 + top), region.pixels)
        placed.append(_Found(moved, class_id, score, 2 * any(cut), box, (cut[0], cut[1], cut[2], cut[3])))
    return placed


def _sees_more(tile: Box, each: _Found, size_hw: tuple[int, int]) -> bool:
    """Whether a tile holds all of an object that its own tile cuts, and what lies beyond the cut."""
    (x0, y0, x1, y1), (left, top, right, bottom) = each.region.box_xyxy, tile
    beyond = (x0 - left, y0 - top, right - x1, bottom - y1)
    at_rim = (left == 0, top == 0, right == size_hw[1], bottom == size_hw[0])
    sides = zip(beyond, at_rim, each.cut, strict=True)
    return all(room >= (NEAR if is_cut and not is_rim else 0) for room, is_rim, is_cut in sides)


def _is_nearest(each: _Found, tiles: Sequence[Box], centers: np.ndarray) -> bool:
    """Whether no other tile has its middle nearer to the object's, in the larger of both directions."""
    x0, y0, x1, y1 = each.region.box_xyxy
    away = np.abs(centers - ((x0 + x1) / 2, (y0 + y1) / 2)).max(axis=1)
    return bool(away[tiles.index(each.tile)] <= away.min())


def _without_doubles(objects: Sequence[_Found]) -> list[_Found]:
    """Of objects in the order in which they are believed, those that are not seen already, with their parts added."""
    kept: list[_Found] = []
    boxes = np.zeros((len(objects), 4), np.int64)
    for each in objects:
        rivals = [kept[i] for i in _meeting(boxes[: len(kept)], each.region.box_xyxy) if kept[i].tile != each.tile]
        if any(_is_seen_in(each, rival) for rival in rivals):
            continue
        other = next((rival for rival in rivals if each.seen == rival.seen == 2 and _is_part_of(each, rival)), None)
        if other is None:
            kept.append(each)
            boxes[len(kept) - 1] = each.region.box_xyxy
        else:
            other.region = _union(other.region, each.region)
            boxes[kept.index(other)] = other.region.box_xyxy
    return kept


def _meeting(boxes: Int64[np.ndarray, "n 4"], box: Box) -> list[int]:
    """The places of the boxes that share area with a box."""
    meet = (np.maximum(boxes[:, :2], box[:2]) < np.minimum(boxes[:, 2:], box[2:])).all(axis=1)
    return [int(i) for i in np.flatnonzero(meet)]


def _is_seen_in(each: _Found, rival: _Found) -> bool:
    """Whether another tile saw the same object, and at least as well."""
    shared = _shared(each.region, rival.region)
    if each.seen == 2 and rival.seen < 2:  # of a piece the class is a guess
        return shared > PIECE * each.region.area
    return each.class_id == rival.class_id and shared > MOST_IOU * (each.region.area + rival.region.area - shared)


def _is_part_of(each: _Found, rival: _Found) -> bool:
    """Whether two cut objects are one: on the pixels that both tiles see they agree."""
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = each.tile, rival.tile
    common: Box = (max(ax0, bx0), max(ay0, by0), min(ax1, bx1), min(ay1, by1))
    if each.class_id != rival.class_id or common[0] >= common[2] or common[1] >= common[3]:
        return False
    mine, theirs = each.region.window(common), rival.region.window(common)
    shared = _shared(mine, theirs)
    return shared > MOST_IOU * (mine.area + theirs.area - shared)


def _shared(one: Region, other: Region) -> int:
    """The pixels that are in both."""
    seen = other.window(one.box_xyxy)
    x0, y0, x1, y1 = seen.box_xyxy
    return int(np.count_nonzero(one.pixels[y0:y1, x0:x1] & seen.pixels))


def _union(one: Region, other: Region) -> Region:
    """The pixels that are in either."""
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = one.box_xyxy, other.box_xyxy
    box: Box = (min(ax0, bx0), min(ay0, by0), max(ax1, bx1), max(ay1, by1))
    pixels: Bool[np.ndarray, "h w"] = np.zeros((box[3] - box[1], box[2] - box[0]), bool)
    for region in (one, other):
        x0, y0, x1, y1 = region.box_xyxy
        pixels[y0 - box[1] : y1 - box[1], x0 - box[0] : x1 - box[0]] |= region.pixels
    return replace(one, box_xyxy=box, pixels=pixels)
