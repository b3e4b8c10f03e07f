"""What stands and moves in a street: cars as bodies in space, people, trees; each with its shadow."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64

from maskwright.masks.region import Region
from maskwright.synth.camera import blurred
from maskwright.synth.numbers import uniform
from maskwright.synth.outlines import ellipse, polygon, stroke
from maskwright.synth.scene import Sprite
from maskwright.synth.street_ground import CAR, PERSON, VEGETATION, Light
from maskwright.synth.street_view import View
from maskwright.synth.textures import noise, rounded

Color = tuple[float, float, float]
Layer = tuple[Region, Float64[np.ndarray, " 3"] | Float64[np.ndarray, "h w 3"]]  # pixels and their colours, later ones on top
Placing = Callable[[Sequence[tuple[float, float, float]]], Float64[np.ndarray, "n 2"]]  # of points on a car on the image

PAINTS: tuple[Color, ...] = (
    (0.08, 0.08, 0.09), (0.72, 0.73, 0.75), (0.45, 0.46, 0.48), (0.85, 0.85, 0.84), (0.55, 0.08, 0.08), (0.08, 0.16, 0.38),
    (0.20, 0.22, 0.24), (0.12, 0.28, 0.20), (0.62, 0.55, 0.42), (0.75, 0.60, 0.10),
)  # fmt: skip
CLOTHES: tuple[Color, ...] = (
    (0.10, 0.11, 0.16), (0.45, 0.10, 0.10), (0.16, 0.22, 0.40), (0.60, 0.58, 0.52), (0.20, 0.30, 0.20), (0.75, 0.72, 0.70),
    (0.30, 0.22, 0.18), (0.65, 0.45, 0.15),
)  # fmt: skip
SKINS: tuple[Color, ...] = ((0.85, 0.66, 0.55), (0.70, 0.50, 0.38), (0.45, 0.30, 0.22))
WINDOW = np.array((0.10, 0.12, 0.14))

# A car from its side, from the rear bumper over the roof: metres along, metres up, and what the strip is that begins there.
SALOON = ((-2.1, 0.32, "paint"), (-2.12, 0.62, "back"), (-2.05, 0.95, "paint"), (-1.35, 1.02, "glass"), (-0.75, 1.42, "roof"),
          (0.35, 1.44, "glass"), (1.05, 0.98, "paint"), (2.0, 0.80, "front"), (2.1, 0.34, "under"))  # fmt: skip
HATCHBACK = ((-1.9, 0.32, "paint"), (-1.95, 0.65, "back"), (-1.9, 0.98, "glass"), (-1.55, 1.46, "roof"), (0.25, 1.48, "glass"),
             (0.95, 1.02, "paint"), (1.75, 0.84, "front"), (1.85, 0.34, "under"))  # fmt: skip
VAN = ((-2.3, 0.34, "paint"), (-2.35, 0.75, "back"), (-2.3, 1.15, "glass"), (-2.2, 1.95, "roof"), (1.2, 1.98, "glass"),
       (1.85, 1.25, "paint"), (2.35, 1.0, "front"), (2.4, 0.36, "under"))  # fmt: skip
SIDE_GLASS = {
    "saloon": ((-1.3, 1.03), (-0.75, 1.36), (0.32, 1.38), (0.92, 1.02)),
    "hatchback": ((-1.7, 1.05), (-1.4, 1.4), (0.22, 1.42), (0.82, 1.05)),
    "van": ((0.3, 1.2), (0.35, 1.85), (1.1, 1.85), (1.65, 1.25)),
}
BODIES = {"saloon": SALOON, "hatchback": HATCHBACK, "van": VAN}
HALF_WIDTH = 0.86
WHEEL = 0.33
CLUMPS = 40  # of leaves in a crown


def car(rng: np.random.Generator, view: View, light: Light, x: float, z: float, yaw: float) -> Sprite | None:
    """A car whose middle stands at x and z and whose nose points along `yaw`: 0 ahead, pi towards the camera."""
    kind = str(rng.choice(("saloon", "hatchback", "van"), p=(0.45, 0.4, 0.15)))
    paint = np.array(PAINTS[int(rng.integers(len(PAINTS)))]) * uniform(rng, (0.85, 1.15))
    body = BODIES[kind]
    cos, sin = float(np.cos(yaw)), float(np.sin(yaw))

    def placed(points: Sequence[tuple[float, float, float]]) -> Float64[np.ndarray, "n 2"]:
        """Points (along, up, to the right of the driver) on the image."""
        along, up, right = np.array(points).T
        return view.seen(np.stack([x + along * sin + right * cos, up, z + along * cos - right * sin], axis=1))

    layers: list[Layer] = []
    near = -1.0 if (x * cos - z * sin) > 0 else 1.0  # the side that the camera sees
    strips = []
    for (a, b, what), (c, d, _) in zip(body, (*body[1:], body[0]), strict=True):
        out = np.array((d - b, a - c))  # away from the body, in along and up
        seen_from = np.array((-(x * sin + z * cos), view.height)) - ((a + c) / 2, (b + d) / 2)
        if float(out @ seen_from) * _turn(body) > 0 and what != "under":
            far_away = -float(seen_from @ seen_from)
            strips.append((far_away, a, b, c, d, what))
    for _, a, b, c, d, what in sorted(strips):
        corners = placed([(a, b, -HALF_WIDTH), (c, d, -HALF_WIDTH), (c, d, HALF_WIDTH), (a, b, HALF_WIDTH)])
        layers.append((polygon(corners), _strip_color(what, a, b, c, d, paint, light)))
        if what in ("back", "front"):
            layers += _lamps(rng, placed, a, b, what)
    layers += _flank(kind, placed, near * HALF_WIDTH, paint, light, light.side * (1 if near * cos > 0 else -1))
    return _merged(rng, layers, CAR, view.size_hw)


def _turn(body: Sequence[tuple[float, float, str]]) -> float:
    """1 or -1: which way round a profile runs."""
    along, up = np.array([(a, b) for a, b, _ in body]).T
    return float(np.sign(np.sum(along * np.roll(up, -1) - np.roll(along, -1) * up)))


def _strip_color(
    what: str, a: float, b: float, c: float, d: float, paint: Float64[np.ndarray, " 3"], light: Light
) -> Float64[np.ndarray, " 3"]:
    """What looks up is bright, what looks down or back is darker; glass shows the sky."""
    flat = abs(c - a) / max(float(np.hypot(c - a, d - b)), 1e-9)
    if what == "glass":
        return WINDOW + 0.28 * flat * np.array(light.sky)
    bright = (0.62 + 0.5 * flat) * (0.8 + 0.25 * light.sun)
    return paint * bright + 0.06 * flat * np.array(light.sky)


def _lamps(rng: np.random.Generator, placed: Placing, a: float, b: float, what: str) -> list[Layer]:
    """Two lamps, a number plate, and the shade under the bumper."""
    color = (0.62, 0.06, 0.05) if what == "back" else (0.92, 0.92, 0.85)
    bright = uniform(rng, (0.7, 1.3))
    layers: list[Layer] = []
    for side in (-1, 1):
        inner, outer = side * HALF_WIDTH * 0.62, side * HALF_WIDTH * 0.97
        spots = placed([(a, b + 0.08, inner), (a, b + 0.24, inner), (a, b + 0.24, outer), (a, b + 0.08, outer)])
        layers.append((polygon(spots), np.array(color) * bright))
    plate = placed([(a, b - 0.12, -0.26), (a, b + 0.0, -0.26), (a, b + 0.0, 0.26), (a, b - 0.12, 0.26)])
    layers.append((polygon(plate), np.array((0.85, 0.82, 0.6) if what == "back" else (0.85, 0.85, 0.85))))
    low = placed([(a, 0.3, -HALF_WIDTH), (a, 0.42, -HALF_WIDTH), (a, 0.42, HALF_WIDTH), (a, 0.3, HALF_WIDTH)])
    layers.append((polygon(low), np.array((0.10, 0.10, 0.11))))
    for side in (-1, 1):
        inner, outer = side * HALF_WIDTH * 0.68, side * HALF_WIDTH * 0.98
        tyre = placed([(a, 0.0, inner), (a, 0.34, inner), (a, 0.34, outer), (a, 0.0, outer)])
        layers.insert(0, (polygon(tyre), np.array((0.04, 0.04, 0.045))))
    return layers


def _flank(kind: str, placed: Placing, right: float, paint: Float64[np.ndarray, " 3"], light: Light, sunny: int) -> list[Layer]:
    """The side that is seen: sheet metal, windows, a line along it, wheels."""
    bright = (0.95 if sunny > 0 else 0.62 if sunny < 0 else 0.78) * (0.8 + 0.25 * light.sun)
    side = placed([(a, b, right) for a, b, _ in BODIES[kind]])
    sill = placed([(-1.9, 0.3, right), (-1.9, 0.42, right), (1.9, 0.42, right), (1.9, 0.3, right)])
    glass = placed([(a, b, right) for a, b in SIDE_GLASS[kind]])
    layers: list[Layer] = [
        (polygon(side), paint * bright),
        (polygon(sill), paint * bright * 0.55),
        (polygon(glass), WINDOW + 0.12 * np.array(light.sky)),
    ]
    pillar = placed([(-0.2, 1.0, right), (-0.22, 1.42, right), (-0.12, 1.42, right), (-0.1, 1.0, right)])
    layers.append((polygon(pillar), paint * bright * 0.8))
    around = np.arange(16) * (np.pi / 8)
    for axle in (-1.3, 1.3):
        for size, color in ((WHEEL + 0.06, 0.05), (WHEEL, 0.035), (0.2, 0.42), (0.07, 0.2)):
            rim = [(axle + size * float(np.cos(t)), WHEEL + size * float(np.sin(t)), right) for t in around]
            layers.append((polygon(placed(rim)), np.array((color, color, color * 1.05))))
    return layers


def person(rng: np.random.Generator, view: View, light: Light, x: float, z: float) -> Sprite | None:
    """A person who stands or walks at x and z."""
    tall = uniform(rng, (1.5, 1.9))
    scale = view.focal / z
    foot = view.seen(np.array([[x, 0.0, z]]))[0]

    def at(across: float, up: float) -> tuple[float, float]:
        """A place on the body, in parts of its height."""
        return float(foot[0] + across * tall * scale), float(foot[1] - up * tall * scale)

    shade = 0.75 + 0.3 * light.sun * (0.5 + 0.5 * float(rng.random()))
    coat, trousers = (np.array(CLOTHES[int(rng.integers(len(CLOTHES)))]) * shade for _ in range(2))
    skin = np.array(SKINS[int(rng.integers(len(SKINS)))]) * shade
    hair = np.array((0.12, 0.09, 0.07)) * uniform(rng, (0.5, 3.0))
    stride, swing = uniform(rng, (0.02, 0.13)), uniform(rng, (0.01, 0.09))
    thick = tall * scale
    layers: list[Layer] = [
        (stroke(np.array([at(-0.03, 0.5), at(-stride, 0.25), at(-stride * 1.1, 0.02)]), 0.085 * thick), trousers * 0.8),
        (stroke(np.array([at(0.03, 0.5), at(stride * 0.8, 0.27), at(stride, 0.02)]), 0.09 * thick), trousers),
        (
            stroke(np.array([at(-stride * 1.1, 0.015), at(-stride * 1.1 + 0.05, 0.01)]), 0.04 * thick),
            np.array((0.06, 0.05, 0.05)),
        ),
        (stroke(np.array([at(stride, 0.015), at(stride + 0.05, 0.01)]), 0.04 * thick), np.array((0.06, 0.05, 0.05))),
        (stroke(np.array([at(-0.10, 0.79), at(-0.12 - swing / 2, 0.62), at(-0.11 - swing, 0.47)]), 0.06 * thick), coat * 0.75),
        (
            polygon(
                np.array(
                    [at(-0.115, 0.81), at(-0.05, 0.845), at(0.05, 0.845), at(0.115, 0.81), at(0.095, 0.45), at(-0.095, 0.45)]
                )
            ),
            coat,
        ),
        (stroke(np.array([at(0.10, 0.79), at(0.12 + swing / 2, 0.62), at(0.11 + swing, 0.47)]), 0.06 * thick), coat * 0.85),
        (ellipse(at(0.0, 0.92), (0.055 * thick, 0.07 * thick)), skin),
        (ellipse(at(-0.01, 0.95), (0.058 * thick, 0.05 * thick)), hair),
    ]
    return _merged(rng, layers, PERSON, view.size_hw)


def tree(rng: np.random.Generator, view: View, light: Light, x: float, z: float) -> Sprite | None:
    """A trunk, and a crown of many clumps of leaves, lighter above."""
    scale, tall = view.focal / z, uniform(rng, (4.5, 9.0))
    foot = view.seen(np.array([[x, 0.0, z]]))[0]
    green = np.array((0.20, 0.30, 0.11)) * uniform(rng, (0.7, 1.3)) * np.rint(rng.uniform(0.8, 1.2, 3) * 256) / 256
    layers: list[Layer] = []
    trunk = np.array([foot, foot + np.array((0.1, -0.55 * tall)) * scale])
    layers.append((stroke(trunk, max(0.22 * scale, 1.0)), np.array((0.20, 0.16, 0.12))))
    for _ in range(CLUMPS):
        away, turn = float(np.sqrt(rng.random())) * 0.30 * tall, uniform(rng, (0, 2 * np.pi))
        cx, cy = away * float(np.cos(turn)), 0.68 * tall + 0.9 * away * float(np.sin(turn))
        size = uniform(rng, (0.05, 0.12)) * tall * scale
        bright = 0.8 + 0.6 * light.sun * (cy / tall - 0.6) + 0.12 * float(rng.standard_normal()) + 0.25 * light.side * cx / tall
        clump = ellipse((float(foot[0]) + cx * scale, float(foot[1]) - cy * scale), (size, 0.8 * size))
        layers.append((clump, green * max(bright, 0.35)))
    crown_ends = float(foot[1]) - 0.4 * tall * scale
    return _merged(rng, layers, VEGETATION, view.size_hw, grain=0.3, leafy_above=crown_ends)


def _merged(
    rng: np.random.Generator, layers: Sequence[Layer], class_id: int, size_hw: tuple[int, int],
    *, grain: float = 0.05, leafy_above: float = 0.0,
) -> Sprite | None:  # fmt: skip
    """Layers as one object, cut to the image and a little around it; None where nothing of it is on the image.

    grain: of its surface. leafy_above: the row above which leaves leave gaps, more of them towards the outline.
    """
    boxes = np.array([region.box_xyxy for region, _ in layers])
    x0, y0 = np.maximum(boxes[:, :2].min(axis=0), 0).tolist()
    x1, y1 = np.minimum(boxes[:, 2:].max(axis=0), (size_hw[1], size_hw[0])).tolist()
    if x0 >= x1 or y0 >= y1:
        return None
    window = (x0, y0, x1, y1)
    pixels, colors = np.zeros((y1 - y0, x1 - x0), bool), np.zeros((y1 - y0, x1 - x0, 3))
    for region, color in layers:
        part = region.window(window)
        a, b, c, d = part.box_xyxy
        pixels[b:d, a:c] |= part.pixels
        colors[b:d, a:c][part.pixels] = color
    speckle = noise(rng, pixels.shape, 1.0)
    rows = slice(0, max(0, min(round(leafy_above) - y0, y1 - y0)))
    if rows.stop:
        dense = blurred(pixels[rows].astype(np.float64), 2.5)
        pixels[rows] &= rounded(dense + 0.16 * noise(rng, dense.shape, 2.2)) > 0.5
    if not pixels.any():
        return None
    height = np.linspace(1.06, 0.94, y1 - y0)[:, None, None]
    return Sprite(Region(window, pixels), colors * height * (1 + grain * speckle)[..., None], class_id)
