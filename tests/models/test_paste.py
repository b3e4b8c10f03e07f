import runpy
from pathlib import Path

import numpy as np
import pytest

from maskwright.models.paste import paste, pasted_probabilities

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = runpy.run_path(str(GOLDEN / "detection_cases.py"))


def whole(mask: np.ndarray, box: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    image = np.zeros(size_hw, np.float32)
    (left, top), values = pasted_probabilities(mask, box, size_hw)
    image[top : top + values.shape[0], left : left + values.shape[1]] = values
    return image


def test_the_numbers_are_torchvisions():
    masks, boxes, size_hw = CASES["pasted"]()
    pasted = np.stack([whole(mask, box, size_hw) for mask, box in zip(masks, boxes, strict=True)])
    with np.load(GOLDEN / "detection-parts.npz") as kept:
        np.testing.assert_allclose(pasted[:, ::2, ::2], kept["pasted"], rtol=0, atol=1e-5)


def test_a_full_mask_fills_its_box():
    region = paste(np.ones((28, 28), np.float32), np.array([10, 20, 40, 50], np.float32), (64, 64))
    assert region.pixels.all()
    assert np.abs(np.subtract(region.box_xyxy, (10, 20, 40, 50))).max() <= 1


def test_half_a_mask_fills_half_its_box():
    mask = np.zeros((28, 28), np.float32)
    mask[:, 14:] = 1
    x0, y0, x1, y1 = paste(mask, np.array([0, 0, 40, 40], np.float32), (64, 64)).box_xyxy
    assert y0 == 0
    assert abs(y1 - 40) <= 1
    assert abs(x0 - 20) <= 1
    assert abs(x1 - 40) <= 1


@pytest.mark.parametrize("box", [[-40, -40, -20, -20], [70, 5, 90, 20], [5, 70, 9, 90], [3, 3, 3, 3]])
def test_outside_the_image_there_is_nothing(box):
    region = paste(np.ones((28, 28), np.float32), np.array(box, np.float32), (64, 64))
    assert region.area <= 1


def test_no_probability_makes_an_empty_region():
    region = paste(np.full((28, 28), 0.2, np.float32), np.array([5, 5, 30, 30], np.float32), (64, 64))
    assert region.box_xyxy == (0, 0, 0, 0)
    assert region.area == 0
