"""Which of many masks a person means, judged by its outline, its colours, its shape, and masks accepted before."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float64, Num
from scipy import ndimage

from maskwright.assist.patch import Patch
from maskwright.assist.tools import outline
from maskwright.masks.draw import to_display
from maskwright.masks.region import Region

RING_PX = 3  # how wide the surroundings are that a mask's colours are compared with
ENOUGH = 3  # accepted masks from which on their size and colour are taken for a habit


@dataclass(frozen=True)
class Cues:
    """What a mask looks like: each number is 0 to 1, or 0 where it cannot be told."""

    edge: float  # how steep the picture is along the outline
    contrast: float  # how far the colours inside are from those around
    even: float  # how alike the colours inside are
    round: float  # 1 for a disc, near 0 for what is ragged
    central: float  # how near a single click lies to the mask's middle
    rim: float  # how much of the outline is only the rim of what was looked at
    kept: float  # IoU with the mask of before
    size: float  # how near its size is to that of masks accepted before
    color: float  # how near its colour is to theirs


# Made by benchmarks/rank_masks.py: a regression of the IoU on these cues, on objects of images that no published score counts.
FIRST = {"edge": 0.07, "contrast": 0.25, "even": -0.64, "round": 0.04, "central": 0.27, "rim": -0.15}
LATER = {"edge": 0.22, "contrast": 0.23, "even": -0.02, "round": -0.04, "rim": 0.28, "kept": 0.53}
CONSTANT = {"first": 0.25, "later": -0.04}
HABIT = {"size": 0.3, "color": 0.1}  # by choice: the objects above were clicked on without any accepted before
DISOBEYED = 1.0  # what each click costs that a mask does not follow


@dataclass(frozen=True)
class Habit:
    """Masks that a person accepted: the logarithm of their areas' square roots, and their colours, 0 to 1."""

    sizes: tuple[float, ...] = ()
    colors: tuple[tuple[float, float, float], ...] = ()

    def with_masks(self, image: Num[np.ndarray, "h w c"], regions: Sequence[Region]) -> "Habit":
        """The habit with more masks of one image."""
        picture = to_display(image).astype(np.float32) / 255
        sizes, colors = list(self.sizes), list(self.colors)
        for region in (region.window((0, 0, image.shape[1], image.shape[0])) for region in regions):
            if region.area:
                x0, y0, x1, y1 = region.box_xyxy
                red, green, blue = picture[y0:y1, x0:x1][region.pixels].mean(axis=0).tolist()
                sizes.append(0.5 * float(np.log(region.area)))
                colors.append((red, green, blue))
        return Habit(tuple(sizes), tuple(colors))

    @property
    def length(self) -> float | None:
        """The usual length of an object in pixels, None where there is no habit yet."""
        return float(np.exp(np.median(self.sizes))) if len(self.sizes) >= ENOUGH else None

    def likeness(self, area: float, color: Float64[np.ndarray, " 3"]) -> tuple[float, float]:
        """How near a mask of this area, in pixels of the image, and colour is to the habit."""
        if len(self.sizes) < ENOUGH or area <= 0:
            return 0.0, 0.0
        spread = max(float(np.std(self.sizes)), 0.1)
        size = float(np.exp(-(((0.5 * np.log(area) - np.median(self.sizes)) / (2 * spread)) ** 2)))
        away = np.abs(color - np.median(self.colors, axis=0)) / np.maximum(2 * np.std(self.colors, axis=0), 0.05)
        return size, float(np.exp(-(away.max() ** 2)))


def cues(patch: Patch, mask: Bool[np.ndarray, "h w"], habit: Habit) -> Cues:
    """What can be told of a mask on its patch."""
    area = int(np.count_nonzero(mask))
    if area == 0:
        return Cues(*[0.0] * len(fields(Cues)))
    rim = outline(mask)
    at_border = np.zeros_like(rim)
    at_border[[0, -1]] = at_border[:, [0, -1]] = True
    inner = rim & ~at_border
    ring = np.asarray(ndimage.binary_dilation(mask, iterations=RING_PX)) & ~mask
    inside = patch.smooth[mask]
    color = inside.mean(axis=0, dtype=np.float64)
    spread = float(inside.std(axis=0).max())
    apart = float(np.abs(patch.smooth[ring].mean(axis=0) - color).max()) if ring.any() else 0.0
    x0, _, x1, _ = patch.box_xyxy
    size, likeness = habit.likeness(area * ((x1 - x0) / patch.size_hw[1]) ** 2, color)
    length = int(np.count_nonzero(rim))
    return Cues(
        edge=float(np.minimum(patch.edges[inner], 1).mean()) if inner.any() else 0.0,
        contrast=apart / (apart + spread + 0.02),
        even=1 / (1 + 10 * spread),
        round=min(float(np.sqrt(4 * np.pi * area)) / length, 1.0),
        central=_central(patch, mask),
        rim=1 - np.count_nonzero(inner) / length,
        kept=_kept(patch, mask),
        size=size,
        color=likeness,
    )


def _central(patch: Patch, mask: Bool[np.ndarray, "h w"]) -> float:
    """How deep the first click lies in the mask, of the deepest; 0 where it is outside, or not the only one."""
    if len(patch.clicks_xy) != 1:
        return 0.0
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    x, y = patch.clicks_xy[0]
    return float(depth[y, x] / depth.max())


def _kept(patch: Patch, mask: Bool[np.ndarray, "h w"]) -> float:
    if patch.previous is None:
        return 0.0
    union = np.count_nonzero(mask | patch.previous)
    return np.count_nonzero(mask & patch.previous) / union if union else 0.0


def disobeyed(patch: Patch, mask: Bool[np.ndarray, "h w"]) -> int:
    """How many places that were clicked the mask has wrong."""
    object_at, other_at = patch.points
    return int(np.count_nonzero(object_at & ~mask) + np.count_nonzero(other_at & mask))


def judged(patch: Patch, mask: Bool[np.ndarray, "h w"], habit: Habit) -> float:
    """How likely a mask is what is meant, 0 to 1."""
    is_first = len(patch.clicks_xy) <= 1 and patch.previous is None
    weights, value = (FIRST, CONSTANT["first"]) if is_first else (LATER, CONSTANT["later"])
    seen = cues(patch, mask, habit)
    value += sum(weight * getattr(seen, name) for name, weight in (weights | HABIT).items())
    return float(np.clip(value - DISOBEYED * disobeyed(patch, mask), 0, 1))
