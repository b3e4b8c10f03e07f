"""An outline moved by a click beside it: all around where it is a little too tight or too wide, else near the click alone."""

import numpy as np
from jaxtyping import Bool, Float32, Int64
from scipy import ndimage

from maskwright.masks.region import Region

THIN = 0.1  # of an object's length: an error no deeper is one of the outline, not of what the object is
THIN_PX, THICK_PX = 1.5, 3.0  # but of small objects so much is, and of large ones no more
STEP = 1.5  # the outline moves so many times as far as the click lies from it, for a click is in the middle of what is wrong
FELT = (1.2, 0.15)  # of the object's length: how far along the outline a click is felt, at most and at least
AGAINST = 2.0  # a click the other way tells that the outline is not wrong alike all around
WIDER = 2.0  # times as far, for the second proposal
FAR_PX = 60.0  # and never farther, which bounds the time on large objects
SEEN = 3.0  # times as far, nothing is felt any more
MARGIN = 4


def is_thin(previous: Bool[np.ndarray, "h w"], clicks_xy: Int64[np.ndarray, "n 2"]) -> bool:
    """Whether the last click lies so near the outline of the mask before, by the object's length, that it means that."""
    region = Region.of_mask(previous)
    if not region.area or len(clicks_xy) < 2:
        return False
    x0, y0, x1, y1 = region.box_xyxy
    x, y = clicks_xy[-1].tolist()
    near = min(max(THIN * max(x1 - x0, y1 - y0), THIN_PX), THICK_PX)
    reach = int(near) + 2
    if not (x0 - reach <= x < x1 + reach and y0 - reach <= y < y1 + reach):
        return False
    part = _around(previous, (x - reach, y - reach, x + reach + 1, y + reach + 1))
    rows, columns = np.nonzero(part != part[reach, reach])
    return len(rows) > 0 and float(np.hypot(rows - reach, columns - reach).min()) <= near + 0.5


def off_outline(region: Region, click_xy: tuple[int, int]) -> float:
    """How far a click lies from the outline of a region, inside or outside; 0 where there is none."""
    x0, y0, _, _ = region.box_xyxy
    inside = np.pad(region.pixels, 1)
    rows, columns = np.nonzero(inside[:, 1:] != inside[:, :-1])
    lower, right = np.nonzero(inside[1:] != inside[:-1])
    if len(rows) == 0:
        return 0.0
    x, y = click_xy[0] - x0 + 1, click_xy[1] - y0 + 1  # in pixels of the padded mask
    return float(min(np.hypot(columns + 0.5 - x, rows - y).min(), np.hypot(right - x, lower + 0.5 - y).min()))


def nudged(
    previous: Bool[np.ndarray, "h w"], clicks_xy: Int64[np.ndarray, "n 2"], positive: Bool[np.ndarray, " n"],
    *, only_thin: bool = False,
) -> list[Region]:  # fmt: skip
    """The mask before with its outline moved to follow the last click: along much of it, and near the click alone.

    only_thin: along much of it only where the click means the outline, since what means more is answered otherwise.
    Empty where the last click is followed already, or there is nothing to move.
    """
    size_hw = previous.shape
    before = Region.of_mask(previous)
    if not before.area or len(clicks_xy) == 0:
        return []
    click, adds = clicks_xy[-1], bool(positive[-1])
    if not (0 <= click[0] < size_hw[1] and 0 <= click[1] < size_hw[0]) or previous[click[1], click[0]] == adds:
        return []
    x0, y0, x1, y1 = before.box_xyxy
    is_felt = not only_thin or is_thin(previous, clicks_xy)
    reach = min(max(x1 - x0, y1 - y0) * _reach(positive), FAR_PX) if is_felt else 0.0
    room = MARGIN + round(SEEN * WIDER * max(reach, THIN_PX))
    low, high = np.minimum((x0, y0), click) - room, np.maximum((x1, y1), click + 1) + room
    if reach:  # else the outline may be anywhere
        low, high = np.maximum(low, click - room), np.minimum(high, click + room + 1)
    (left, top), (right, bottom) = np.maximum(low, 0).tolist(), np.minimum(high, size_hw[::-1]).tolist()
    box = (left, top, right, bottom)
    part = previous[top:bottom, left:right]
    depth = _depth(part)
    inside = ((clicks_xy >= box[:2]) & (clicks_xy < box[2:])).all(axis=1)
    points, kinds = clicks_xy[inside] - box[:2], positive[inside]
    column, row = points[-1]
    step = -STEP * float(depth[row, column])
    opposed = points[kinds != adds][-16:]
    found = []
    for sigma in (max(reach, abs(step), 1.0), max(WIDER * reach, abs(step), 1.0)):
        moved = depth + step * _felt(part.shape, (int(column), int(row)), sigma)
        for other in opposed.tolist():
            near = _felt(part.shape, (other[0], other[1]), max(sigma / 3, 1.0))
            moved = np.where(near > 0, depth * near + moved * (1 - near), moved)
        mask = moved > 0
        mask[points[:, 1], points[:, 0]] = kinds
        whole = previous.copy()
        whole[top:bottom, left:right] = mask
        found.append(Region.of_mask(whole))
    return [region for region in found if region.area]


def _reach(positive: Bool[np.ndarray, " n"]) -> float:
    """How far along the outline the last click is felt, of the object's length: the more was said, the less is still wrong."""
    against = np.count_nonzero(positive[1:] != positive[-1])
    return max(FELT[0] / ((1 + AGAINST * against) * float(np.sqrt(max(len(positive) - 1, 1)))), FELT[1])


def _depth(mask: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """How far inside (above 0) or outside (below) of a mask each pixel's middle lies from its outline."""
    inside = ndimage.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1]
    outside = ndimage.distance_transform_edt(~mask)
    return np.where(mask, inside - 0.5, 0.5 - outside).astype(np.float32)


def _felt(size_hw: tuple[int, ...], at_xy: tuple[int, int], sigma: float) -> Float32[np.ndarray, "h w"]:
    """How much a click is felt at each pixel: 1 where it is."""
    across = np.exp(-((np.arange(size_hw[1]) - at_xy[0]) ** 2) / (2 * sigma**2))
    down = np.exp(-((np.arange(size_hw[0]) - at_xy[1]) ** 2) / (2 * sigma**2))
    return np.asarray(down[:, None] * across[None], np.float32)


def _around(mask: Bool[np.ndarray, "h w"], box: tuple[int, int, int, int]) -> Bool[np.ndarray, "a b"]:
    """A box of a mask that may reach over its rim, where nothing is."""
    x0, y0, x1, y1 = box
    part = np.zeros((y1 - y0, x1 - x0), bool)
    left, top = max(x0, 0), max(y0, 0)
    seen = mask[top : max(y1, 0), left : max(x1, 0)]
    part[top - y0 : top - y0 + seen.shape[0], left - x0 : left - x0 + seen.shape[1]] = seen
    return part
