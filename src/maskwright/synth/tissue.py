"""The recipe `tissue`: a stained section with glands around their lumens, fibres between, and nuclei everywhere."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64, UInt16

from maskwright.masks.classes import Classes
from maskwright.synth.camera import blurred, exposed, stained
from maskwright.synth.nucleus import Chromatin, Nucleus, nucleus
from maskwright.synth.numbers import Range, check_numbers, uniform, whole
from maskwright.synth.outlines import blob
from maskwright.synth.scene import Scene, clipped, on_image, panoptic_map, visible
from maskwright.synth.textures import fractal, noise, rounded

CLASSES = Classes.named("background", "stroma", "epithelium", "nucleus", things=("nucleus",))
GLASS, STROMA, EPITHELIUM, NUCLEUS = range(4)
LEAST_SEEN = 0.4  # of a nucleus, for it to be there
TRIES = 4  # for every nucleus that there should be
STEPS = 6  # along a fibre, over which its brightness is averaged
WALL = 160  # places in a layer of a wall, of which those stay that are far enough apart


@dataclass(frozen=True, kw_only=True)
class Tissue:
    """All numbers of the scene. Two numbers are the bounds of which every image, or every part of it, draws its own.

    nucleus_px: radius of a typical nucleus. glands: on 256 x 256 pixels; gland_px: their radius; lumen_share: of it, that is
    empty. layers: of nuclei in a gland's wall. stroma_nuclei: between glands, on 256 x 256 pixels. gap_share: of the stroma,
    that is torn and empty. fibre_px: length and width of fibres. hematoxylin, eosin: how strong the blue and the pink dye are.
    """

    kind: Literal["tissue"] = "tissue"
    size_hw: tuple[int, int] = (256, 256)
    nucleus_px: Range = (4.5, 9.0)
    elongation: Range = (1.1, 2.0)
    glands: Range = (0, 4)
    gland_px: Range = (34.0, 80.0)
    lumen_share: Range = (0.25, 0.6)
    layers: Range = (1, 2)
    stroma_nuclei: Range = (15, 70)
    gap_share: Range = (0.0, 0.12)
    fibre_px: Range = (5.0, 40.0)
    texture: Range = (0.15, 0.4)
    hematoxylin: Range = (0.7, 1.3)
    eosin: Range = (0.25, 0.6)
    defocus_px: Range = (0.5, 1.1)
    photons: float = 3000.0

    def __post_init__(self) -> None:
        check_numbers(self)

    @property
    def classes(self) -> Classes:
        return CLASSES

    def draw(self, rng: np.random.Generator) -> Scene:
        """One scene."""
        size = self.size_hw
        radius = uniform(rng, self.nucleus_px)
        flow = rounded(np.pi * (rng.random() + 0.35 * noise(rng, size, size[0] / 2.5)))
        stuff, wall_spots = _ground(self, rng, radius)
        nuclei = _nuclei(self, rng, radius, flow, stuff, wall_spots)
        kept = visible([each.region for each in nuclei], size, least_share=LEAST_SEEN, least_px=6)
        numbers, blue = np.zeros(size, np.int32), np.zeros(size)
        for number, place in enumerate(kept, 1):
            rows, columns, pixels = on_image(nuclei[place].region, size)
            _, _, seen = clipped(nuclei[place].region.box_xyxy, nuclei[place].density, size)
            dark = float(np.exp(0.25 * rng.standard_normal()))
            part = blue[rows, columns]
            part[pixels] = np.maximum(0.35 * part, 0)[pixels] + dark * seen[pixels]
            numbers[rows, columns][pixels] = number
        image = _seen(self, rng, stuff, blue, flow)
        return Scene(image, panoptic_map(stuff, numbers, [NUCLEUS] * len(kept), CLASSES))


def _ground(
    recipe: Tissue, rng: np.random.Generator, radius: float
) -> tuple[UInt16[np.ndarray, "h w"], list[tuple[float, float, float]]]:
    """The classes under the nuclei, and where in the walls of glands nuclei stand: x, y, and the way they point."""
    height, width = recipe.size_hw
    scale = height * width / 65536
    holes = noise(rng, recipe.size_hw, 34.0)
    share = uniform(rng, recipe.gap_share)
    stuff = np.where(holes > np.quantile(holes, 1 - share), GLASS, STROMA).astype(np.uint16)
    spots: list[tuple[float, float, float]] = []
    placed: list[tuple[float, float, float]] = []
    for _ in range(round(whole(rng, recipe.glands) * scale)):
        size = uniform(rng, recipe.gland_px)
        x, y = uniform(rng, (-0.2 * size, width + 0.2 * size)), uniform(rng, (-0.2 * size, height + 0.2 * size))
        if any((x - a) ** 2 + (y - b) ** 2 < (0.95 * (size + c)) ** 2 for a, b, c in placed):
            continue
        placed.append((x, y, size))
        longer = uniform(rng, (1.0, 1.35))
        box, depth = blob(rng, (x, y), (size * longer, size / longer), uniform(rng, (0, np.pi)), 0.08)
        rows, columns, pixels = clipped(box, depth, recipe.size_hw)
        lumen = uniform(rng, recipe.lumen_share)
        stuff[rows, columns][pixels > 0] = EPITHELIUM
        stuff[rows, columns][pixels > 1 - lumen] = GLASS
        spots += _wall(rng, box, depth, radius, whole(rng, recipe.layers), lumen, (x, y))
    return stuff, spots


def _wall(
    rng: np.random.Generator,
    box: tuple[int, int, int, int],
    depth: Float64[np.ndarray, "h w"],
    radius: float,
    layers: int,
    lumen: float,
    center_xy: tuple[float, float],
) -> list[tuple[float, float, float]]:
    """Places in a gland's wall where nuclei may stand, and the way to its middle, to which they point."""
    spots = []
    thick = 1 - lumen
    for layer in range(layers):
        level = thick * min(0.35 + 0.38 * layer, 0.8)
        ring = np.argwhere(np.abs(depth - level) < 0.02) + np.array((box[1], box[0]))
        for y, x in rng.permutation(ring)[:WALL].tolist():
            spots.append((float(x), float(y), float(np.arctan2(y - center_xy[1], x - center_xy[0]))))
    return spots


def _nuclei(
    recipe: Tissue,
    rng: np.random.Generator,
    radius: float,
    flow: Float64[np.ndarray, "h w"],
    stuff: UInt16[np.ndarray, "h w"],
    wall_spots: list[tuple[float, float, float]],
) -> list[Nucleus]:
    """Nuclei of the walls, then those of the stroma, along its fibres; none where there is no tissue."""
    height, width = recipe.size_hw
    chromatin = Chromatin.drawn(rng, recipe.size_hw, radius)
    texture, longer = uniform(rng, recipe.texture), uniform(rng, recipe.elongation)
    wanted = round(whole(rng, recipe.stroma_nuclei) * height * width / 65536 * min(1.0, (7 / radius) ** 2))
    spots = [(x, y, angle, 1.0, radius * 1.75) for x, y, angle in wall_spots]
    for x, y in (rng.random((TRIES * wanted, 2)) * (width, height)).tolist():
        if stuff[int(y), int(x)] == STROMA:
            spots.append((x, y, float(flow[int(y), int(x)]), float(rng.choice((0.8, 1.0, 1.6))), radius * 2.1))
    found: list[Nucleus] = []
    taken, left = np.zeros((len(spots), 2)), wanted
    for x, y, angle, stretch, apart in spots:
        in_stroma = apart > 2 * radius
        near = taken[: len(found)]
        if (in_stroma and not left) or np.any((near[:, 0] - x) ** 2 + (near[:, 1] - y) ** 2 < apart * apart):
            continue
        left -= in_stroma
        taken[len(found)] = x, y
        size = radius * float(np.exp(0.15 * rng.standard_normal()))
        shape = max(1.0, longer * stretch) ** 0.5
        tilt = angle + 0.25 * float(rng.standard_normal())
        each = nucleus(
            rng, (x, y), (size * shape, size / shape), tilt, chromatin,
            roughness=0.05, texture=texture * (1.2 if in_stroma else 0.9), flatness=0.7, rim=0.35,
        )  # fmt: skip
        found.append(each)
    return found


def _seen(
    recipe: Tissue,
    rng: np.random.Generator,
    stuff: UInt16[np.ndarray, "h w"],
    blue: Float64[np.ndarray, "h w"],
    flow: Float64[np.ndarray, "h w"],
) -> np.ndarray:
    """The section in bright light: blue nuclei, pink fibres and cytoplasm, clear glass."""
    size = recipe.size_hw
    fibres = _fibres(recipe, rng, flow)
    cloud = fractal(rng, size, 30.0)
    grain = fractal(rng, size, 6.0, octaves=3)
    by_class = np.array([0.02, 0.8, 1.0, 0.0])[stuff]
    is_stroma = stuff == STROMA
    pink = by_class * np.maximum(0.7 + np.where(is_stroma, 0.45 * fibres + 0.2 * cloud, 0.18 * grain + 0.12 * cloud), 0.03)
    haze = np.array([0.01, 0.10, 0.26, 0.0])[stuff] * np.maximum(1 + 0.3 * grain, 0)
    edge = uniform(rng, recipe.defocus_px)
    pink, blue = blurred(rounded(pink), edge + 0.3), blurred(rounded(blue + haze), edge)
    jitter = np.rint(rng.uniform(0.85, 1.15, (2, 3)) * 2**16) / 2**16
    violet = (0.95 * jitter[0, 0], 1.15 * jitter[0, 1], 0.38 * jitter[0, 2])
    rose = (0.16 * jitter[1, 0], 0.95 * jitter[1, 1], 0.42 * jitter[1, 2])
    dyes = (blue * uniform(rng, recipe.hematoxylin), pink * uniform(rng, recipe.eosin))
    color = stained(dyes, (violet, rose), (uniform(rng, (0.9, 0.98)), uniform(rng, (0.89, 0.97)), uniform(rng, (0.92, 0.99))))
    return exposed(color, rng, photons=recipe.photons, read_noise=0.004)


def _fibres(recipe: Tissue, rng: np.random.Generator, flow: Float64[np.ndarray, "h w"]) -> Float64[np.ndarray, "h w"]:
    """Noise that is drawn out along the flow: short steps along it, averaged."""
    width, length = recipe.fibre_px
    high, wide = recipe.size_hw
    coarse = noise(rng, recipe.size_hw, max(width / 1.6, 1.6)).ravel()
    y, x = np.arange(high)[:, None], np.arange(wide)[None]
    down, across = rounded(np.sin(flow)), rounded(np.cos(flow))
    total = np.zeros(recipe.size_hw)
    for step in np.linspace(-length / 2, length / 2, STEPS):
        rows, columns = np.rint(y + step * down).astype(np.int32) % high, np.rint(x + step * across).astype(np.int32) % wide
        total += coarse.take(rows * wide + columns)
    return rounded(total / STEPS**0.5)
