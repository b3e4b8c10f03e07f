"""From light to pixels: blur, noise of photons and electronics, stain, eight bits."""

import numpy as np
from jaxtyping import Float64, UInt8
from scipy import ndimage

from maskwright.synth.textures import rounded

COUNTED = 60.0  # photons at full light, up to which they are counted one by one; of more, the normal distribution tells


def blurred(light: Float64[np.ndarray, "h w *c"], sigma: float) -> Float64[np.ndarray, "h w *c"]:
    """The light as a lens out of focus spreads it."""
    if sigma < 0.2:
        return light
    by = (sigma, sigma) if light.ndim == 2 else (sigma, sigma, 0)
    return rounded(ndimage.gaussian_filter(light, by, truncate=3.0, mode="nearest"))


def hazed(light: Float64[np.ndarray, "h w"], sigma: float) -> Float64[np.ndarray, "h w"]:
    """The light spread very widely: of a quarter of the rows and columns, which nobody sees."""
    height, width = light.shape
    coarse = ndimage.gaussian_filter(light[::4, ::4], sigma / 4, truncate=2.5, mode="nearest")
    smooth = ndimage.zoom(coarse, (height / coarse.shape[0], width / coarse.shape[1]), order=1)
    return rounded(smooth)


def exposed(
    light: Float64[np.ndarray, "h w c"], rng: np.random.Generator, *, photons: float, read_noise: float
) -> UInt8[np.ndarray, "h w c"]:
    """Eight bits of light from 0 to 1: photons arrive by chance, and reading them adds noise of that standard deviation.

    photons: at full light; 0 is light that arrives evenly.
    """
    light = rounded(np.maximum(light, 0))
    if 0 < photons <= COUNTED:
        caught = rng.poisson(light * photons) / photons + read_noise * rng.standard_normal(light.shape)
    else:
        variance = read_noise * read_noise + (light / photons if photons > 0 else 0)
        caught = light + np.sqrt(variance) * rng.standard_normal(light.shape)
    pixels: UInt8[np.ndarray, "h w c"] = np.clip(np.rint(rounded(caught) * 255), 0, 255).astype(np.uint8)
    return pixels


def stained(
    dyes: tuple[Float64[np.ndarray, "h w"], ...],
    colors: tuple[tuple[float, float, float], ...],
    white: tuple[float, float, float],
) -> Float64[np.ndarray, "h w 3"]:
    """White light through dyes, by the law of Beer and Lambert: each takes of red, green and blue what its colour says."""
    tints = np.array(colors)
    density = np.stack(dyes, axis=-1) @ tints
    return rounded(np.array(white) * np.exp(-np.maximum(density, 0)))
