"""What answers a click where no assistant does: pixels of a like colour that hang together with it, at several tolerances."""

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

from maskwright.masks import box_runs
from maskwright.masks.region import Region
from maskwright.studio.pyramid import Level

NAME = "simple"
SIDE = 384  # of the part of the image around a click that is looked at
TOLERANCES = (0.06, 0.12, 0.2, 0.3)  # of the range of values in this part
BEST, WORST = 0.5, 0.1

Click = tuple[int, int, bool]


def candidates(image: Level, clicks: list[Click], box: tuple[int, int, int, int] | None) -> list[dict[str, object]]:
    """Masks around the last positive click on the image, without what negative ones hit; a box alone is its own mask."""
    height, width = image.shape[0], image.shape[1]
    inside = [(x, y, positive) for x, y, positive in clicks if 0 <= x < width and 0 <= y < height]
    seeds = [(x, y) for x, y, positive in inside if positive]
    if not seeds:
        return [] if box is None else _of_box(box, (height, width))
    x0, y0 = (max(0, place - SIDE // 2) for place in seeds[-1])
    part = image[y0 : y0 + SIDE, x0 : x0 + SIDE].astype(np.float32)
    span = part.max(axis=(0, 1)) - part.min(axis=(0, 1))
    near = [(x - x0, y - y0) for x, y in seeds if 0 <= x - x0 < part.shape[1] and 0 <= y - y0 < part.shape[0]]
    color = np.mean([part[y, x] for x, y in near], axis=0)
    away = (np.abs(part - color) / np.where(span > 0, span, 1)).max(axis=2)
    masks: list[Bool[np.ndarray, "h w"]] = []
    for tolerance in TOLERANCES:
        mask = _hanging(away <= tolerance, near, [(x - x0, y - y0) for x, y, positive in inside if not positive])
        if mask.any() and not any((mask == other).all() for other in masks):
            masks.append(mask)
    scores = np.linspace(BEST, WORST, max(len(masks), 2))
    return [_written(Region.of_mask(mask), (x0, y0), float(score)) for mask, score in zip(masks, scores, strict=False)]


def _hanging(
    like: Bool[np.ndarray, "h w"], seeds: list[tuple[int, int]], others: list[tuple[int, int]]
) -> Bool[np.ndarray, "h w"]:
    """The parts that hold a seed, filled, without those that hold another click."""
    parts, _ = ndimage.label(like)
    wanted = {int(parts[y, x]) for x, y in seeds} - {0}
    barred = {int(parts[y, x]) for x, y in others if 0 <= x < like.shape[1] and 0 <= y < like.shape[0]}
    filled: Bool[np.ndarray, "h w"] = ndimage.binary_fill_holes(np.isin(parts, list(wanted - barred)))
    return filled


def _of_box(box: tuple[int, int, int, int], size_hw: tuple[int, int]) -> list[dict[str, object]]:
    x0, y0, x1, y1 = max(box[0], 0), max(box[1], 0), min(box[2], size_hw[1]), min(box[3], size_hw[0])
    if x0 >= x1 or y0 >= y1:
        return []
    return [_written(Region((0, 0, x1 - x0, y1 - y0), np.ones((y1 - y0, x1 - x0), bool)), (x0, y0), WORST)]


def _written(region: Region, corner: tuple[int, int], score: float) -> dict[str, object]:
    x0, y0, x1, y1 = region.box_xyxy
    box = [x0 + corner[0], y0 + corner[1], x1 + corner[0], y1 + corner[1]]
    return {"box": box, "runs": box_runs.text_of(region), "area": region.area, "score": round(score, 3), "assistant": NAME}
