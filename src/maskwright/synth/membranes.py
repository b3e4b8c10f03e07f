"""The recipe `membranes`: a slice of tissue in an electron microscope, cells between dark membranes, organelles, noise."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64, Int32

from maskwright.masks.classes import Classes
from maskwright.masks.regions import components
from maskwright.masks.types import Panoptic
from maskwright.synth.camera import blurred, exposed
from maskwright.synth.numbers import Range, check_numbers, log_uniform, uniform, whole
from maskwright.synth.outlines import blob
from maskwright.synth.scene import Scene, clipped, panoptic_map
from maskwright.synth.textures import fractal, noise, rounded, slope

CLASSES = Classes.named("membrane", "cell", things=("cell",))
CELL = 1
SIZES = 6  # of cells, from the largest to the smallest, that are laid one after another
TRIES = 90  # places tried for cells of the smallest size, on 256 x 256 pixels
FAR = 1e6
BEND, SWAY = 12.0, 56.0  # pixels over which membranes bend and sway
SPECK = 9  # pixels: smaller parts are no cells


@dataclass(frozen=True, kw_only=True)
class Membranes:
    """All numbers of the scene. Two numbers are the bounds of which every image, or every part of it, draws its own.

    radius_px: of cells. bend_px: how far membranes stray from arcs, finely, and sway_px coarsely. thickness_px: of membranes;
    slant: how much of them is cut so flatly that it is wide and gray. vesicles, mitochondria, synapses: on 256 x 256 pixels.
    cytoplasm: how bright it is; contrast: how much darker membranes are. noise: standard deviation of what the microscope adds.
    """

    kind: Literal["membranes"] = "membranes"
    size_hw: tuple[int, int] = (256, 256)
    radius_px: Range = (5.0, 46.0)
    bend_px: Range = (1.2, 2.6)
    sway_px: Range = (6.0, 15.0)
    thickness_px: Range = (2.4, 4.0)
    slant: Range = (0.1, 0.5)
    vesicles: Range = (40, 240)
    mitochondria: Range = (1, 9)
    synapses: Range = (0, 3)
    cytoplasm: Range = (0.62, 0.74)
    contrast: Range = (0.42, 0.56)
    focus_px: Range = (0.5, 1.0)
    noise: Range = (0.035, 0.08)
    unevenness: Range = (0.02, 0.08)

    def __post_init__(self) -> None:
        check_numbers(self)

    @property
    def classes(self) -> Classes:
        return CLASSES

    def draw(self, rng: np.random.Generator) -> Scene:
        """One scene."""
        owner, gap = _tessellation(self, rng)
        size = self.size_hw
        half = uniform(rng, self.thickness_px) / 2 * np.exp(0.3 * noise(rng, size, 24.0))
        slant = uniform(rng, self.slant) * np.maximum(noise(rng, size, 30.0) - 0.8, 0) * 5
        half = rounded(half + slant)
        is_membrane = gap < half
        cytoplasm, contrast = uniform(rng, self.cytoplasm), uniform(rng, self.contrast)
        tints = rng.normal(0, 0.03, int(owner.max()) + 1)
        light = cytoplasm + tints[owner] + 0.04 * noise(rng, size, 5.0) + 0.03 * fractal(rng, size, 60.0)
        _organelles(self, rng, light, owner, gap - half)
        depth = np.clip((half - gap) / np.maximum(half, 0.7) + 0.35, 0, 1) / (1 + 0.7 * slant)
        light = light - contrast * depth * (1 + 0.15 * noise(rng, size, 16.0))
        _synapses(self, rng, light, gap)
        light = blurred(rounded(light), uniform(rng, self.focus_px))
        uneven = uniform(rng, self.unevenness)
        light = light + uneven * slope(rng, size) + uneven * noise(rng, size, size[0] / 2)
        strength = log_uniform(rng, self.noise)
        grain = rng.standard_normal(size)
        grain = grain + 0.6 * (np.roll(grain, 1, axis=0) + np.roll(grain, 1, axis=1))
        pixels = exposed((light + 0.75 * strength * grain)[..., None], rng, photons=0, read_noise=0.3 * strength)
        return Scene(pixels, _panoptic(owner, is_membrane))


def _tessellation(recipe: Membranes, rng: np.random.Generator) -> tuple[Int32[np.ndarray, "h w"], Float64[np.ndarray, "h w"]]:
    """The cell at every pixel, and how far the border to the next one is: cells grow from discs until they meet."""
    height, width = recipe.size_hw
    discs = _discs(recipe, rng)
    bend, sway = uniform(rng, recipe.bend_px), uniform(rng, recipe.sway_px)
    y, x = (
        grid + bend * noise(rng, recipe.size_hw, BEND) + sway * noise(rng, recipe.size_hw, SWAY)
        for grid in (np.arange(height)[:, None], np.arange(width)[None])
    )
    first, second = np.full(recipe.size_hw, FAR), np.full(recipe.size_hw, FAR)
    owner = np.zeros(recipe.size_hw, np.int32)
    margin = 4 * (bend + sway) + 2.5 * recipe.radius_px[0]
    for number, (cx, cy, radius) in enumerate(discs.tolist()):
        reach = radius + margin
        rows = slice(max(0, int(cy - reach)), max(0, int(cy + reach) + 1))
        columns = slice(max(0, int(cx - reach)), max(0, int(cx + reach) + 1))
        away = np.sqrt((x[rows, columns] - cx) ** 2 + (y[rows, columns] - cy) ** 2) - radius
        nearest = first[rows, columns]
        is_nearer = away < nearest
        np.minimum(second[rows, columns], np.maximum(away, nearest), out=second[rows, columns])
        owner[rows, columns][is_nearer] = number
        np.minimum(nearest, away, out=nearest)
    return owner, rounded(np.minimum(second - first, FAR) / 2)


def _discs(recipe: Membranes, rng: np.random.Generator) -> Float64[np.ndarray, "n 3"]:
    """Centres and radii of discs that do not meet, the largest laid first, the smallest in what is left."""
    height, width = recipe.size_hw
    low, high = recipe.radius_px
    scale = height * width / 65536
    discs = np.zeros((0, 3))
    for step in range(SIZES):
        radius = high * (low / high) ** (step / (SIZES - 1))
        tries = round(TRIES * scale * (0.02 if step == 0 else (step / (SIZES - 1)) ** 1.5 * 2))
        margin = radius
        places = rng.uniform((-margin, -margin, 0.8), (width + margin, height + margin, 1.25), (max(1, tries), 3))
        for x, y, factor in places.tolist():
            size = radius * factor
            if np.all((discs[:, 0] - x) ** 2 + (discs[:, 1] - y) ** 2 > (discs[:, 2] + size + 1) ** 2):
                discs = np.concatenate([discs, [(x, y, size)]])
    return discs


def _organelles(
    recipe: Membranes,
    rng: np.random.Generator,
    light: Float64[np.ndarray, "h w"],
    owner: Int32[np.ndarray, "h w"],
    room: Float64[np.ndarray, "h w"],
) -> None:
    """Vesicles and mitochondria, drawn into the light where there is room for them."""
    height, width = light.shape
    scale = height * width / 65536
    for _ in range(round(whole(rng, recipe.mitochondria) * scale)):
        y, x = int(rng.integers(height)), int(rng.integers(width))
        size, angle, turn = uniform(rng, (5.0, 11.0)), uniform(rng, (0, np.pi)), uniform(rng, (0, np.pi))
        if room[y, x] < size * 0.7:
            continue
        box, depth = blob(rng, (x, y), (size * uniform(rng, (1.1, 1.9)), size), angle, 0.05)
        rows, columns, depth = clipped(box, depth, recipe.size_hw)
        inside = (depth > 0) & (owner[rows, columns] == owner[y, x]) & (room[rows, columns] > 1.5)
        v, u = np.mgrid[rows, columns]
        stripes = np.sin((u * np.cos(turn) + v * np.sin(turn)) * 1.5 + 1.5 * noise(rng, light.shape, 9.0)[rows, columns])
        shade = 0.18 + 0.1 * stripes + 0.16 * np.exp(-((depth * size / 1.3) ** 2))
        light[rows, columns] -= np.where(inside, shade, 0)
    for _ in range(round(whole(rng, recipe.vesicles) * scale)):
        y, x, size = int(rng.integers(height)), int(rng.integers(width)), uniform(rng, (1.6, 3.4))
        if room[y, x] < size + 1:
            continue
        box, depth = blob(rng, (x, y), (size, size), 0.0, 0.05)
        rows, columns, depth = clipped(box, depth, recipe.size_hw)
        ring = np.exp(-((depth * size / 0.8) ** 2))
        light[rows, columns] -= uniform(rng, (0.1, 0.32)) * ring - np.where(depth > 0, 0.04, 0)


def _synapses(
    recipe: Membranes, rng: np.random.Generator, light: Float64[np.ndarray, "h w"], gap: Float64[np.ndarray, "h w"]
) -> None:
    """Places where a membrane is dark to both sides."""
    height, width = light.shape
    for _ in range(round(whole(rng, recipe.synapses) * height * width / 65536)):
        y, x, reach = int(rng.integers(height)), int(rng.integers(width)), uniform(rng, (6, 14))
        rows = slice(max(0, y - 30), y + 31)
        columns = slice(max(0, x - 30), x + 31)
        v, u = np.mgrid[rows, columns][:, : light[rows].shape[0], : light[:, columns].shape[1]]
        near = np.exp(-((v - y) ** 2 + (u - x) ** 2) / (reach * reach))
        light[rows, columns] -= 0.45 * near * np.exp(-((gap[rows, columns] / 4) ** 2))


def _panoptic(owner: Int32[np.ndarray, "h w"], is_membrane: Bool[np.ndarray, "h w"]) -> Panoptic:
    """Every connected part between membranes as a cell, but for specks; a wide membrane may cut one cell in two."""
    inside = ~is_membrane
    inside[:, :-1] &= owner[:, :-1] == owner[:, 1:]
    inside[:-1] &= owner[:-1] == owner[1:]
    parts, count = components(inside, connectivity=4)
    parts[(np.bincount(parts.ravel(), minlength=count + 1) < SPECK)[parts]] = 0
    return panoptic_map(np.zeros(owner.shape, np.uint16), parts, [CELL] * count, CLASSES)
