"""What a street consists of: sky, facades on both sides and at its end, road and pavements, with light and shadow."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, UInt16

from maskwright.synth.numbers import uniform
from maskwright.synth.street_view import View
from maskwright.synth.textures import fractal, noise, rounded

SKY, ROAD, PAVEMENT, BUILDING, VEGETATION, CAR, PERSON = range(7)
FAR = 400.0  # metres to the houses that close the street
STOREY = 3.2  # metres
ASPHALT, SLABS = (0.36, 0.36, 0.38), (0.55, 0.53, 0.50)
WALLS = (
    (0.62, 0.42, 0.34), (0.72, 0.66, 0.56), (0.55, 0.50, 0.46), (0.78, 0.74, 0.68), (0.48, 0.33, 0.28), (0.60, 0.62, 0.62),
    (0.70, 0.58, 0.42), (0.42, 0.44, 0.47),
)  # fmt: skip
GLASS = (0.16, 0.19, 0.23)


@dataclass(frozen=True)
class Light:
    """How bright the day is, from which side the sun comes (-1 left, 1 right, 0 behind clouds), and the colour of the sky."""

    sun: float
    side: int
    sky: tuple[float, float, float]
    haze: float


@dataclass(frozen=True, eq=False)
class Ground:
    """All that is no object: its colours, its classes, and how far away it is."""

    color: Float64[np.ndarray, "h w 3"]
    classes: UInt16[np.ndarray, "h w"]
    z: Float64[np.ndarray, "h w"]


def ground(rng: np.random.Generator, view: View, light: Light, *, road: float, street: float, tallest: tuple[float, float]) -> Ground:
    """road, street: from the middle to the kerb and to the facades, in metres. tallest: heights of houses, in metres."""
    size = view.size_hw
    color = _sky(rng, view, light)
    classes = np.full(size, SKY, np.uint16)
    depth = np.full(size, FAR)
    _skyline(rng, view, color, classes, light)
    for side in (-1, 1):
        _facades(rng, view, light, side, street, tallest, color, classes, depth)
    below = np.broadcast_to(view.down > 0, size) & (np.abs(view.right) * view.ground_z <= street)
    x = view.right * view.ground_z
    on_road = np.abs(rounded(x)) < road
    surface = _surface(rng, view, light, road, street)
    color[below] = surface[below]
    classes[below] = np.where(on_road, ROAD, PAVEMENT)[below]
    depth[below] = np.broadcast_to(view.ground_z, size)[below]
    return Ground(color, classes, depth)


def _sky(rng: np.random.Generator, view: View, light: Light) -> Float64[np.ndarray, "h w 3"]:
    """Paler towards the horizon, with clouds that grow flat there."""
    up = np.clip(-view.down / max(0.3, float(-view.down.min())), 0, 1)
    low, high = np.array((0.86, 0.88, 0.90)), np.array(light.sky)
    color = low + (high - low) * up[..., None] ** 0.7 + np.zeros((*view.size_hw, 1))
    height, width = view.size_hw
    clouds = noise(rng, view.size_hw, (height / 9, width / 3)) + 0.6 * fractal(rng, view.size_hw, height / 5)
    cover = np.clip(clouds - uniform(rng, (-1.0, 1.2)), 0, 1)[..., None] * (0.4 + 0.6 * up[..., None])
    return color + (uniform(rng, (0.8, 0.98)) - color) * cover * 0.85


def _skyline(
    rng: np.random.Generator, view: View, color: Float64[np.ndarray, "h w 3"], classes: UInt16[np.ndarray, "h w"], light: Light
) -> None:
    """Houses and trees far away, where the street ends."""
    width = view.size_hw[1]
    edges = np.sort(rng.random(14)) * width
    tops = rng.uniform(0.01, 0.11, 15)[np.searchsorted(edges, np.arange(width))]
    leafy = rng.random(15)[np.searchsorted(edges, np.arange(width))] < 0.35
    ragged = 0.012 * noise(rng, (4, width), 3.0)[:1]
    is_there = (-view.down < tops[None] + np.where(leafy, ragged, 0)) & (view.down < 0.002)
    shade = rng.uniform(0.35, 0.6, 15)[np.searchsorted(edges, np.arange(width))]
    house = np.stack([shade * 1.02, shade, shade * 0.98], axis=-1)
    tree = np.stack([shade * 0.6, shade * 0.75, shade * 0.5], axis=-1)
    far = np.where(leafy[:, None], tree, house) * 0.6 + 0.4 * np.array((0.8, 0.82, 0.85))
    both = np.broadcast_to(far[None], color.shape)
    color[is_there] = both[is_there]
    classes[is_there] = np.broadcast_to(np.where(leafy, VEGETATION, BUILDING)[None], classes.shape)[is_there]


def _facades(
    rng: np.random.Generator, view: View, light: Light, side: int, street: float, tallest: tuple[float, float],
    color: Float64[np.ndarray, "h w 3"], classes: UInt16[np.ndarray, "h w"], depth: Float64[np.ndarray, "h w"],
) -> None:  # fmt: skip
    """One side of the street: houses wall to wall, with windows, doors, ledges and gaps between some."""
    z = rounded(street / np.maximum(side * view.right, street / 1e4))[0]
    ends = np.cumsum(rng.uniform(7, 20, 60))
    house = np.minimum(np.searchsorted(ends, z + rng.uniform(0, 8)), 59)
    tops = rng.uniform(*tallest, 60) * np.where(rng.random(60) < 0.08, 0, 1)
    storeys = rng.uniform(0.92, 1.12, 60) * STOREY
    bays = rng.uniform(1.8, 3.2, 60)
    glazing = rng.uniform(0.35, 0.7, (2, 60))
    walls = np.array(WALLS)[rng.integers(len(WALLS), size=60)] * rng.uniform(0.85, 1.12, (60, 1))
    y = view.height - view.down * z[None]
    is_wall = (rounded(y) < tops[house][None]) & (rounded(y) > -0.02) & (z < FAR)[None]
    storey, bay = storeys[house], bays[house]
    floor_part, bay_part = np.mod(y / storey[None], 1), np.mod(z / bay, 1)
    tall, broad = glazing[0][house], glazing[1][house]
    in_bay = (np.abs(bay_part - 0.5) < broad / 2)[None]
    is_glass = (np.abs(floor_part - 0.52) < tall[None] / 2) & in_bay & (y < tops[house][None] - 0.5)
    is_shop = (y < 0.82 * storey[None]) & (np.abs(np.mod(z / (2 * bay), 1) - 0.5) < 0.42)[None] & (y > 0.4)
    ledge = (floor_part > 0.93) | (y > tops[house][None] - 0.35)
    lit = 1.08 if light.side == -side else 0.72 if light.side == side else 0.88
    dirt = 1 + 0.05 * fractal(rng, view.size_hw, 14.0) + 0.06 * noise(rng, view.size_hw, 1.0)
    surface = walls[house][None] * (lit * dirt * np.where(ledge, 1.12, 1))[..., None]
    pane = (np.floor(y / storey[None]).astype(np.int64) * 31 + np.floor(z / bay).astype(np.int64)[None] * 17) % 101
    shine = rng.uniform(0.5, 2.2, 101)[np.abs(pane)]
    reflected = np.array(GLASS) * shine[..., None] + 0.10 * np.array(light.sky)
    surface = np.where((is_glass & ~is_shop)[..., None], reflected, surface)
    shop = np.array(WALLS)[rng.integers(len(WALLS), size=60)][house][None] * 0.4 + 0.5 * np.array(GLASS) * shine[..., None]
    surface = np.where(is_shop[..., None], shop * lit, surface)
    color[is_wall] = surface[is_wall]
    classes[is_wall] = BUILDING
    depth[is_wall] = np.broadcast_to(z[None], view.size_hw)[is_wall]


def _surface(rng: np.random.Generator, view: View, light: Light, road: float, street: float) -> Float64[np.ndarray, "h w 3"]:
    """Asphalt with markings and patches, kerbs, slabs; half of it in the shadow of the houses where the sun is low."""
    z, x = view.ground_z, view.right * view.ground_z
    rough = noise(rng, view.size_hw, 1.0) * np.clip(6 / z, 0.1, 1) + 0.6 * fractal(rng, view.size_hw, 30.0)
    worn = 0.05 * np.exp(-((np.abs(np.abs(x) - road / 2) - 0.75) ** 2) / 0.3)
    tone = uniform(rng, (0.75, 1.15))
    asphalt = (np.array(ASPHALT) * tone)[None, None] * (1 + 0.05 * rough - worn)[..., None]
    paint = (np.abs(x) < 0.07) & (np.mod(z / uniform(rng, (5, 9)) + rng.random(), 1) < 0.5)
    paint = paint | ((np.abs(np.abs(x) - road + 0.3) < 0.06) if rng.random() < 0.6 else np.zeros_like(paint))
    if rng.random() < 0.35:
        start = uniform(rng, (6, 20))
        paint = paint | ((z > start) & (z < start + 3) & (np.mod(x / 1.1, 1) < 0.5) & (np.abs(x) < road - 0.2))
    asphalt = np.where(paint[..., None], asphalt * 0.25 + 0.62, asphalt)
    joint = (np.mod(x / 0.9, 1) < 0.05) | (np.mod(z / 0.9, 1) < 0.05)
    slabs = (np.array(SLABS) * uniform(rng, (0.8, 1.1)))[None, None] * (1 + 0.05 * rough - 0.12 * (joint & (z < 14)))[..., None]
    kerb = np.abs(np.abs(x) - road - 0.12) < 0.14
    surface = np.where((np.abs(x) < road)[..., None], asphalt, np.where(kerb[..., None], slabs * 1.12, slabs))
    shadow = _house_shadow(rng, view, light, x, street)
    return surface * shadow[..., None]


def _house_shadow(
    rng: np.random.Generator, view: View, light: Light, x: Float64[np.ndarray, "h w"], street: float
) -> Float64[np.ndarray, "h w"]:
    """1 where the sun falls, less behind the houses of its side."""
    if light.side == 0:
        return np.full(view.size_hw, 0.92)
    reach = uniform(rng, (0.1, 1.5)) * street
    steps = reach + 0.25 * street * np.sign(np.sin(view.ground_z / uniform(rng, (6, 14))))
    is_dark: Bool[np.ndarray, "h w"] = rounded(light.side * x) > rounded(street - steps)
    return np.where(is_dark, 0.5, 1.1)
