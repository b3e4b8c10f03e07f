"""Nuclei: where they lie, alone and in clumps, and how much stain each pixel of one holds."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from maskwright.masks.region import Region
from maskwright.synth.outlines import blob
from maskwright.synth.textures import noise

TRIES = 12  # places that are tried for a nucleus before it is given up
GRANULAR = 6  # times that the radius is coarser than its chromatin
NUCLEOLUS = 0.22  # of the radius


@dataclass(frozen=True, eq=False)
class Nucleus:
    """The pixels of a nucleus and, in their box, how dense its stain is: about 1 where it is thick, 0 outside."""

    region: Region
    density: Float64[np.ndarray, "h w"]


@dataclass(frozen=True, eq=False)
class Chromatin:
    """Textures that all nuclei of an image are cut from: clumps, and grains."""

    coarse: Float64[np.ndarray, "h w"]
    fine: Float64[np.ndarray, "h w"]

    @classmethod
    def drawn(cls, rng: np.random.Generator, size_hw: tuple[int, int], radius: float) -> "Chromatin":
        """For nuclei of about that radius."""
        return cls(noise(rng, size_hw, max(2.0, radius / 2.5)), noise(rng, size_hw, max(1.6, radius / GRANULAR)))

    def cut(self, rng: np.random.Generator, size_hw: tuple[int, int]) -> Float64[np.ndarray, "h w"]:
        """A piece from anywhere, tiled where a nucleus is larger than the texture."""
        top, left = (int(rng.integers(side)) for side in self.coarse.shape)
        rows = (np.arange(size_hw[0]) + top) % self.coarse.shape[0]
        columns = (np.arange(size_hw[1]) + left) % self.coarse.shape[1]
        here = np.ix_(rows, columns)
        return self.coarse[here] * 0.7 + self.fine[here] * 0.7


def nucleus(
    rng: np.random.Generator,
    center_xy: tuple[float, float],
    radii: tuple[float, float],
    angle: float,
    chromatin: Chromatin,
    *,
    roughness: float,
    texture: float,
    flatness: float,
    rim: float = 0.0,
) -> Nucleus:
    """A nucleus with chromatin, nucleoli and, by `rim`, a darker membrane. flatness: from 0, a ball, to 1, a disc."""
    box, depth = blob(rng, center_xy, radii, angle, roughness)
    inside = depth > 0
    shallow = np.clip(1 - depth, 0, 1)
    ball = np.sqrt(np.maximum(1 - shallow * shallow, 0))
    density = flatness + (1 - flatness) * ball
    density = density * np.maximum(1 + texture * chromatin.cut(rng, depth.shape), 0.15)
    size = min(radii)
    if size > 6:
        x, y = np.arange(box[0], box[2])[None] - center_xy[0], np.arange(box[1], box[3])[:, None] - center_xy[1]
        for _ in range(int(rng.integers(0, 4))):
            (u, v), reach = rng.uniform(-0.5, 0.5, 2) * size, size * NUCLEOLUS * rng.uniform(0.6, 1.3)
            density = density * (1 - 0.9 * texture * np.exp(-(((x - u) ** 2 + (y - v) ** 2) / (reach * reach))))
    if rim > 0:
        density = density + rim * np.exp(-((depth * size / 1.5) ** 2))
    return Nucleus(Region(box, inside), np.where(inside, density, 0.0))


def places(
    rng: np.random.Generator,
    size_hw: tuple[int, int],
    radii: Float64[np.ndarray, " n"],
    *,
    clump_share: float,
    overlap_share: float,
) -> Float64[np.ndarray, "n 3"]:
    """Centres (x, y) and radii of as many of these nuclei as find a place, some at the side of one that is there.

    overlap_share: how far neighbours in a clump may reach into each other, in parts of their radii together.
    """
    height, width = size_hw
    placed = np.zeros((len(radii), 3))
    count = 0
    for radius in radii.tolist():
        draws = rng.random((TRIES, 4))
        for one, two, three, four in draws.tolist():
            if count and one < clump_share:
                beside = placed[int(four * count)]
                turn = 2 * np.pi * two
                apart = (beside[2] + radius) * (1.04 - overlap_share * three)
                x, y = beside[0] + apart * np.cos(turn), beside[1] + apart * np.sin(turn)
            else:
                x, y = (two * (width + radius) - radius / 2), (three * (height + radius) - radius / 2)
            if not (-radius / 2 < x < width + radius / 2 and -radius / 2 < y < height + radius / 2):
                continue
            near = placed[:count]
            apart_2 = (near[:, 0] - x) ** 2 + (near[:, 1] - y) ** 2
            if np.all(apart_2 >= ((near[:, 2] + radius) * (1 - overlap_share)) ** 2):
                placed[count] = x, y, radius
                count += 1
                break
    return np.rint(placed[:count] * 2**16) / 2**16
