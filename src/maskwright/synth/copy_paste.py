"""Copy-paste (arXiv:2012.07177): objects of labelled images on other images, blended at their borders, in the same noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int32, Num
from scipy import ndimage

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Panoptic, Segment
from maskwright.synth.cutouts import Cutout, light_of, noise_of, turned
from maskwright.synth.numbers import Range, check_numbers, log_uniform, uniform, whole
from maskwright.synth.scene import Scene, clipped, visible
from maskwright.synth.textures import rounded

TRIES = 8  # objects that are drawn until one is of a size that fits the image
FLAT = 2.0  # pixels over which the ground is smoothed to find its grain
GRAIN = 3.0  # standard deviations of the grain beyond which it is structure


@dataclass(frozen=True, kw_only=True)
class CopyPaste:
    """All numbers of pasting. Two numbers are the bounds of which every image, or every object, draws its own.

    count: objects that are pasted on an image. scale: of them; turn_degrees: by how much at most; flip_share: mirrored.
    seen_share: of an object that must be seen for it to be there. blend_px: over which borders are blended. alike: how much the
    surroundings that an object is cut from may differ from the ground it comes to, where there are such; follow: how far its
    brightness may follow that of the ground; both of white. noise_share: objects that get the ground's grain where they are
    smoother than it.
    """

    kind: Literal["copy-paste"] = "copy-paste"
    count: Range = (3, 12)
    scale: Range = (0.8, 1.25)
    turn_degrees: float = 180.0
    flip_share: float = 0.5
    seen_share: float = 0.35
    blend_px: Range = (0.5, 1.2)
    alike: float = 0.2
    follow: float = 0.12
    noise_share: float = 1.0

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True, eq=False)
class Background:
    """An image to paste on. ids: what is on it already, as segments; 0 is void."""

    image: Num[np.ndarray, "h w c"]
    panoptic: Panoptic


@dataclass(frozen=True, eq=False)
class Pasted:
    """A scene, and how many of its objects are new, were too hidden to be pasted, or lie nearly hidden under new ones."""

    scene: Scene
    pasted: int
    hidden: int
    covered: int


def paste(recipe: CopyPaste, rng: np.random.Generator, background: Background, cutouts: Sequence[Cutout]) -> Pasted:
    """Objects drawn from the cutouts on a background. What is left of an object that is nearly covered becomes void."""
    size = background.panoptic.size_hw
    light = light_of(background.image)
    alike = _alike(recipe, light, background.panoptic, cutouts)
    chosen = [_chosen(recipe, rng, alike, size) for _ in range(whole(rng, recipe.count))]
    regions = [region for region, _ in chosen]
    kept = visible(regions, size, least_share=recipe.seen_share, least_px=2)
    grain = _grain(light)
    noise = noise_of(light)
    classes = background.panoptic.classes
    ids = background.panoptic.segment_ids.copy()
    new: list[Segment] = []
    first = int(ids.max(initial=0)) + 1
    for place in kept:
        region, cutout = chosen[place]
        _blend(recipe, rng, light, region, cutout, grain, noise)
        rows, columns, pixels = clipped(region.box_xyxy, region.pixels, size)
        new.append(Segment(first + len(new), cutout.class_id))
        ids[rows, columns][pixels] = new[-1].id
    covered = _cover(recipe, background.panoptic, ids)
    left = set(np.unique(ids).tolist())
    segments = tuple(each for each in (*background.panoptic.segments, *new) if each.id in left)
    white = np.iinfo(background.image.dtype).max
    image = np.clip(np.rint(rounded(light) * white), 0, white).astype(background.image.dtype)
    return Pasted(Scene(image, Panoptic(ids, segments, classes)), len(kept), len(chosen) - len(kept), covered)


def _alike(
    recipe: CopyPaste, light: Float64[np.ndarray, "h w c"], panoptic: Panoptic, cutouts: Sequence[Cutout]
) -> Sequence[Cutout]:
    """The objects whose surroundings were like this ground; all, where there are none."""
    things = [segment.id for segment in panoptic.segments if panoptic.classes[segment.class_id].is_thing]
    is_ground = ~np.isin(panoptic.segment_ids, things)
    ground = np.median(light[is_ground] if is_ground.any() else light.reshape(-1, light.shape[2]), axis=0)
    apart = np.abs(np.stack([cutout.around for cutout in cutouts]) - ground).mean(axis=1)
    near = np.flatnonzero(apart <= recipe.alike).tolist()
    return [cutouts[place] for place in near] or cutouts


def _chosen(
    recipe: CopyPaste, rng: np.random.Generator, cutouts: Sequence[Cutout], size_hw: tuple[int, int]
) -> tuple[Region, Cutout]:
    """An object, turned, and where it comes to lie: its middle is on the image."""
    for _ in range(TRIES):
        cutout = cutouts[int(rng.integers(len(cutouts)))]
        angle = float(np.radians(uniform(rng, (-recipe.turn_degrees, recipe.turn_degrees))))
        made = turned(
            cutout, angle=angle, scale=log_uniform(rng, recipe.scale), mirrored=bool(rng.random() < recipe.flip_share)
        )
        if made.area and max(np.array(made.pixels.shape) / size_hw) <= 1:
            break
    high, wide = made.pixels.shape
    y, x = int(rng.integers(size_hw[0])) - high // 2, int(rng.integers(size_hw[1])) - wide // 2
    return Region((x, y, x + wide, y + high), made.pixels), made


def _blend(
    recipe: CopyPaste,
    rng: np.random.Generator,
    light: Float64[np.ndarray, "h w c"],
    region: Region,
    cutout: Cutout,
    grain: Float64[np.ndarray, "h w c"],
    noise: float,
) -> None:
    """Lay one object into the light: as bright against its new surroundings as against its old, and as grainy as they are."""
    size = light.shape[0], light.shape[1]
    soft = rounded(ndimage.gaussian_filter(region.pixels.astype(np.float64), uniform(rng, recipe.blend_px), truncate=3.0))
    rows, columns, alpha = clipped(region.box_xyxy, soft, size)
    _, _, colors = clipped(region.box_xyxy, cutout.colors, size)
    _, _, pixels = clipped(region.box_xyxy, region.pixels, size)
    here = light[rows, columns]
    around = np.median(here[~pixels] if not pixels.all() else here[pixels], axis=0)
    colors = colors + np.clip(rounded(around - cutout.around), -recipe.follow, recipe.follow)
    top, left = int(rng.integers(size[0])), int(rng.integers(size[1]))
    if rng.random() < recipe.noise_share and noise > cutout.noise:
        piece = np.ix_((np.arange(alpha.shape[0]) + top) % size[0], (np.arange(alpha.shape[1]) + left) % size[1])
        colors = colors + (noise**2 - cutout.noise**2) ** 0.5 / noise * grain[piece]
    here += alpha[..., None] * (colors - here)


def _grain(light: Float64[np.ndarray, "h w c"]) -> Float64[np.ndarray, "h w c"]:
    """What is left of an image without its structures: the noise with the texture that it has there."""
    rest = light - ndimage.gaussian_filter(light, (FLAT, FLAT, 0), truncate=3.0)
    spread = 1.4826 * np.median(np.abs(rest))
    return rounded(np.clip(rest, -GRAIN * spread, GRAIN * spread))


def _cover(recipe: CopyPaste, before: Panoptic, ids: Int32[np.ndarray, "h w"]) -> int:
    """Make void what is left of objects that too little is left of; returns how many these are."""
    covered = 0
    most = int(max(before.segment_ids.max(initial=0), ids.max(initial=0))) + 1
    whole_areas, seen = (np.bincount(each.ravel(), minlength=most) for each in (before.segment_ids, ids))
    for segment in before.segments:
        if before.classes[segment.class_id].is_thing and seen[segment.id] < recipe.seen_share * whole_areas[segment.id]:
            ids[ids == segment.id] = 0
            covered += 1
    return covered


def unlabelled(size_hw: tuple[int, int], classes: Classes) -> Panoptic:
    """A map of an image on which there is no object: all background, or void where the classes know none."""
    if classes[0].is_thing:
        return Panoptic(np.zeros(size_hw, np.int32), (), classes)
    return Panoptic(np.ones(size_hw, np.int32), (Segment(1, 0),), classes)
