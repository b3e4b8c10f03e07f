"""The recipe `street`: a street in perspective between houses under a sky, with cars, people and trees that hide each other."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from maskwright.masks.classes import Classes
from maskwright.synth.camera import blurred, exposed
from maskwright.synth.numbers import Range, check_numbers, log_uniform, uniform, whole
from maskwright.synth.scene import Scene, Sprite, clipped, painted, panoptic_of, visible
from maskwright.synth.street_ground import CAR, PERSON, Ground, Light, ground
from maskwright.synth.street_objects import car, person, tree
from maskwright.synth.street_view import View
from maskwright.synth.textures import fractal, rounded, vignette

CLASSES = Classes.named("sky", "road", "pavement", "building", "vegetation", "car", "person", things=("car", "person"))
SKIES = ((0.36, 0.55, 0.82), (0.50, 0.64, 0.82), (0.72, 0.75, 0.78), (0.62, 0.66, 0.72))
LEAST_PX = 20  # of an object that is there
Placed = tuple[float, Sprite, float]  # how far away, what, and how wide its shadow is in metres


@dataclass(frozen=True, kw_only=True)
class Street:
    """All numbers of the scene. Two numbers are the bounds of which every image, or every object, draws its own.

    focal: length of the lens, in widths of the image. camera_m: its height. road_m, pavement_m: half the road, and the pavement
    beside it. house_m: heights of houses. moving, parked: cars on the road and at the kerbs. seen_share: of an object that must
    be seen for it to be there. sunny_share: images with sun and shadows. exposure: of the whole, 1 is as drawn.
    """

    kind: Literal["street"] = "street"
    size_hw: tuple[int, int] = (256, 256)
    focal: Range = (0.75, 1.25)
    camera_m: Range = (1.3, 2.2)
    road_m: Range = (2.8, 4.6)
    pavement_m: Range = (1.6, 4.5)
    house_m: Range = (5.0, 19.0)
    moving: Range = (0, 4)
    parked: Range = (0, 8)
    crossing_share: float = 0.15
    people: Range = (0, 8)
    trees: Range = (0, 5)
    seen_share: float = 0.15
    sunny_share: float = 0.6
    haze: Range = (0.0, 0.5)
    exposure: Range = (0.65, 1.2)
    blur_px: Range = (0.4, 0.8)
    photons: Range = (300, 4000)

    def __post_init__(self) -> None:
        check_numbers(self)

    @property
    def classes(self) -> Classes:
        return CLASSES

    def draw(self, rng: np.random.Generator) -> Scene:
        """One scene."""
        height, width = self.size_hw
        view = View(
            self.size_hw, uniform(rng, self.focal) * width,
            (width * uniform(rng, (0.32, 0.68)), height * uniform(rng, (0.38, 0.55))), uniform(rng, self.camera_m),
        )  # fmt: skip
        sunny = rng.random() < self.sunny_share
        side = int(rng.choice((-1, 1))) if sunny else 0
        light = Light(1.0 if sunny else 0.5, side, SKIES[int(rng.integers(2) + (0 if sunny else 2))], uniform(rng, self.haze))
        road = uniform(rng, self.road_m)
        street = road + uniform(rng, self.pavement_m)
        lying = ground(rng, view, light, road=road, street=street, tallest=self.house_m)
        objects = sorted(_objects(self, rng, view, light, road, street), key=lambda each: -each[0])
        kept = visible(
            [sprite.region for _, sprite, _ in objects], self.size_hw, least_share=self.seen_share, least_px=LEAST_PX
        )
        image, stuff, numbers, class_ids = _composed(view, light, lying, [objects[place] for place in kept])
        image = self._photographed(rng, view, image)
        return Scene(image, panoptic_of(stuff, numbers, class_ids, CLASSES))

    def _photographed(self, rng: np.random.Generator, view: View, image: Float64[np.ndarray, "h w 3"]) -> np.ndarray:
        """The light as a camera takes it: exposure, colour, blur, noise."""
        warm = uniform(rng, (-0.06, 0.06))
        tint = np.array((1 + warm, 1.0, 1 - warm)) * log_uniform(rng, self.exposure)
        image = image * tint * vignette(self.size_hw, uniform(rng, (0, 0.3)))[..., None]
        image = image * (1 + 0.04 * fractal(rng, self.size_hw, 90.0))[..., None]
        light = blurred(rounded(image), uniform(rng, self.blur_px))
        return exposed(light, rng, photons=log_uniform(rng, self.photons), read_noise=0.004)


def _objects(recipe: Street, rng: np.random.Generator, view: View, light: Light, road: float, street: float) -> list[Placed]:
    """Everything that stands in the street, wherever it may be hidden."""
    found: list[Placed] = []

    def add(z: float, sprite: Sprite | None, shadow: float) -> None:
        if sprite is not None:
            found.append((z, sprite, shadow))

    ahead = 5.0
    for _ in range(whole(rng, recipe.moving)):
        ahead += log_uniform(rng, (3.0, 16.0))
        lane = 1 if rng.random() < 0.5 else -1
        add(ahead, car(rng, view, light, lane * road / 2 + uniform(rng, (-0.2, 0.2)), ahead, 0.0 if lane > 0 else np.pi), 0.95)
    for side in (-1, 1):
        z = uniform(rng, (4.5, 12.0))
        for _ in range(whole(rng, recipe.parked) // 2):
            z += uniform(rng, (4.8, 9.0))
            turned = 0.0 if rng.random() < 0.8 else np.pi
            yaw = turned + uniform(rng, (-0.06, 0.06)) + (0.0 if side > 0 else np.pi)
            add(z, car(rng, view, light, side * (road - 1.0), z, yaw), 0.95)
    if rng.random() < recipe.crossing_share:
        z = uniform(rng, (7.0, 18.0))
        add(z, car(rng, view, light, uniform(rng, (-3, 3)), z, np.pi / 2 * (1 if rng.random() < 0.5 else -1)), 2.1)
    for _ in range(whole(rng, recipe.people)):
        z = log_uniform(rng, (4.0, 30.0))
        side = 1 if rng.random() < 0.5 else -1
        x = uniform(rng, (-road, road)) if rng.random() < 0.2 else side * uniform(rng, (road + 0.2, max(street - 0.3, road + 0.3)))
        add(z, person(rng, view, light, x, z), 0.3)
    for _ in range(whole(rng, recipe.trees)):
        z, side = log_uniform(rng, (7.0, 45.0)), 1 if rng.random() < 0.5 else -1
        add(z, tree(rng, view, light, side * (road + 0.7), z), 0.9)
    return found


def _composed(view: View, light: Light, lying: Ground, objects: list[Placed]) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
    """Shadows on the ground, then objects from far to near, all paler with distance. Trees are stuff."""
    color = lying.color.copy()
    for z, sprite, wide in objects:
        _shade(view, light, color, lying, z, sprite, wide)
    fog = 1 - np.exp(-lying.z / 400 * 6 * light.haze * 0.5)
    color += (np.array((0.80, 0.83, 0.86)) - color) * fog[..., None] * (lying.classes != 0)[..., None]
    sprites = []
    for z, sprite, _ in objects:
        pale = float(1 - np.exp(-z / 400 * 6 * light.haze * 0.5))
        sprites.append(Sprite(sprite.region, sprite.colors * (1 - pale) + pale * np.array((0.80, 0.83, 0.86)), sprite.class_id))
    image, numbers = painted(color, sprites)
    stuff = lying.classes.copy()
    class_ids = [sprite.class_id for sprite in sprites]
    is_thing = np.array([0, *(class_id in (CAR, PERSON) for class_id in class_ids)], bool)
    stuff_of = np.array([0, *class_ids], np.uint16)
    is_tree = (numbers > 0) & ~is_thing[numbers]
    stuff[is_tree] = stuff_of[numbers[is_tree]]
    renumbered = np.cumsum(is_thing) * is_thing
    return image, stuff, renumbered[numbers].astype(np.int32), [each for each in class_ids if each in (CAR, PERSON)]


def _shade(view: View, light: Light, color: np.ndarray, lying: Ground, z: float, sprite: Sprite, wide: float) -> None:
    """The dark place on the ground under an object, drawn out away from the sun."""
    x0, _, x1, y1 = sprite.region.box_xyxy
    foot = view.vanishing_xy[1] + view.focal * view.height / z
    middle = (x0 + x1) / 2 - light.side * 0.5 * wide * view.focal / z * light.sun
    across, down = wide * view.focal / z * (1.15 + 0.3 * light.sun), max(1.2, wide * 0.55 * view.focal * view.height / z**2 * 2.2)
    box = (int(middle - 2 * across), int(foot - 2 * down), int(middle + 2 * across) + 1, int(foot + 2 * down) + 1)
    u = (np.arange(box[0], box[2])[None] - middle) / across
    v = (np.arange(box[1], box[3])[:, None] - foot) / down
    dark = 0.6 * np.clip(1.4 - np.sqrt(u * u + v * v), 0, 1)
    rows, columns, there = clipped(box, dark, view.size_hw)
    is_ground = (lying.classes[rows, columns] == 1) | (lying.classes[rows, columns] == 2)
    color[rows, columns] *= 1 - (there * is_ground)[..., None]
