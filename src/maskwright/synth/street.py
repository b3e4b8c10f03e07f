"""The recipe `street`: a street in perspective between houses under a sky, with cars, people and trees that hide each other."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int32, UInt16

from maskwright.masks.classes import Classes
from maskwright.synth.camera import blurred, exposed
from maskwright.synth.numbers import Range, check_numbers, log_uniform, uniform, whole
from maskwright.synth.scene import Scene, Sprite, clipped, painted, panoptic_map, visible
from maskwright.synth.street_ground import HAZE, PAVEMENT, ROAD, SKY, Ground, Light, ground
from maskwright.synth.street_objects import car, person, tree
from maskwright.synth.street_view import View
from maskwright.synth.textures import noise, rounded, vignette

CLASSES = Classes.named("sky", "road", "pavement", "building", "vegetation", "car", "person", things=("car", "person"))
SKIES = ((0.36, 0.55, 0.82), (0.50, 0.64, 0.82), (0.72, 0.75, 0.78), (0.62, 0.66, 0.72))
LEAST_PX = 20  # of an object that is there
LENGTHWISE = (0.95, 2.2)  # half the width and length of a car's shadow, in metres
FOG = 0.0075  # of the light is lost a metre where the haze is full


@dataclass(frozen=True, eq=False)
class Standing:
    """An object at a place to the right and ahead, and half the width and depth of its shadow, in metres."""

    x: float
    z: float
    sprite: Sprite
    shadow: tuple[float, float]


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
    exposure: Range = (0.75, 1.4)
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
        objects = _objects(self, rng, view, light, road, street)
        regions = [each.sprite.region for each in objects]
        kept = visible(regions, self.size_hw, least_share=self.seen_share, least_px=LEAST_PX)
        image, stuff, numbers, class_ids = _composed(view, light, lying, [objects[place] for place in kept])
        image = self._photographed(rng, image)
        return Scene(image, panoptic_map(stuff, numbers, class_ids, CLASSES))

    def _photographed(self, rng: np.random.Generator, image: Float64[np.ndarray, "h w 3"]) -> np.ndarray:
        """The light as a camera takes it: exposure, colour, blur, noise."""
        warm = uniform(rng, (-0.06, 0.06))
        tint = np.array((1 + warm, 1.0, 1 - warm)) * log_uniform(rng, self.exposure)
        uneven = vignette(self.size_hw, uniform(rng, (0, 0.3))) * (1 + 0.04 * noise(rng, self.size_hw, 60.0))
        light = blurred(rounded(image * uneven[..., None] * tint), uniform(rng, self.blur_px))
        return exposed(light, rng, photons=log_uniform(rng, self.photons), read_noise=0.004)


def _objects(recipe: Street, rng: np.random.Generator, view: View, light: Light, road: float, street: float) -> list[Standing]:
    """Everything that stands in the street, wherever it may be hidden, the farthest first."""
    found: list[Standing] = []

    def add(x: float, z: float, sprite: Sprite | None, shadow: tuple[float, float]) -> None:
        if sprite is not None:
            found.append(Standing(x, z, sprite, shadow))

    ahead = 5.0
    for _ in range(whole(rng, recipe.moving)):
        ahead += log_uniform(rng, (3.0, 16.0))
        lane = 1 if rng.random() < 0.5 else -1
        x, yaw = lane * road / 2 + uniform(rng, (-0.2, 0.2)), 0.0 if lane > 0 else np.pi
        add(x, ahead, car(rng, view, light, x, ahead, yaw), LENGTHWISE)
    for side in (-1, 1):
        z = uniform(rng, (4.5, 12.0))
        for _ in range(whole(rng, recipe.parked) // 2):
            z += uniform(rng, (4.8, 9.0))
            yaw = (0.0 if (rng.random() < 0.8) == (side > 0) else np.pi) + uniform(rng, (-0.06, 0.06))
            add(side * (road - 1.0), z, car(rng, view, light, side * (road - 1.0), z, yaw), LENGTHWISE)
    if rng.random() < recipe.crossing_share:
        x, z, way = uniform(rng, (-3, 3)), uniform(rng, (7.0, 18.0)), 1 if rng.random() < 0.5 else -1
        add(x, z, car(rng, view, light, x, z, way * np.pi / 2), (2.1, 0.95))
    for _ in range(whole(rng, recipe.people)):
        z, side = log_uniform(rng, (4.0, 30.0)), 1 if rng.random() < 0.5 else -1
        beside = side * uniform(rng, (road + 0.2, max(street - 0.3, road + 0.3)))
        x = uniform(rng, (-road, road)) if rng.random() < 0.2 else beside
        add(x, z, person(rng, view, light, x, z), (0.3, 0.3))
    for _ in range(whole(rng, recipe.trees)):
        z, side = log_uniform(rng, (7.0, 45.0)), 1 if rng.random() < 0.5 else -1
        add(side * (road + 0.7), z, tree(rng, view, light, side * (road + 0.7), z), (0.9, 1.2))
    return sorted(found, key=lambda each: -each.z)


def _composed(
    view: View, light: Light, lying: Ground, objects: list[Standing]
) -> tuple[Float64[np.ndarray, "h w 3"], UInt16[np.ndarray, "h w"], Int32[np.ndarray, "h w"], list[int]]:
    """Shadows on the ground, then objects from far to near, all paler with distance. Trees are stuff."""
    color = lying.color.copy()
    for each in objects:
        _shade(view, light, lying, color, each)
    fog = (1 - np.exp(-FOG * light.haze * lying.z)) * (lying.classes != SKY)
    color += (np.array(HAZE) - color) * fog[..., None]
    sprites = []
    for each in objects:
        pale = 1 - float(np.exp(-FOG * light.haze * each.z))
        sprites.append(replace(each.sprite, colors=each.sprite.colors * (1 - pale) + pale * np.array(HAZE)))
    image, numbers = painted(color, sprites)
    class_ids = [sprite.class_id for sprite in sprites]
    is_thing = np.array([False, *(CLASSES[class_id].is_thing for class_id in class_ids)])
    is_tree = (numbers > 0) & ~is_thing[numbers]
    stuff = np.where(is_tree, np.array([0, *class_ids], np.uint16)[numbers], lying.classes)
    renumbered = (np.cumsum(is_thing) * is_thing).astype(np.int32)
    return image, stuff, renumbered[numbers], [class_id for class_id in class_ids if CLASSES[class_id].is_thing]


def _shade(view: View, light: Light, lying: Ground, color: Float64[np.ndarray, "h w 3"], each: Standing) -> None:
    """The dark place on the ground under an object, drawn out away from the sun."""
    wide, deep = each.shadow
    near, far = (view.focal * view.height / max(each.z + step, 1.0) for step in (-deep, deep))
    across, down = wide * view.focal / each.z * (1.1 + 0.25 * light.sun), max(1.2, 0.6 * (near - far))
    sideways = (each.x - light.side * 0.4 * wide) * view.focal / each.z
    middle = view.vanishing_xy[0] + sideways, view.vanishing_xy[1] + (near + far) / 2
    box = tuple(
        round(place) for place in (middle[0] - 2 * across, middle[1] - 2 * down, middle[0] + 2 * across, middle[1] + 2 * down)
    )
    u = (np.arange(box[0], box[2])[None] - middle[0]) / across
    v = (np.arange(box[1], box[3])[:, None] - middle[1]) / down
    dark = np.clip(2.2 - 1.8 * np.sqrt(u * u + v * v), 0, 0.72)
    rows, columns, there = clipped((box[0], box[1], box[2], box[3]), dark, view.size_hw)
    is_ground = np.isin(lying.classes[rows, columns], (ROAD, PAVEMENT))
    color[rows, columns] *= 1 - (there * is_ground)[..., None]
