"""Random changes of image and mask alike: drawn first as plain numbers, then applied in one warp."""

import math
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Float32, Int64
from scipy import ndimage
from torch.nn import functional as F

from maskwright.base.errors import PlanError


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How strongly crops are changed; the defaults suit small sets of images that have no up and down, as in microscopy.

    `flip_x`, `flip_y`, `transpose`, `warp` (turn and scale), `elastic` and `intensity` are probabilities; the last counts for
    each of brightness and colour, contrast, gamma, blur and noise on its own. Elastic deformation follows the U-Net paper
    (arXiv:1505.04597, section 3.1): normally distributed displacements of `elastic_px` on a coarse grid, bicubic in between.
    Intensities are those of normalised images, which reach from about -1 to 1.
    """

    flip_x: float = 0.5
    flip_y: float = 0.5
    transpose: float = 0.5
    warp: float = 0.6
    rotate_degrees: float = 45.0
    scale: tuple[float, float] = (0.75, 1.33)
    elastic: float = 0.4
    elastic_px: float = 10.0
    elastic_spacing_px: float = 128.0  # 3 by 3 nodes on a crop of 256 pixels
    intensity: float = 0.25
    brightness: float = 0.2  # standard deviation of what is added
    color: float = 0.1  # the same, for each channel on its own; no change of images with one channel
    contrast: tuple[float, float] = (0.7, 1.4)
    gamma: tuple[float, float] = (0.7, 1.5)
    blur_px: float = 1.2  # largest sigma
    noise: float = 0.15  # largest standard deviation

    def __post_init__(self) -> None:
        for name in ("flip_x", "flip_y", "transpose", "warp", "elastic", "intensity"):
            if not 0 <= getattr(self, name) <= 1:
                raise PlanError(f"augmentation.{name} is {getattr(self, name)}; a probability lies between 0 and 1.")
        for name in ("scale", "contrast", "gamma"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise PlanError(f"augmentation.{name} is {low} to {high}; it must rise and be above 0, as in (0.8, 1.25).")
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, tuple) and not (math.isfinite(value) and value >= 0):
                raise PlanError(f"augmentation.{field.name} is {value}; it must be a number of 0 or more.")
        if self.elastic_spacing_px < 2:
            raise PlanError(f"augmentation.elastic_spacing_px is {self.elastic_spacing_px}; it must be 2 pixels or more.")

    @classmethod
    def off(cls) -> "Augmentation":
        """No change at all."""
        return cls(flip_x=0, flip_y=0, transpose=0, warp=0, elastic=0, intensity=0)

    def draw(self, rng: np.random.Generator, crop_hw: tuple[int, int], channels: int) -> "Change":
        """The change of one crop. Every number is drawn, used or not, so that one probability moves no other number."""
        chance = rng.random(10)
        angle = math.radians(rng.uniform(-self.rotate_degrees, self.rotate_degrees))
        zoom, contrast, gamma = (_log_uniform(rng, *bounds) for bounds in (self.scale, self.contrast, self.gamma))
        offset = rng.normal(0, self.brightness) + rng.normal(0, self.color, channels) * (channels > 1)
        blur, noise = rng.uniform(0, self.blur_px), rng.uniform(0, self.noise)
        seed = int(rng.integers(2**63))
        nodes_hw = tuple(math.ceil(side / self.elastic_spacing_px) + 3 for side in crop_hw)
        nodes = rng.normal(0, self.elastic_px, (2, *nodes_hw)).astype(np.float32)
        warped, transpose = bool(chance[3] < self.warp), bool(chance[2] < self.transpose)
        if transpose:
            nodes = nodes.swapaxes(1, 2)  # the warp comes before the transposition, on a cut that lies the other way
        lit = (chance[5:] < self.intensity).tolist()
        return Change(
            flip_x=bool(chance[0] < self.flip_x),
            flip_y=bool(chance[1] < self.flip_y),
            transpose=transpose,
            angle=angle if warped else 0.0,
            zoom=zoom if warped else 1.0,
            nodes=nodes if chance[4] < self.elastic and self.elastic_px > 0 else None,
            spacing_px=self.elastic_spacing_px,
            offset=tuple(offset.tolist()) if lit[0] else (),
            contrast=contrast if lit[1] else 1.0,
            gamma=gamma if lit[2] else 1.0,
            blur_px=blur if lit[3] else 0.0,
            noise=noise if lit[4] else 0.0,
            noise_seed=seed,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Change:
    """What happens to one crop. The default changes nothing."""

    flip_x: bool = False
    flip_y: bool = False
    transpose: bool = False
    angle: float = 0.0
    zoom: float = 1.0
    nodes: Float32[np.ndarray, "2 gh gw"] | None = None
    spacing_px: float = 128.0
    offset: tuple[float, ...] = ()
    contrast: float = 1.0
    gamma: float = 1.0
    blur_px: float = 0.0
    noise: float = 0.0
    noise_seed: int = 0

    @property
    def warps(self) -> bool:
        """Whether pixels are resampled; flips and the transposition only move them."""
        return self.angle != 0 or self.zoom != 1 or self.nodes is not None

    def source_yx(self, crop_hw: tuple[int, int]) -> Float32[np.ndarray, "2 h w"]:
        """Where each pixel of the crop is read, relative to the crop's centre: deformed, then turned and scaled."""
        y, x = (np.arange(side, dtype=np.float32) - (side - 1) / 2 for side in crop_hw)
        places = np.stack(np.broadcast_arrays(y[:, None], x[None, :]))
        if self.nodes is not None:
            rows = _cubic_weights(y, self.nodes.shape[1], self.spacing_px)
            columns = _cubic_weights(x, self.nodes.shape[2], self.spacing_px)
            places = places + rows @ self.nodes @ columns.T
        cosine, sine = math.cos(self.angle) / self.zoom, math.sin(self.angle) / self.zoom
        turn = np.array([[cosine, sine], [-sine, cosine]], np.float32)
        turned: Float32[np.ndarray, "2 h w"] = np.einsum("ij,jhw->ihw", turn, places)
        return turned

    def move(
        self, image: Float32[np.ndarray, "c h w"], target: Int64[np.ndarray, "*layers h w"]
    ) -> tuple[Float32[np.ndarray, "c h1 w1"], Int64[np.ndarray, "*layers h1 w1"]]:
        """Flips and the transposition: exact, of image and target alike."""
        flipped = tuple(axis for axis, flip in ((-2, self.flip_y), (-1, self.flip_x)) if flip)
        image, target = np.flip(image, flipped), np.flip(target, flipped)
        return (image.swapaxes(-2, -1), target.swapaxes(-2, -1)) if self.transpose else (image, target)

    def shade(self, image: Float32[np.ndarray, "c h w"]) -> Float32[np.ndarray, "c h w"]:
        """Intensities: blur, contrast and brightness, gamma, noise. In NumPy, whose results depend on no number of threads."""
        if self.blur_px > 0:
            image = ndimage.gaussian_filter(image, self.blur_px, mode="nearest", truncate=3, axes=(1, 2))
        if self.contrast != 1:
            mean = image.mean()
            image = (image - mean) * np.float32(self.contrast) + mean
        if self.offset:
            image = image + np.array(self.offset, np.float32)[:, None, None]
        if self.gamma != 1:
            low = image.min()
            span = max(image.max() - low, np.float32(1e-6))
            image = ((image - low) / span) ** np.float32(self.gamma) * span + low
        if self.noise > 0:
            grain = np.random.default_rng(self.noise_seed).standard_normal(image.shape, np.float32)
            image = image + grain * np.float32(self.noise)
        return image


def mirrored(places: Int64[np.ndarray, " n"], size: int) -> Int64[np.ndarray, " n"] | slice:
    """An index that mirrors consecutive places beyond an image's rim back into it, the rim itself not repeated.

    Places that all lie inside give a slice, which copies nothing.
    """
    if places[0] >= 0 and places[-1] < size:
        return slice(int(places[0]), int(places[-1]) + 1)
    period = max(2 * size - 2, 1)
    places = np.abs(places) % period
    return np.asarray(np.minimum(places, period - places))


def resample(
    image: Float32[np.ndarray, "c ph pw"], target: Int64[np.ndarray, "*layers ph pw"], source_yx: Float32[np.ndarray, "2 h w"]
) -> tuple[Float32[np.ndarray, "c h w"], Int64[np.ndarray, "*layers h w"]]:
    """A patch read at the given places, which lie inside it: the image bilinearly, the target at the nearest pixel."""
    height, width = target.shape[-2:]
    to_grid = np.array([2 / max(width - 1, 1), 2 / max(height - 1, 1)], np.float32)  # -1 and 1 are the outermost pixels
    grid = torch.from_numpy(np.stack((source_yx[1], source_yx[0]), axis=-1) * to_grid - 1)
    patch = torch.from_numpy(image)
    warped = F.grid_sample(patch[None], grid[None], mode="bilinear", padding_mode="border", align_corners=True)[0].numpy()
    nearest_y, nearest_x = np.rint(source_yx).astype(np.int64)
    return warped, target[..., nearest_y, nearest_x]


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _cubic_weights(places: Float32[np.ndarray, " n"], nodes: int, spacing: float) -> Float32[np.ndarray, "n nodes"]:
    """Weights of bicubic interpolation (Keys, a = -0.75 as in torch) between nodes that lie centred around 0."""
    away = np.abs(places[:, None] / spacing + (nodes - 1) / 2 - np.arange(nodes))
    near = (1.25 * away - 2.25) * away**2 + 1
    far = -0.75 * (((away - 5) * away + 8) * away - 4)
    return np.asarray(np.where(away <= 1, near, np.where(away < 2, far, 0)), np.float32)
