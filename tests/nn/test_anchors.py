import runpy
from pathlib import Path

import numpy as np
import torch

from maskwright.nn.anchors import anchors, shapes

GOLDEN = Path(__file__).parents[1] / "golden"
SAMPLE = runpy.run_path(str(GOLDEN / "fill.py"))["sample"]


def test_shapes_by_hand():
    """Half as high as wide, square, and twice as high, each of about 32x32 pixels."""
    assert shapes(32).tolist() == [[-23, -11, 23, 11], [-16, -16, 16, 16], [-11, -23, 11, 23]]


def test_each_pixel_has_each_shape_in_turn():
    (level,) = anchors([(2, 2)], [8], [4], aspect_ratios=[1, 4])
    first, second = [-2, -2, 2, 2], [-1, -4, 1, 4]
    offsets = [[0, 0], [8, 0], [0, 8], [8, 8]]
    expected = [[b + s for b, s in zip(box, [x, y, x, y], strict=True)] for x, y in offsets for box in (first, second)]
    assert level.tolist() == expected


def test_they_are_torchvisions():
    strides = (4, 8, 16, 32, 64)
    levels = anchors([(128 // stride, 192 // stride) for stride in strides], strides, (32, 64, 128, 256, 512))
    with np.load(GOLDEN / "detection-parts.npz") as kept:
        assert np.array_equal(SAMPLE(torch.cat(levels).numpy()), kept["anchors"])
