"""The recipe `parts`: machined metal under a lamp, some of it with pits and with scratches a pixel or two wide."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64, Int32
from scipy import ndimage

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.synth.camera import blurred, exposed
from maskwright.synth.numbers import Range, check_numbers, log_uniform, uniform, whole
from maskwright.synth.outlines import ellipse, polygon, stroke
from maskwright.synth.scene import Scene, clipped, on_image, panoptic_map
from maskwright.synth.textures import fractal, noise, rounded, slope, vignette

CLASSES = Classes.named("background", "part", "scratch", "pit", things=("part", "scratch", "pit"))
PART, SCRATCH, PIT = 1, 2, 3
TRIES = 40  # places that are tried for a part before there is no room
SHIFT = 4  # pixels from a part to its shadow
AROUND = 9  # pixels around a part that its shadow may reach
BENDS = 5  # of a scratch


@dataclass(frozen=True, kw_only=True)
class Parts:
    """All numbers of the scene. Two numbers are the bounds of which every image, or every part, draws its own.

    radius_px: from a part's middle to its farthest point. defect_share: parts that have any defect. scratches, pits: on such a
    part; scratch_px: their width, length_px their length. depth: how much a defect differs from the metal, of white. brush: how
    strong the marks of machining are. dust: specks on an image, which are no defects.
    """

    kind: Literal["parts"] = "parts"
    size_hw: tuple[int, int] = (256, 256)
    count: Range = (1, 5)
    radius_px: Range = (34.0, 80.0)
    defect_share: float = 0.4
    scratches: Range = (1, 3)
    scratch_px: Range = (1.0, 2.4)
    length_px: Range = (10.0, 60.0)
    pits: Range = (0, 2)
    pit_px: Range = (1.2, 3.5)
    depth: Range = (0.1, 0.4)
    brush: Range = (0.02, 0.08)
    metal: Range = (0.45, 0.7)
    dust: Range = (0, 12)
    blur_px: Range = (0.4, 0.8)
    photons: Range = (800, 4000)

    def __post_init__(self) -> None:
        check_numbers(self)

    @property
    def classes(self) -> Classes:
        return CLASSES

    def draw(self, rng: np.random.Generator) -> Scene:
        """One scene."""
        light = _table(rng, self.size_hw)
        numbers, class_ids = np.zeros(self.size_hw, np.int32), list[int]()
        tint = 1 + rng.uniform(-0.03, 0.03, 3)
        sun = uniform(rng, (0, 2 * np.pi))
        placed: list[tuple[float, float, float]] = []
        for _ in range(whole(rng, self.count)):
            spot = _free_spot(rng, self, placed)
            if spot is None:
                continue
            placed.append(spot)
            self._lay(rng, spot, sun, light, numbers, class_ids)
        for _ in range(whole(rng, self.dust)):
            y, x = int(rng.integers(self.size_hw[0])), int(rng.integers(self.size_hw[1]))
            light[y : y + 1 + int(rng.integers(2)), x : x + 1 + int(rng.integers(2))] *= uniform(rng, (0.75, 1.15))
        lamp = vignette(self.size_hw, uniform(rng, (0.1, 0.4))) * (1 + 0.15 * slope(rng, self.size_hw))
        color = blurred(rounded(light * lamp), uniform(rng, self.blur_px))[..., None] * tint
        pixels = exposed(color, rng, photons=log_uniform(rng, self.photons), read_noise=0.005)
        return Scene(pixels, panoptic_map(np.zeros(self.size_hw, np.uint16), numbers, class_ids, CLASSES))

    def _lay(
        self, rng: np.random.Generator, spot: tuple[float, float, float], sun: float,
        light: Float64[np.ndarray, "h w"], numbers: Int32[np.ndarray, "h w"], class_ids: list[int],
    ) -> None:  # fmt: skip
        """One part with its shadow, its metal and its defects, drawn into the light and the numbers."""
        x, y, _ = spot
        form, is_round = _part(rng, *spot)
        padded = np.pad(form.pixels, AROUND)
        x0, y0, x1, y1 = form.box_xyxy
        rows, columns, mask = clipped((x0 - AROUND, y0 - AROUND, x1 + AROUND, y1 + AROUND), padded, self.size_hw)
        here = light[rows, columns]
        shift = round(SHIFT * float(np.sin(sun))), round(SHIFT * float(np.cos(sun)))
        shade = np.pad(blurred(mask.astype(np.float64), 3.0), SHIFT, mode="edge")
        top, left = SHIFT - shift[0], SHIFT - shift[1]
        here *= 1 - 0.55 * shade[top : top + mask.shape[0], left : left + mask.shape[1]]
        surface = _metal(self, rng, (x - columns.start, y - rows.start), mask, sun, is_round=is_round)
        here[mask] = surface[mask]
        class_ids.append(PART)
        numbers[rows, columns][mask] = len(class_ids)
        if rng.random() < self.defect_share:
            self._spoil(rng, ndimage.binary_erosion(mask, iterations=3), here, numbers[rows, columns], class_ids)

    def _spoil(
        self, rng: np.random.Generator, inner: Bool[np.ndarray, "h w"],
        light: Float64[np.ndarray, "h w"], numbers: Int32[np.ndarray, "h w"], class_ids: list[int],
    ) -> None:  # fmt: skip
        """Scratches, bright on one side and dark on the other, and pits, dark with a bright rim."""
        inside = np.argwhere(inner)
        if not len(inside):
            return
        part = len(class_ids)
        for _ in range(whole(rng, self.scratches)):
            line = _scratch(rng, inside[int(rng.integers(len(inside)))][::-1], uniform(rng, self.length_px))
            drawn = stroke(line, uniform(rng, self.scratch_px))
            depth = uniform(rng, self.depth) * (1 if rng.random() < 0.6 else -1)
            rows, columns, pixels = on_image(drawn, inner.shape)
            there = pixels & inner[rows, columns] & (numbers[rows, columns] == part)
            if there.any():
                uneven = 0.75 + 0.25 * noise(rng, pixels.shape, 7.0)
                beside = np.roll(there, (1, 1), axis=(0, 1)) & ~there
                light[rows, columns] += rounded(np.where(there, depth * uneven, 0) - np.where(beside, 0.4 * depth * uneven, 0))
                class_ids.append(SCRATCH)
                numbers[rows, columns][there] = len(class_ids)
        for _ in range(whole(rng, self.pits)):
            px, py = inside[int(rng.integers(len(inside)))][::-1].tolist()
            size = uniform(rng, self.pit_px)
            hole = ellipse((px + 0.5, py + 0.5), (size, size * uniform(rng, (0.7, 1.0))))
            rows, columns, pixels = on_image(hole, inner.shape)
            there = pixels & inner[rows, columns] & (numbers[rows, columns] == part)
            if there.any():
                light[rows, columns] *= np.where(there, 1 - 1.6 * uniform(rng, self.depth), 1)
                rim = np.roll(there, (1, 1), axis=(0, 1)) & ~there
                light[rows, columns] += np.where(rim, 0.12, 0)
                class_ids.append(PIT)
                numbers[rows, columns][there] = len(class_ids)


def _table(rng: np.random.Generator, size_hw: tuple[int, int]) -> Float64[np.ndarray, "h w"]:
    """What the parts lie on: a dark mat, woven or plain, worn here and there."""
    tone = uniform(rng, (0.08, 0.3))
    weave = np.sin(np.arange(size_hw[0]) * 1.9)[:, None] * np.sin(np.arange(size_hw[1]) * 1.9)[None]
    worn = 0.12 * fractal(rng, size_hw, 50.0) + 0.08 * noise(rng, size_hw, 2.0)
    return rounded(tone * np.maximum(1 + worn + uniform(rng, (0, 0.12)) * weave, 0.2))


def _free_spot(
    rng: np.random.Generator, recipe: Parts, placed: list[tuple[float, float, float]]
) -> tuple[float, float, float] | None:
    """Middle and radius of a part that meets no other; it may reach over the image's edge."""
    height, width = recipe.size_hw
    for _ in range(TRIES):
        radius = uniform(rng, recipe.radius_px)
        x, y = uniform(rng, (0, width)), uniform(rng, (0, height))
        if all((x - a) ** 2 + (y - b) ** 2 > (radius + c + 3) ** 2 for a, b, c in placed):
            return x, y, radius
    return None


def _part(rng: np.random.Generator, x: float, y: float, radius: float) -> tuple[Region, bool]:
    """The pixels of a washer, a gear, a nut or a drilled plate, and whether it was turned on a lathe."""
    kind = str(rng.choice(("washer", "gear", "nut", "plate")))
    turn = uniform(rng, (0, 2 * np.pi))
    if kind == "washer":
        whole_part, holes = ellipse((x, y), (radius, radius)), [((x, y), radius * uniform(rng, (0.3, 0.6)))]
    elif kind == "gear":
        teeth = int(rng.integers(12, 26))
        steps = np.arange(4 * teeth)
        angles = turn + (steps + np.where(steps % 4 < 2, 0.15, -0.15)) * (2 * np.pi / (4 * teeth))
        reach = radius * np.where(steps % 4 < 2, 1.0, uniform(rng, (0.82, 0.9)))
        whole_part = polygon(np.stack([x + reach * np.cos(angles), y + reach * np.sin(angles)], axis=1))
        holes = [((x, y), radius * uniform(rng, (0.15, 0.3)))]
        if rng.random() < 0.6:
            spokes, away = int(rng.integers(4, 7)), 0.55 * radius
            around = turn + np.arange(spokes) * (2 * np.pi / spokes)
            holes += [((x + away * np.cos(a), y + away * np.sin(a)), 0.14 * radius) for a in around.tolist()]
    elif kind == "nut":
        angles = turn + np.arange(6) * (np.pi / 3)
        whole_part = polygon(np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1))
        holes = [((x, y), radius * uniform(rng, (0.42, 0.55)))]
    else:
        half = radius * np.array([np.cos(0.6), np.sin(0.6)]) * (1, uniform(rng, (0.7, 1.2)))
        half *= min(1.0, radius / float(np.hypot(*half)))
        cut = 0.25 * float(half.min())
        (a, b), c = half.tolist(), cut
        corners = np.array([(a - c, b), (a, b - c), (a, c - b), (a - c, -b), (c - a, -b), (-a, c - b), (-a, b - c), (c - a, b)])
        way = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        whole_part = polygon(corners @ way + (x, y))
        spots = np.array([(a, b), (-a, b), (a, -b), (-a, -b)]) * 0.68 @ way + (x, y)
        holes = [((px, py), 0.28 * float(half.min())) for px, py in spots.tolist()]
    pixels = whole_part.pixels.copy()
    x0, y0, x1, y1 = whole_part.box_xyxy
    for (hx, hy), size in holes:
        hole = ellipse((hx, hy), (size, size)).window(whole_part.box_xyxy)
        left, top, right, bottom = hole.box_xyxy
        pixels[top:bottom, left:right] &= ~hole.pixels
    return Region((x0, y0, x1, y1), pixels), kind in ("washer", "gear")


def _metal(
    recipe: Parts,
    rng: np.random.Generator,
    center_xy: tuple[float, float],
    mask: Bool[np.ndarray, "h w"],
    sun: float,
    *,
    is_round: bool,
) -> Float64[np.ndarray, "h w"]:
    """Brushed metal: rings and two bright fans where it was turned, straight lines elsewhere; a bevel along its edges."""
    height, width = mask.shape
    y, x = np.arange(height)[:, None] - center_xy[1], np.arange(width)[None] - center_xy[0]
    brush, tone = uniform(rng, recipe.brush), uniform(rng, recipe.metal)
    marks = rng.standard_normal((2 * (height + width), 8))
    if is_round:
        away = np.sqrt(x * x + y * y)
        place, along = away, np.abs(x) / np.maximum(away, 1e-9) * 7
        cos2 = ((x * np.cos(sun) + y * np.sin(sun)) / np.maximum(away, 4.0)) ** 2
        shine = 0.75 + 0.5 * cos2 * cos2
    else:
        turn = uniform(rng, (0, np.pi))
        place = x * np.cos(turn) + y * np.sin(turn) + height + width
        along = (y * np.cos(turn) - x * np.sin(turn)) / 60 + 100
        shine = 0.9 + 0.12 * slope(rng, mask.shape) + 0.05 * noise(rng, mask.shape, 60.0)
    rows = np.rint(rounded(place)).astype(np.int64) % len(marks)
    lines = marks[rows, np.floor(rounded(along)).astype(np.int64) % 8]
    lines = lines + 0.5 * noise(rng, mask.shape, 1.0)
    soft = blurred(mask.astype(np.float64), 1.6)
    down, across = np.gradient(soft)
    bevel = -(across * np.cos(sun) + down * np.sin(sun))
    return rounded(np.clip(tone * shine * (1 + brush * lines) + 0.9 * bevel, 0.02, 1.2))


def _scratch(rng: np.random.Generator, start: np.ndarray, length: float) -> Float64[np.ndarray, "n 2"]:
    """The points of a scratch: mostly straight, now and then bent."""
    heading = uniform(rng, (0, 2 * np.pi)) + np.cumsum(rng.normal(0, 0.15, BENDS))
    steps = np.stack([np.cos(heading), np.sin(heading)], axis=1) * (length / BENDS)
    return np.concatenate([[start + 0.5], start + 0.5 + np.cumsum(steps, axis=0)])
