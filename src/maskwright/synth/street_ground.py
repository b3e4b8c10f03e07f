"""What a street consists of: sky, facades on both sides and at its end, road and pavements, with light and shadow."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, UInt16

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
HAZE = (0.80, 0.83, 0.86)
HOUSES = 60  # on each side, as far as one sees


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


def ground(
    rng: np.random.Generator, view: View, light: Light, *, road: float, street: float, tallest: tuple[float, float]
) -> Ground:
    """road, street: from the middle to the kerb and to the facades, in metres. tallest: heights of houses, in metres."""
    size = view.size_hw
    horizon = int(np.count_nonzero(view.down <= 0))  # the first row that sees the ground
    lying = Ground(_sky(rng, view, light), np.full(size, SKY, np.uint16), np.full(size, FAR))
    _skyline(rng, view, lying)
    lying.color[horizon:] = _surface(rng, view, light, road, street, horizon)
    x = rounded(view.right * view.ground_z[horizon:])
    lying.classes[horizon:] = np.where(np.abs(x) < road, ROAD, PAVEMENT)
    lying.z[horizon:] = view.ground_z[horizon:]
    for side in (-1, 1):
        _facades(rng, view, light, lying, side, street, tallest)
    return lying


def _sky(rng: np.random.Generator, view: View, light: Light) -> Float64[np.ndarray, "h w 3"]:
    """Paler towards the horizon, with clouds that grow flat there."""
    up = np.clip(-view.down / max(0.3, float(-view.down.min())), 0, 1)
    low, high = np.array((0.86, 0.88, 0.90)), np.array(light.sky)
    color: Float64[np.ndarray, "h w 3"] = np.repeat(low + (high - low) * up[..., None] ** 0.7, view.size_hw[1], axis=1)
    height, width = view.size_hw
    clouds = noise(rng, view.size_hw, (height / 9, width / 3)) + 0.6 * fractal(rng, view.size_hw, height / 5, octaves=3)
    cover = np.clip(clouds - uniform(rng, (-1.0, 1.2)), 0, 1) * (0.34 + 0.51 * up)
    color += (uniform(rng, (0.8, 0.98)) - color) * cover[..., None]
    return color


def _skyline(rng: np.random.Generator, view: View, lying: Ground) -> None:
    """Houses and trees far away, where the street ends."""
    width = view.size_hw[1]
    block = np.searchsorted(np.sort(rng.random(14)) * width, np.arange(width))
    tops, shade = rng.uniform(0.01, 0.11, 15)[block], rng.uniform(0.35, 0.6, 15)[block]
    leafy = (rng.random(15) < 0.35)[block]
    tops = tops + np.where(leafy, 0.012 * noise(rng, (1, width), (1.0, 3.0))[0], 0)
    is_there = (-view.down < rounded(tops)) & (view.down < 0.002)
    tint = np.where(leafy[:, None], (0.6, 0.75, 0.5), (1.02, 1.0, 0.98))
    far = shade[:, None] * tint * 0.6 + 0.4 * np.array(HAZE)
    _, columns = np.nonzero(is_there)
    lying.color[is_there] = far[columns]
    lying.classes[is_there] = np.where(leafy, VEGETATION, BUILDING)[columns]


def _facades(
    rng: np.random.Generator, view: View, light: Light, lying: Ground, side: int, street: float, tallest: tuple[float, float]
) -> None:
    """One side of the street: houses wall to wall, with windows, shops and ledges, and a hedge where a house is missing."""
    z = rounded(street / np.maximum(side * view.right, street / 1e4))[0]
    columns = np.flatnonzero(z < FAR)
    if not len(columns):
        return
    here = slice(int(columns[0]), int(columns[-1]) + 1)
    z = z[here]
    ends = np.cumsum(rng.uniform(7, 20, HOUSES))
    house = np.minimum(np.searchsorted(ends, z + rng.uniform(0, 8)), HOUSES - 1)
    is_hedge = rng.random(HOUSES) < 0.1
    usual = uniform(rng, tallest)
    heights = np.clip(usual * rng.uniform(0.75, 1.3, HOUSES), *tallest)
    tops = np.where(is_hedge, rng.uniform(1.2, 2.6, HOUSES), heights)[house]
    storey, bay = (rng.uniform(0.92, 1.12, HOUSES) * STOREY)[house], rng.uniform(1.8, 3.2, HOUSES)[house]
    tall, broad = (share[house] for share in rng.uniform(0.35, 0.7, (2, HOUSES)))
    walls = np.array(WALLS)[rng.integers(len(WALLS), size=HOUSES)] * rng.uniform(0.85, 1.12, (HOUSES, 1))
    shops = np.array(WALLS)[rng.integers(len(WALLS), size=HOUSES)] * 0.4
    hedge = is_hedge[house]
    y = rounded(view.height - view.down * z)
    grain = noise(rng, y.shape, 1.0)
    is_wall = (y < tops + np.where(hedge, 0.12 * grain, 0)) & (y > -0.02)
    floor_part, bay_part = np.mod(y / storey, 1), np.mod(z / bay, 1)
    is_shop = (y < 0.82 * storey) & (y > 0.4) & (np.abs(np.mod(z / (2 * bay), 1) - 0.5) < 0.42) & ~hedge
    is_glass = (
        (np.abs(floor_part - 0.52) < tall / 2) & (np.abs(bay_part - 0.5) < broad / 2) & (y < tops - 0.5) & ~is_shop & ~hedge
    )
    is_ledge = ((floor_part > 0.93) | (y > tops - 0.35)) & ~hedge
    lit = 1.08 if light.side == -side else 0.72 if light.side == side else 0.88
    bright = lit * (1 + 0.05 * fractal(rng, y.shape, 14.0, octaves=3) + np.where(hedge, 0.25, 0.025) * grain + 0.12 * is_ledge)
    pane = np.floor(y / storey).astype(np.int64) * 31 + np.floor(z / bay).astype(np.int64) * 17
    shine = rng.uniform(0.5, 2.2, 101)[pane % 101]
    wall = np.where(hedge[:, None], (0.17, 0.25, 0.10), walls[house])
    surface = wall * bright[..., None]
    panes = np.array(GLASS) * shine[..., None]
    surface[is_glass] = panes[is_glass] + 0.10 * np.array(light.sky)
    surface[is_shop] = (shops[house] * lit + 0.5 * lit * panes)[is_shop]
    lying.color[:, here][is_wall] = surface[is_wall]
    lying.classes[:, here][is_wall] = np.broadcast_to(np.where(hedge, VEGETATION, BUILDING), y.shape)[is_wall]
    lying.z[:, here][is_wall] = np.broadcast_to(z, y.shape)[is_wall]


def _surface(
    rng: np.random.Generator, view: View, light: Light, road: float, street: float, horizon: int
) -> Float64[np.ndarray, "h w 3"]:
    """Asphalt with markings and wear, kerbs and slabs, in the shadow of the houses or not: the rows from the horizon down."""
    z = view.ground_z[horizon:]
    x = rounded(view.right * z)
    off = np.abs(x)
    rough = noise(rng, x.shape, 1.0) * np.clip(6 / z, 0.1, 1) + 0.6 * fractal(rng, x.shape, 30.0, octaves=3)
    wheels = 0.05 * np.exp(-((np.abs(off - road / 2) - 0.75) ** 2) / 0.3)
    is_paint = (off < 0.07) & (np.mod(z / uniform(rng, (5, 9)) + rng.random(), 1) < 0.5)
    if rng.random() < 0.6:
        is_paint |= np.abs(off - road + 0.3) < 0.06
    if rng.random() < 0.35:
        start = uniform(rng, (6, 20))
        is_paint |= (z > start) & (z < start + 3) & (np.mod(x / 1.1, 1) < 0.5) & (off < road - 0.2)
    is_joint = ((np.mod(x / 0.9, 1) < 0.05) | (np.mod(z / 0.9, 1) < 0.05)) & (z < 14)
    is_kerb = np.abs(off - road - 0.12) < 0.14
    on_road = off < road
    bright = 1 + 0.05 * rough - np.where(on_road, wheels, 0.12 * is_joint - 0.12 * is_kerb)
    tones = np.array(SLABS) * uniform(rng, (0.8, 1.1)), np.array(ASPHALT) * uniform(rng, (0.75, 1.15))
    surface: Float64[np.ndarray, "h w 3"] = np.where(on_road[..., None], tones[1], tones[0]) * bright[..., None]
    surface[is_paint & on_road] = surface[is_paint & on_road] * 0.25 + 0.62
    surface *= _house_shadow(rng, light, x, z, street)[..., None]
    return surface


def _house_shadow(
    rng: np.random.Generator, light: Light, x: Float64[np.ndarray, "h w"], z: Float64[np.ndarray, "h 1"], street: float
) -> Float64[np.ndarray, "h w"]:
    """Bright where the sun falls, dark behind the houses of its side; even under clouds."""
    if light.side == 0:
        return np.full(x.shape, 0.92)
    reach = uniform(rng, (0.1, 1.5)) * street
    steps = reach + 0.25 * street * np.sign(rounded(np.sin(z / uniform(rng, (6, 14)))))
    return np.where(light.side * x > rounded(street - steps), 0.5, 1.1)
