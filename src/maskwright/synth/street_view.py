"""Where a camera in a street sees what stands in it: metres to pixels and back."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float64

from maskwright.synth.textures import rounded

NEAREST = 1.2  # metres before the camera


@dataclass(frozen=True, eq=False)
class View:
    """A camera that looks along a street: x to the right, y up from the ground, z ahead, in metres.

    focal: pixels. vanishing_xy: where the street ends on the image. height: of the camera.
    """

    size_hw: tuple[int, int]
    focal: float
    vanishing_xy: tuple[float, float]
    height: float

    def seen(self, points: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 2"]:
        """Where points (x, y, z) are on the image, as x and y."""
        z = np.maximum(points[:, 2], NEAREST)
        x = self.vanishing_xy[0] + self.focal * points[:, 0] / z
        y = self.vanishing_xy[1] + self.focal * (self.height - points[:, 1]) / z
        return np.stack([x, y], axis=1)

    @cached_property
    def right(self) -> Float64[np.ndarray, "1 w"]:
        """How far each column looks to the right, at a distance of 1."""
        return (np.arange(self.size_hw[1])[None] + 0.5 - self.vanishing_xy[0]) / self.focal

    @cached_property
    def down(self) -> Float64[np.ndarray, "h 1"]:
        """How far each row looks down, at a distance of 1."""
        return (np.arange(self.size_hw[0])[:, None] + 0.5 - self.vanishing_xy[1]) / self.focal

    @cached_property
    def ground_z(self) -> Float64[np.ndarray, "h 1"]:
        """How far away the ground is that each row sees; very far from the horizon up."""
        return rounded(self.height / np.maximum(self.down, self.height / 1e4))
