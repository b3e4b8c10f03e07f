"""The part of an image around an object, small enough for a click to be answered at once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8
from PIL import Image
from scipy import ndimage

from maskwright.masks.region import Region

Box = tuple[int, int, int, int]

SMOOTH_PX = 1.0  # sigma; single noisy pixels are no edges


@dataclass(frozen=True, eq=False)
class Patch:
    """A box of the image at a working resolution, with what was said about the object in its pixels.

    clicks_xy: the clicks inside the box, as pixels of the patch. previous: the mask that is to be improved.
    """

    box_xyxy: Box
    picture: UInt8[np.ndarray, "h w 3"]
    clicks_xy: Int64[np.ndarray, "n 2"]
    positive: Bool[np.ndarray, " n"]
    previous: Bool[np.ndarray, "h w"] | None = None
    drawn_box: Box | None = None

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.picture.shape[0], self.picture.shape[1]

    @cached_property
    def smooth(self) -> Float32[np.ndarray, "h w 3"]:
        """The picture without its noise, 0 to 1."""
        sigma = (SMOOTH_PX, SMOOTH_PX, 0)
        return np.asarray(ndimage.gaussian_filter(self.picture.astype(np.float32) / 255, sigma, mode="nearest"))

    @cached_property
    def edges(self) -> Float32[np.ndarray, "h w"]:
        """How steep the picture is, over all channels; the steepest twentieth is 1 or above."""
        steep = np.zeros(self.size_hw, np.float32)
        for axis in (0, 1):
            if self.size_hw[axis] > 1:
                steep += (np.gradient(self.smooth, axis=axis) ** 2).sum(axis=2)
        steep = np.sqrt(steep)
        most = float(np.percentile(steep, 95))
        return steep / most if most > 0 else steep

    @cached_property
    def points(self) -> tuple[Bool[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
        """The pixels under positive and under negative clicks; where both fell, the last one holds."""
        kinds = np.zeros(self.size_hw, np.int8)
        kinds[self.clicks_xy[:, 1], self.clicks_xy[:, 0]] = np.where(self.positive, 1, -1)
        return kinds == 1, kinds == -1

    def region(self, mask: Bool[np.ndarray, "h w"]) -> Region:
        """A mask of the patch in the image's own pixels."""
        x0, y0, x1, y1 = self.box_xyxy
        if mask.shape != (y1 - y0, x1 - x0):
            soft = Image.fromarray(mask.astype(np.float32))
            mask = np.asarray(soft.resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR)) > 0.5
        return Region((x0, y0, x1, y1), mask).tight()


def cut(
    picture: UInt8[np.ndarray, "H W 3"],
    box_xyxy: Box,
    most: int,
    *,
    clicks_xy: Int64[np.ndarray, "n 2"],
    positive: Bool[np.ndarray, " n"],
    previous: Bool[np.ndarray, "H W"] | None = None,
    drawn_box: Box | None = None,
) -> Patch:
    """The patch of a box inside the image, made smaller where its longer side is above `most` pixels."""
    x0, y0, x1, y1 = box_xyxy
    scale = min(most / max(x1 - x0, y1 - y0), 1.0)
    width, height = max(round((x1 - x0) * scale), 1), max(round((y1 - y0) * scale), 1)
    part = picture[y0:y1, x0:x1]
    shrink: Callable[[np.ndarray], np.ndarray] = lambda array: array  # noqa: E731
    if scale < 1:

        def shrink(array: np.ndarray) -> np.ndarray:
            return np.asarray(Image.fromarray(array).resize((width, height), Image.Resampling.BOX))

    ratio = np.array([width / (x1 - x0), height / (y1 - y0)])
    inside = ((clicks_xy >= (x0, y0)) & (clicks_xy < (x1, y1))).all(axis=1)
    points = np.floor((clicks_xy[inside] - (x0, y0) + 0.5) * ratio).astype(np.int64)
    drawn = None
    if drawn_box is not None:
        corners = np.clip(np.array(drawn_box, float).reshape(2, 2) - (x0, y0), 0, (x1 - x0, y1 - y0)) * ratio
        drawn = (int(corners[0, 0]), int(corners[0, 1]), int(np.ceil(corners[1, 0])), int(np.ceil(corners[1, 1])))
    earlier = None if previous is None else shrink(previous[y0:y1, x0:x1].astype(np.float32)) > 0.5
    return Patch(box_xyxy, shrink(part), points, positive[inside], earlier, drawn)


def around(box_xyxy: Box, side: float, size_hw: tuple[int, int]) -> Box:
    """A square of at least this side around the middle of a box, moved into the image and cut where it is larger than that."""
    x0, y0, x1, y1 = box_xyxy
    whole = round(max(side, x1 - x0, y1 - y0, 1))
    left, top = (x0 + x1 - whole) // 2, (y0 + y1 - whole) // 2
    left, top = (min(max(start, 0), max(length - whole, 0)) for start, length in ((left, size_hw[1]), (top, size_hw[0])))
    return left, top, min(left + whole, size_hw[1]), min(top + whole, size_hw[0])
