"""The recipe `cells`: nuclei in fluorescence that touch, overlap and lie out of focus, in noise and uneven light."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from maskwright.masks.classes import Classes
from maskwright.synth.camera import blurred, exposed, hazed, stained
from maskwright.synth.nucleus import Chromatin, Nucleus, nucleus, places
from maskwright.synth.numbers import Range, check_numbers, log_uniform, uniform, whole
from maskwright.synth.scene import Scene, clipped, on_image, panoptic_map, visible
from maskwright.synth.textures import noise, slope, vignette

CLASSES = Classes.named("background", "nucleus", things=("nucleus",))
MOST = 600  # nuclei of an image
PLANES = 3  # of focus, on which nuclei lie
LEAST_SEEN = 0.35  # of a nucleus, for it to be there
PURPLE = (0.85, 1.35, 0.30)  # what of red, green and blue the stain takes


@dataclass(frozen=True, kw_only=True)
class Cells:
    """All numbers of the scene. Two numbers are the bounds of which every image, or every nucleus, draws its own.

    radius_px: of a typical nucleus of an image; radius_spread: of its nuclei, in parts of it. covered_share: of the image.
    clump_share: nuclei that lie at the side of another; overlap_share: how far these reach into each other. dead_share: small,
    bright and condensed nuclei. haze: light from other planes. exposure: of a typical nucleus, 1 is white. photons: at white.
    stained_share: images of purple stain in bright light; where it is not 0, all images have three channels.
    """

    kind: Literal["cells"] = "cells"
    size_hw: tuple[int, int] = (256, 256)
    radius_px: Range = (6.0, 22.0)
    radius_spread: float = 0.18
    elongation: Range = (1.0, 1.8)
    roughness: Range = (0.03, 0.09)
    covered_share: Range = (0.04, 0.35)
    clump_share: Range = (0.1, 0.8)
    overlap_share: Range = (0.0, 0.22)
    dead_share: Range = (0.0, 0.15)
    brightness_spread: Range = (0.1, 0.45)
    texture: Range = (0.06, 0.32)
    flatness_share: Range = (0.2, 0.8)
    debris: Range = (0, 14)
    defocus_px: Range = (0.6, 2.4)
    haze: Range = (0.0, 0.35)
    background: Range = (0.01, 0.09)
    unevenness: Range = (0.0, 0.4)
    exposure: Range = (0.08, 0.7)
    photons: Range = (300, 8000)
    read_noise: Range = (0.001, 0.008)
    stained_share: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self)

    @property
    def classes(self) -> Classes:
        return CLASSES

    def draw(self, rng: np.random.Generator) -> Scene:
        """One scene."""
        nuclei, weights, planes = _nuclei(self, rng)
        kept = visible([each.region for each in nuclei], self.size_hw, least_share=LEAST_SEEN)
        numbers = np.zeros(self.size_hw, np.int32)
        layers = np.zeros((PLANES, *self.size_hw))
        for number, place in enumerate(kept, 1):
            rows, columns, pixels = on_image(nuclei[place].region, self.size_hw)
            numbers[rows, columns][pixels] = number
            _, _, seen = clipped(nuclei[place].region.box_xyxy, nuclei[place].density, self.size_hw)
            layers[planes[place]][rows, columns] += weights[place] * seen
        _scatter_debris(self, rng, layers)
        defocus = uniform(rng, self.defocus_px)
        light = sum(blurred(layer, sigma) for layer, sigma in zip(layers, (0.6, 0.6 + defocus / 3, 0.6 + defocus), strict=True))
        assert isinstance(light, np.ndarray)  # there is more than one plane
        image = self._purple(rng, light) if rng.random() < self.stained_share else self._glow(rng, light)
        return Scene(image, panoptic_map(np.zeros(self.size_hw, np.uint16), numbers, [1] * len(kept), CLASSES))

    def _glow(self, rng: np.random.Generator, light: Float64[np.ndarray, "h w"]) -> np.ndarray:
        """Nuclei that shine on a dark ground."""
        light = light + uniform(rng, self.haze) * hazed(light, max(8.0, self.radius_px[1] * 1.2))
        uneven = uniform(rng, self.unevenness)
        lamp = vignette(self.size_hw, uneven) * (1 + 0.5 * uneven * slope(rng, self.size_hw))
        ground = uniform(rng, self.background) * (1 + 0.25 * noise(rng, self.size_hw, self.size_hw[0] / 3))
        light = (light * log_uniform(rng, self.exposure) + np.maximum(ground, 0)) * lamp
        pixels = exposed(
            light[..., None], rng, photons=log_uniform(rng, self.photons), read_noise=log_uniform(rng, self.read_noise)
        )
        return pixels if self.stained_share == 0 else np.repeat(pixels, 3, axis=2)

    def _purple(self, rng: np.random.Generator, light: Float64[np.ndarray, "h w"]) -> np.ndarray:
        """Nuclei that take light away, on a pale ground that is stained unevenly too."""
        dye = light * uniform(rng, (0.5, 1.2))
        pale = 0.12 + 0.06 * np.abs(noise(rng, self.size_hw, 40.0)) + 0.02 * noise(rng, self.size_hw, 3.0)
        tint = tuple(round(each * uniform(rng, (0.85, 1.15)), 6) for each in PURPLE)
        white = (uniform(rng, (0.86, 0.96)), uniform(rng, (0.82, 0.94)), uniform(rng, (0.92, 1.0)))
        color = stained((dye, pale), ((tint[0], tint[1], tint[2]), (0.8, 1.2, 0.35)), white)
        return exposed(color, rng, photons=2500, read_noise=0.004)


def _nuclei(recipe: Cells, rng: np.random.Generator) -> tuple[list[Nucleus], list[float], list[int]]:
    """Nuclei with how bright each is and on which plane it lies."""
    height, width = recipe.size_hw
    radius = log_uniform(rng, recipe.radius_px)
    covered = uniform(rng, recipe.covered_share)
    count = min(MOST, max(1, round(covered * height * width / (np.pi * radius * radius))))
    dead_share, elongation = uniform(rng, recipe.dead_share), uniform(rng, recipe.elongation)
    is_dead = rng.random(count) < dead_share
    radii = radius * np.exp(recipe.radius_spread * rng.standard_normal(count)) * np.where(is_dead, 0.6, 1.0)
    spots = places(
        rng, recipe.size_hw, np.maximum(radii, 2.0),
        clump_share=uniform(rng, recipe.clump_share), overlap_share=uniform(rng, recipe.overlap_share),
    )  # fmt: skip
    chromatin = Chromatin.drawn(rng, recipe.size_hw, radius)
    texture, flatness = uniform(rng, recipe.texture), uniform(rng, recipe.flatness_share)
    roughness, spread = uniform(rng, recipe.roughness), uniform(rng, recipe.brightness_spread)
    nuclei, weights = [], []
    for x, y, size in spots.tolist():
        dead = bool(size < 0.72 * radius) and dead_share > 0
        longer = max(1.0, elongation * (1 + 0.15 * float(rng.standard_normal())))
        stretch = longer**0.5
        turn = uniform(rng, (0, np.pi))
        each = nucleus(
            rng, (x, y), (size * stretch, size / stretch), turn, chromatin,
            roughness=roughness * (2 if dead else 1), texture=texture, flatness=flatness,
        )  # fmt: skip
        nuclei.append(each)
        weights.append(float(np.exp(spread * rng.standard_normal())) * (2.2 if dead else 1.0))
    planes = rng.choice(PLANES, len(nuclei), p=(0.5, 0.3, 0.2)).tolist()
    return nuclei, weights, planes


def _scatter_debris(recipe: Cells, rng: np.random.Generator, layers: Float64[np.ndarray, "planes h w"]) -> None:
    """Specks that are no nuclei: faint, and a pixel or two across."""
    height, width = recipe.size_hw
    for _ in range(whole(rng, recipe.debris)):
        y, x = int(rng.integers(height - 1)), int(rng.integers(width - 1))
        layers[int(rng.integers(1, PLANES)), y : y + 2, x : x + 2] += rng.uniform(0.1, 0.6, (2, 2))
