"""A part of an image as an encoder of Segment Anything saw it, and the way between its pixels and the image's."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Num
from PIL import Image

from maskwright.assist.sam_networks import LOW, SIDE
from maskwright.masks.region import Region

Box = tuple[int, int, int, int]

SURE = 8.0  # logit that a mask of before is handed on with
NOTHING = Region((0, 0, 0, 0), np.zeros((0, 0), bool))


@dataclass(frozen=True, eq=False)
class View:
    """A part of the image as the encoder saw it."""

    box_xyxy: Box
    embedding: Float32[np.ndarray, "256 64 64"]

    @property
    def scale(self) -> float:
        """Pixels of the encoder's square for one of the image."""
        x0, y0, x1, y1 = self.box_xyxy
        return SIDE / max(x1 - x0, y1 - y0)

    def to_square(self, points_xy: Num[np.ndarray, "n 2"]) -> Float32[np.ndarray, "n 2"]:
        """Places on the image as the decoder counts them, which adds half a pixel of the square itself."""
        return np.asarray((points_xy - np.array(self.box_xyxy[:2])) * self.scale - 0.5, np.float32)

    def to_logits(self, mask: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, "256 256"]:
        """A mask of the image as the decoder would have drawn it."""
        x0, y0, x1, y1 = self.box_xyxy
        width, height = (max(round(length * self.scale * LOW / SIDE), 1) for length in (x1 - x0, y1 - y0))
        part = Image.fromarray(mask[y0:y1, x0:x1].astype(np.float32))
        square = np.full((LOW, LOW), -SURE, np.float32)
        square[:height, :width] = (np.asarray(part.resize((width, height), Image.Resampling.BILINEAR)) * 2 - 1) * SURE
        return square

    def region(self, logits: Float32[np.ndarray, "256 256"]) -> Region:
        """What the decoder drew, in the pixels of the image; only where it drew something is made larger."""
        x0, y0, x1, y1 = self.box_xyxy
        x_min, y_min, x_max, y_max = Region.of_mask(logits > 0).box_xyxy
        inside = (max(x_min - 1, 0), max(y_min - 1, 0), min(x_max + 1, LOW), min(y_max + 1, LOW)) if x_max else (0, 0, 0, 0)
        if inside == (0, 0, 0, 0):
            return NOTHING
        step = SIDE / LOW / self.scale  # pixels of the image for one of the drawing
        left, top = (int(start * step) for start in inside[:2])
        right, bottom = min(int(np.ceil(inside[2] * step)), x1 - x0), min(int(np.ceil(inside[3] * step)), y1 - y0)
        if left >= right or top >= bottom:
            return NOTHING
        box = (left / step, top / step, min(right / step, LOW), min(bottom / step, LOW))
        size = (right - left, bottom - top)
        pixels = np.asarray(Image.fromarray(logits).resize(size, Image.Resampling.BILINEAR, box=box)) > 0
        return Region((x0 + left, y0 + top, x0 + right, y0 + bottom), pixels).tight()
