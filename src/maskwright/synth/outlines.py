"""Forms as pixels: rough ellipses that are deep in the middle, polygons, strokes."""

from itertools import pairwise
from math import ceil, floor

import numpy as np
from jaxtyping import Bool, Float64

from maskwright.masks.region import Region

Points = Float64[np.ndarray, "n 2"]  # x and y of each corner

HARMONICS = 4  # of an outline's roughness: bulges from 2 to 5 around it


def blob(
    rng: np.random.Generator, center_xy: tuple[float, float], radii: tuple[float, float], angle: float, roughness: float
) -> tuple[tuple[int, int, int, int], Float64[np.ndarray, "h w"]]:
    """The box of a rough ellipse and, in it, how deep each pixel lies: 1 in the middle, 0 on the outline, below 0 outside.

    radii: along the ellipse's own axes, of which the first is turned by `angle` (radians) from x. roughness: how far the
    outline strays, in parts of the radius.
    """
    strength = rng.normal(0, roughness, HARMONICS) / np.arange(1, HARMONICS + 1) ** 1.3
    turn = rng.uniform(0, 2 * np.pi, HARMONICS)
    reach = max(radii) * (1 + float(np.abs(strength).sum())) + 1
    x0, y0, x1, y1 = _box(center_xy[0] - reach, center_xy[1] - reach, center_xy[0] + reach, center_xy[1] + reach)
    across, down = np.arange(x0, x1)[None] - center_xy[0], np.arange(y0, y1)[:, None] - center_xy[1]
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = (across * cos + down * sin) / radii[0], (down * cos - across * sin) / radii[1]
    away = np.sqrt(u * u + v * v)
    safe = np.maximum(away, 1e-6)
    one = (u + 1j * v) / safe
    around, power = np.ones(u.shape), one
    for k in range(HARMONICS):
        power = power * one
        around = around + strength[k] * (power.real * np.cos(turn[k]) - power.imag * np.sin(turn[k]))
    return (x0, y0, x1, y1), np.rint((1 - away / np.maximum(around, 0.2)) * 2**20) / 2**20


def polygon(points: Points) -> Region:
    """The pixels whose middles lie inside, by the even-odd rule."""
    points = np.rint(points * 256) / 256
    corners = points.tolist()
    x0, y0, x1, y1 = _box(*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
    x, y = np.arange(x0, x1)[None] + 0.5, np.arange(y0, y1)[:, None] + 0.5
    inside = np.zeros((y1 - y0, x1 - x0), bool)
    for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
        low, high = (ay, by) if ay < by else (by, ay)
        rows = slice(ceil(low - 0.5) - y0, ceil(high - 0.5) - y0)  # whose middles lie from low to below high
        if rows.start < rows.stop:
            inside[rows] ^= x < ax + (y[rows] - ay) * ((bx - ax) / (by - ay))
    return Region((x0, y0, x1, y1), inside)


def ellipse(center_xy: tuple[float, float], radii: tuple[float, float]) -> Region:
    """The pixels whose middles lie in an upright ellipse, radii across and down."""
    (x, y), (rx, ry) = center_xy, radii
    x0, y0, x1, y1 = _box(x - rx, y - ry, x + rx, y + ry)
    across, down = (np.arange(x0, x1)[None] + 0.5 - x) / rx, (np.arange(y0, y1)[:, None] + 0.5 - y) / ry
    return Region((x0, y0, x1, y1), np.rint((across**2 + down**2) * 2**20) <= 2**20)


def stroke(points: Points, width: float) -> Region:
    """The pixels no farther than half a width from a line through the points, and at least those that it runs through."""
    reach = max(width / 2, 0.5)
    low, high = points.min(axis=0) - reach - 1, points.max(axis=0) + reach + 1
    x0, y0, x1, y1 = _box(*low, *high)
    x, y = np.arange(x0, x1)[None] + 0.5, np.arange(y0, y1)[:, None] + 0.5
    near: Bool[np.ndarray, "h w"] = np.zeros((y1 - y0, x1 - x0), bool)
    for (ax, ay), (bx, by) in pairwise(points.tolist()):
        left, top = max(floor(min(ax, bx) - reach - 1), x0), max(floor(min(ay, by) - reach - 1), y0)
        part = slice(top - y0, ceil(max(ay, by) + reach + 1) - y0), slice(left - x0, ceil(max(ax, bx) + reach + 1) - x0)
        px, py = x[:, part[1]] - ax, y[part[0]] - ay
        dx, dy = bx - ax, by - ay
        along = np.clip((px * dx + py * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
        away = (px - along * dx) ** 2 + (py - along * dy) ** 2
        near[part] |= np.rint(away * 2**20) <= reach * reach * 2**20
    return Region((x0, y0, x1, y1), near)


def _box(left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
    """The smallest box of whole pixels around bounds."""
    return floor(left), floor(top), max(ceil(right), floor(left) + 1), max(ceil(bottom), floor(top) + 1)
