"""The recipe `shapes`: plain forms of four kinds over one another on patterned ground, to try a network or a format on."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.synth.camera import blurred, exposed
from maskwright.synth.numbers import Range, check_numbers, uniform, whole
from maskwright.synth.outlines import ellipse, polygon
from maskwright.synth.scene import Scene, Sprite, painted, panoptic_map, visible
from maskwright.synth.textures import fractal, noise, rounded, slope

FORMS = ("disc", "square", "triangle", "star")
CLASSES = Classes.named("background", *FORMS, things=FORMS)


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """All numbers of the scene. Two numbers are the bounds of which every image, or every form, draws its own.

    radius_px: from a form's middle to its farthest point. seen_share: of a form that must be seen for it to be there.
    pattern: how much the surfaces vary in brightness. contrast: between ground and forms, at least.
    """

    kind: Literal["shapes"] = "shapes"
    size_hw: tuple[int, int] = (256, 256)
    count: Range = (3, 14)
    radius_px: Range = (10.0, 44.0)
    seen_share: float = 0.3
    pattern: Range = (0.0, 0.1)
    contrast: float = 0.15
    blur_px: Range = (0.4, 1.0)
    noise: Range = (0.003, 0.05)

    def __post_init__(self) -> None:
        check_numbers(self)

    @property
    def classes(self) -> Classes:
        return CLASSES

    def draw(self, rng: np.random.Generator) -> Scene:
        """One scene."""
        height, width = self.size_hw
        tone = rng.uniform(0.1, 0.9, 3)
        texture = uniform(rng, self.pattern) * fractal(rng, self.size_hw, uniform(rng, (8.0, 60.0)))
        ground = tone + texture[..., None] + 0.15 * slope(rng, self.size_hw)[..., None]
        surface = noise(rng, self.size_hw, uniform(rng, (3.0, 20.0)))
        forms, class_ids = [], []
        for _ in range(whole(rng, self.count)):
            class_id, center = int(rng.integers(1, len(CLASSES))), rng.random(2) * (width, height)
            form = _form(FORMS[class_id - 1], center, uniform(rng, self.radius_px), uniform(rng, (0, 2 * np.pi)))
            forms.append(form)
            class_ids.append(class_id)
        kept = visible(forms, self.size_hw, least_share=self.seen_share, least_px=12)
        sprites = [Sprite(forms[place], self._filled(rng, forms[place], tone, surface), class_ids[place]) for place in kept]
        image, numbers = painted(ground, sprites)
        light = blurred(rounded(image), uniform(rng, self.blur_px))
        pixels = exposed(light, rng, photons=0, read_noise=uniform(rng, self.noise))
        stuff = np.zeros(self.size_hw, np.uint16)
        return Scene(pixels, panoptic_map(stuff, numbers, [sprite.class_id for sprite in sprites], CLASSES))

    def _filled(
        self, rng: np.random.Generator, form: Region, ground: Float64[np.ndarray, " 3"], surface: Float64[np.ndarray, "h w"]
    ) -> Float64[np.ndarray, "h1 w1 3"]:
        """A colour that differs enough from the ground's, patterned."""
        color = rng.uniform(0.05, 0.95, 3)
        while np.abs(color - ground).mean() < self.contrast:
            color = rng.uniform(0.05, 0.95, 3)
        x0, y0, x1, y1 = form.box_xyxy
        here = np.ix_(np.arange(y0, y1) % self.size_hw[0], np.arange(x0, x1) % self.size_hw[1])
        return color + uniform(rng, self.pattern) * surface[here][..., None]


def _form(name: str, center: Float64[np.ndarray, " 2"], radius: float, turn: float) -> Region:
    """The pixels of a form of that kind."""
    if name == "disc":
        return ellipse((float(center[0]), float(center[1])), (radius, radius))
    corners = {"square": 4, "triangle": 3, "star": 10}[name]
    angles = turn + np.arange(corners) * (2 * np.pi / corners)
    reach = radius * np.where(np.arange(corners) % 2, 0.45, 1.0) if name == "star" else radius
    return polygon(center + np.stack([np.cos(angles) * reach, np.sin(angles) * reach], axis=1))
